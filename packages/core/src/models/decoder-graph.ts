// A decoder as it runs and is exported: named sizes, key/value cache, the input and output names of transformers.js and Optimum.

import { type Parameter, parameterScope } from '../nn/scope.ts';
import { slice } from '../ops/build.ts';
import { dim } from '../ops/compose.ts';
import { type Graph, type Tensor, tensor } from '../tensor.ts';
import type { CausalLmArchitecture } from './architecture.ts';

export interface DecoderGraph {
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
}

/**
 * Inputs: input_ids `[batch, sequence]`, attention_mask `[batch, past + sequence]`, position_ids `[batch, sequence]`,
 * past_key_values.N.key and .value `[batch, heads, past, size]`; then the parameters by name.
 * Outputs: logits, present.N.key and .value; and new_key_values.N.key and .value, the same of the positions just read,
 * `[batch, heads, sequence, size]`: whoever keeps the cache need not take all of it at each step.
 * @param logits `last`: only the last position's, `[batch, 1, vocabulary]`: a third of the work of a prompt with a large vocabulary.
 * @param present whether to give back whole caches as well; other programs take no others.
 * @param states also last_hidden_state `[batch, sequence, hidden]`, which contrastive search compares.
 */
export function decoderGraph<C>(
  architecture: CausalLmArchitecture<C>,
  config: C,
  { logits = 'all' as 'all' | 'last', states = false, present = true } = {},
): DecoderGraph {
  const scope = parameterScope();
  const { layers, keyValueHeads, headSize } = architecture.cache(config);
  const inputIds = tensor('input_ids', 'int32', ['batch', 'sequence']);
  const attentionMask = tensor('attention_mask', 'int32', ['batch', 'past+sequence']);
  const positionIds = tensor('position_ids', 'int32', ['batch', 'sequence']);
  const cached = (name: string): Tensor => tensor(name, 'float32', ['batch', keyValueHeads, 'past', headSize]);
  const past = Array.from({ length: layers }, (_, i) => ({
    key: cached(`past_key_values.${i}.key`),
    value: cached(`past_key_values.${i}.value`),
  }));
  const out = architecture.causalLm(scope, { inputIds, attentionMask, positionIds, past, logits }, config);
  const outputs: Record<string, Tensor> = { logits: out.logits };
  if (states) outputs.last_hidden_state = out.hiddenStates.at(-1)!;
  if (present)
    out.present.forEach(({ key, value }, i) => {
      outputs[`present.${i}.key`] = key;
      outputs[`present.${i}.value`] = value;
    });
  out.present.forEach(({ key, value }, i) => {
    outputs[`new_key_values.${i}.key`] = lastOf(key, past[i]!.key);
    outputs[`new_key_values.${i}.value`] = lastOf(value, past[i]!.value);
  });
  const inputs = [
    inputIds,
    attentionMask,
    positionIds,
    ...past.flatMap(({ key, value }) => [key, value]),
    ...scope.parameters.map((p) => p.tensor),
  ];
  return { graph: { inputs, outputs }, parameters: scope.parameters };
}

/** What was joined to the past. */
export function lastOf(present: Tensor, past: Tensor): Tensor {
  const { node } = present;
  if (node.kind === 'op' && node.op === 'concat' && node.inputs.length === 2 && node.inputs[0] === past)
    return node.inputs[1]!;
  return slice(present, 2, dim(past, 2), dim(present, 2));
}
