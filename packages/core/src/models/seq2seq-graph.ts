// An encoder-decoder model as it runs and is exported: the encoder once a source, the decoder once a token, caches of both attentions, the input and output names of transformers.js and Optimum.

import type { Dim } from '../dimension.ts';
import { topological } from '../graph/topological.ts';
import { type Parameter, type ParameterScope, parameterScope } from '../nn/scope.ts';
import { type Graph, type Tensor, tensor } from '../tensor.ts';
import type { KeyValue, Seq2SeqArchitecture } from './architecture.ts';
import { lastOf } from './decoder-graph.ts';

export interface Seq2SeqGraph {
  readonly graph: Graph;
  /** Those that this graph reads. */
  readonly parameters: readonly Parameter[];
}

const source = (name: string): Tensor => tensor(name, 'int32', ['batch', 'source']);

/** Keys and values of every layer under `name(layer).key` and `.value`. */
const named = (pairs: readonly KeyValue[], name: (layer: number) => string): Record<string, Tensor> =>
  Object.fromEntries(
    pairs.flatMap(({ key, value }, i) => [
      [`${name(i)}.key`, key],
      [`${name(i)}.value`, value],
    ]),
  );

/** A graph with the parameters that its outputs depend on. */
function closed(inputs: readonly Tensor[], outputs: Record<string, Tensor>, scope: ParameterScope): Seq2SeqGraph {
  const reached = new Set(topological(Object.values(outputs)));
  const parameters = scope.parameters.filter((p) => reached.has(p.tensor.node));
  return { graph: { inputs: [...inputs, ...parameters.map((p) => p.tensor)], outputs }, parameters };
}

/**
 * Inputs: input_ids and attention_mask, int32 `[batch, source]`; then the parameters by name. Output: last_hidden_state `[batch, source, hidden]`.
 * @param cross also present.N.encoder.key and .value, what the decoder's layers will read of this source: its first step then needs nothing else.
 */
export function encoderGraph<C>(
  architecture: Seq2SeqArchitecture<C>,
  config: C,
  { cross = false }: { readonly cross?: boolean } = {},
): Seq2SeqGraph {
  const scope = parameterScope();
  const [inputIds, attentionMask] = [source('input_ids'), source('attention_mask')];
  const states = architecture.encode(scope, { inputIds, attentionMask }, config).hiddenStates.at(-1)!;
  // The decoder is built to find its projections of the source; the rest of it is not reached.
  const first = tensor('decoder_input_ids', 'int32', ['batch', 1]);
  const pairs = cross ? architecture.decode(scope, { inputIds: first, encoderHiddenStates: states }, config).cross : [];
  const outputs = { last_hidden_state: states, ...named(pairs, (i) => `present.${i}.encoder`) };
  return closed([inputIds, attentionMask], outputs, scope);
}

/**
 * Inputs: input_ids int32 `[batch, target]`, encoder_attention_mask int32 `[batch, source]`, then
 * - `from: 'states'`: encoder_hidden_states `[batch, source, hidden]`; the first step.
 * - `from: 'cache'`: past_key_values.N.decoder.key and .value `[batch, heads, past, size]` (past may be 0) and past_key_values.N.encoder.key and .value
 *   `[batch, heads, source, size]`; every other step.
 *
 * Outputs: logits `[batch, target, vocabulary]`, present.N.decoder.key and .value; from states also present.N.encoder.key and .value; from a cache
 * new_key_values.N.decoder.key and .value, of the positions just read alone, `[batch, heads, target, size]`.
 * @param logits `last`: only the last position's, `[batch, 1, vocabulary]`.
 * @param present whether to give back whole caches as well; other programs take no others.
 * @param target the number of positions read at once, where it is always the same: of one position nothing needs to be masked.
 */
export function crossDecoderGraph<C>(
  architecture: Seq2SeqArchitecture<C>,
  config: C,
  {
    from,
    logits = 'all',
    present = true,
    target = 'target',
  }: {
    readonly from: 'states' | 'cache';
    readonly logits?: 'all' | 'last';
    readonly present?: boolean;
    readonly target?: Dim;
  },
): Seq2SeqGraph {
  const scope = parameterScope();
  const { layers, keyValueHeads, headSize } = architecture.cache(config);
  const inputIds = tensor('input_ids', 'int32', ['batch', target]);
  const encoderAttentionMask = source('encoder_attention_mask');
  const given = { inputIds, encoderAttentionMask, logits };
  if (from === 'states') {
    const states = tensor('encoder_hidden_states', 'float32', ['batch', 'source', architecture.hiddenSize(config)]);
    const out = architecture.decode(scope, { ...given, encoderHiddenStates: states }, config);
    const outputs = {
      logits: out.logits,
      ...named(out.present, (i) => `present.${i}.decoder`),
      ...named(out.cross, (i) => `present.${i}.encoder`),
    };
    return closed([inputIds, encoderAttentionMask, states], outputs, scope);
  }
  const cached = (side: string, length: string): KeyValue[] =>
    Array.from({ length: layers }, (_, i) => {
      const one = (part: string): Tensor =>
        tensor(`past_key_values.${i}.${side}.${part}`, 'float32', ['batch', keyValueHeads, length, headSize]);
      return { key: one('key'), value: one('value') };
    });
  const [past, cross] = [cached('decoder', 'past'), cached('encoder', 'source')];
  const out = architecture.decode(scope, { ...given, past, cross }, config);
  const added = out.present.map(({ key, value }, i) => ({
    key: lastOf(key, past[i]!.key),
    value: lastOf(value, past[i]!.value),
  }));
  const outputs = {
    logits: out.logits,
    ...(present ? named(out.present, (i) => `present.${i}.decoder`) : {}),
    ...named(added, (i) => `new_key_values.${i}.decoder`),
  };
  const caches = past.flatMap((p, i) => [p.key, p.value, cross[i]!.key, cross[i]!.value]);
  return closed([inputIds, encoderAttentionMask, ...caches], outputs, scope);
}
