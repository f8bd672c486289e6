// What a model family tells the rest of yumo about itself.

import type { Dropout } from '../nn/dropout.ts';
import type { Scope } from '../nn/scope.ts';
import type { Tensor } from '../tensor.ts';

/** Keys and values of one layer, `[batch, keyValueHeads, past, size]`. */
export interface KeyValue {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** What a decoder-only model reads. */
export interface DecoderInputs {
  /** int32 `[batch, sequence]`. */
  readonly inputIds: Tensor;
  /** int32 `[batch, past + sequence]`; without it every position is real. */
  readonly attentionMask?: Tensor | undefined;
  /** int32 `[batch, sequence]`; past, past + 1, … by default. */
  readonly positionIds?: Tensor | undefined;
  /** One entry a layer. */
  readonly past?: readonly KeyValue[] | undefined;
  readonly dropout?: Dropout | undefined;
  /** `last`: logits of the last position only, `[batch, 1, vocabulary]`. */
  readonly logits?: 'all' | 'last' | undefined;
}

export interface DecoderOutputs {
  /** `[batch, sequence, vocabulary]`. */
  readonly logits: Tensor;
  /** One entry a layer, `[batch, keyValueHeads, past + sequence, size]`. */
  readonly present: readonly KeyValue[];
  /** The embeddings' output, then each layer's; the last one after the final normalisation. `[batch, sequence, hidden]`. */
  readonly hiddenStates: readonly Tensor[];
  /** Probabilities of each layer, `[batch, heads, sequence, past + sequence]`. */
  readonly attentions: readonly Tensor[];
}

/** Sizes of the key/value cache. */
export interface CacheSizes {
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/** A family of decoder-only language models: config.json → graph. */
export interface CausalLmArchitecture<C = unknown> {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** The entry of config.json's `architectures` for a bundle that is saved. */
  readonly className: string;
  /** Checks the fields and fills in the defaults. @throws YumoError `CONFIG` naming the field. */
  readConfig(json: Readonly<Record<string, unknown>>): C;
  causalLm(s: Scope, inputs: DecoderInputs, config: C): DecoderOutputs;
  cache(config: C): CacheSizes;
  /** Largest number of positions. */
  contextLength(config: C): number;
  vocabularySize(config: C): number;
  /** Foreign parameter names → ours, tried in order; where each was seen stands beside it. */
  readonly olderNames: readonly (readonly [RegExp, string])[];
  /** Entries of checkpoints that are no parameters (stored masks). */
  readonly ignoredNames: readonly RegExp[];
}
