// What a model family tells the rest of yumo about itself.

import type { Dim } from '../dimension.ts';
import type { Dropout } from '../nn/dropout.ts';
import type { Scope } from '../nn/scope.ts';
import type { Tensor } from '../tensor.ts';

/** Tensors under the names that Hugging Face gives them: input_ids, attention_mask, logits, hidden_states.0, loss … */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Type and shape of an input by name; sizes may be named. */
export type InputForms = Readonly<
  Record<string, { readonly dtype: 'int32' | 'float32'; readonly shape: readonly Dim[] }>
>;

export interface HeadOptions {
  readonly dropout?: Dropout | undefined;
  /** Of the contrastive loss of sentence embeddings; 0.05 by default. */
  readonly temperature?: number | undefined;
}

/** A model with what stands on top of it: one class name of config.json's `architectures`. */
export interface Head<C> {
  /** What it reads. The first one is needed, the others have defaults (all positions real, one segment …) unless a head says otherwise. */
  inputs(config: C): InputForms;
  /** What the loss reads besides. */
  labels(config: C): InputForms;
  /**
   * Outputs under their names; `loss` (`[]`) is among them when the labels are among the inputs.
   * @throws YumoError `FEED` naming an input that is missing.
   */
  build(s: Scope, inputs: NamedTensors, config: C, options?: HeadOptions): NamedTensors;
}

/** A family of models: config.json → graph. */
export interface Architecture<C = unknown> {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** Checks the fields and fills in the defaults. @throws YumoError `CONFIG` naming the field. */
  readConfig(json: Readonly<Record<string, unknown>>): C;
  /** Largest number of positions; undefined where any number does. */
  contextLength(config: C): number | undefined;
  vocabularySize(config: C): number;
  /** By the entry of config.json's `architectures`; the first one is meant by a config without that field. */
  readonly heads: Readonly<Record<string, Head<C>>>;
  /** Foreign parameter names → ours, tried in order; where each was seen stands beside it. */
  readonly olderNames: readonly (readonly [RegExp, string])[];
  /** Entries of checkpoints that are no parameters of the model (stored masks), and of heads that are saved along with others. */
  readonly ignoredNames: readonly RegExp[];
}

/** Keys and values of one layer, `[batch, keyValueHeads, past, size]`. */
export interface KeyValue {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** What a decoder-only model reads. */
export interface DecoderInputs {
  /** int32 `[batch, sequence]`. */
  readonly inputIds: Tensor;
  /**
   * int32 `[batch, past + sequence]`; without it every position is real. Or float32 `[batch, 1, sequence, past + sequence]`: what is added to the
   * scores as it is, so that whoever runs the model says which position sees which; not for layers with a window.
   */
  readonly attentionMask?: Tensor | undefined;
  /** int32 `[batch, sequence]`; past, past + 1, … by default. */
  readonly positionIds?: Tensor | undefined;
  /** One entry a layer. */
  readonly past?: readonly KeyValue[] | undefined;
  readonly dropout?: Dropout | undefined;
  /** int32 `[read]`: logits of these positions only, `[batch, read, vocabulary]`. */
  readonly readPositions?: Tensor | undefined;
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
  /** Positions that a query sees, where that is fewer than all, or where their number changes what it sees: a slot of the cache is then a position. */
  readonly window?: number | undefined;
}

/** A family of decoder-only language models. */
export interface CausalLmArchitecture<C = unknown> extends Architecture<C> {
  /** The entry of config.json's `architectures` for a bundle that is saved. */
  readonly className: string;
  causalLm(s: Scope, inputs: DecoderInputs, config: C): DecoderOutputs;
  cache(config: C): CacheSizes;
  contextLength(config: C): number;
}

/** What an encoder computes from text. */
export interface Encoded {
  /** The embeddings' output, then each layer's, `[batch, sequence, hidden]`; the last one is what heads read. */
  readonly hiddenStates: readonly Tensor[];
  /** Probabilities of each layer, `[batch, heads, sequence, sequence]`. */
  readonly attentions: readonly Tensor[];
}

/** What the decoder of an encoder-decoder model reads. */
export interface CrossDecoderInputs {
  /** int32 `[batch, target]`. */
  readonly inputIds: Tensor;
  /** int32 `[batch, past + target]`; without it every position of the target is real. */
  readonly attentionMask?: Tensor | undefined;
  /** The encoder's last hidden state, `[batch, sequence, hidden]`; not needed when `cross` is given. */
  readonly encoderHiddenStates?: Tensor | undefined;
  /** int32 `[batch, sequence]`; without it every position of the source is real. */
  readonly encoderAttentionMask?: Tensor | undefined;
  /** Keys and values of the target's positions before, one entry a layer. */
  readonly past?: readonly KeyValue[] | undefined;
  /** Keys and values of the source, one entry a layer, as an earlier step returned them. */
  readonly cross?: readonly KeyValue[] | undefined;
  readonly dropout?: Dropout | undefined;
  /** `last`: logits of the last position only, `[batch, 1, vocabulary]`. */
  readonly logits?: 'all' | 'last' | undefined;
}

export interface CrossDecoderOutputs extends DecoderOutputs {
  /** Keys and values of the source, one entry a layer, `[batch, heads, sequence, size]`: computed once a source. */
  readonly cross: readonly KeyValue[];
  /** Probabilities over the source, `[batch, heads, target, sequence]`. */
  readonly crossAttentions: readonly Tensor[];
}

/** A family of encoder-decoder language models. */
export interface Seq2SeqArchitecture<C = unknown> extends Architecture<C> {
  /** The entry of config.json's `architectures` for a bundle that is saved. */
  readonly className: string;
  encode(
    s: Scope,
    inputs: {
      readonly inputIds: Tensor;
      readonly attentionMask?: Tensor | undefined;
      readonly dropout?: Dropout | undefined;
    },
    config: C,
  ): Encoded;
  decode(s: Scope, inputs: CrossDecoderInputs, config: C): CrossDecoderOutputs;
  /** Of the decoder. */
  cache(config: C): CacheSizes;
  /** Width of the encoder's output. */
  hiddenSize(config: C): number;
  /** Id that the decoder starts with. */
  decoderStart(config: C): number;
}
