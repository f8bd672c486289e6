// A decoder as other programs read it and as we run it: named sizes, key/value cache.

import { type Parameter, parameterScope } from '../nn/scope.ts';
import { slice } from '../ops/build.ts';
import { dim } from '../ops/compose.ts';
import { type Graph, type Tensor, tensor } from '../tensor.ts';
import type { CausalLmArchitecture, DecoderInputs, DecoderOutputs } from './architecture.ts';

export interface DecoderGraph {
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
}

/**
 * As it is exported, under the input and output names of transformers.js and Optimum.
 *
 * Inputs: input_ids `[batch, sequence]`, attention_mask `[batch, past + sequence]`, position_ids `[batch, sequence]`,
 * past_key_values.N.key and .value `[batch, heads, past, size]`; then the parameters by name.
 * Outputs: logits, present.N.key and .value; and new_key_values.N.key and .value, the same of the positions just read,
 * `[batch, heads, sequence, size]`: whoever keeps the cache need not take all of it at each step.
 */
export function decoderGraph<C>(architecture: CausalLmArchitecture<C>, config: C): DecoderGraph {
  const attentionMask = tensor('attention_mask', 'int32', ['batch', 'past+sequence']);
  return build(architecture, config, { attentionMask }, ({ logits, present }) => ({
    logits,
    ...Object.fromEntries(
      present.flatMap(({ key, value }, i) => [
        [`present.${i}.key`, key],
        [`present.${i}.value`, value],
      ]),
    ),
  }));
}

/**
 * As we run it. Who sees whom is fed, so that rows with a common beginning can share one row of the cache (generate/tree-rows.ts), and nothing is
 * computed for it; whole caches are not given back.
 *
 * Inputs as {@link decoderGraph}'s, but for attention_bias float32 `[batch, 1, sequence, past + sequence]`, which is added to all scores, in place of
 * attention_mask (layers with a window keep that: they count positions); and read_positions int32 `[read]`: logits are of these only,
 * `[batch, read, vocabulary]`.
 * @param states also last_hidden_state `[batch, sequence, hidden]`, which contrastive search compares.
 */
export function decodingGraph<C>(
  architecture: CausalLmArchitecture<C>,
  config: C,
  { states = false } = {},
): DecoderGraph {
  const attentionMask =
    architecture.cache(config).window === undefined
      ? tensor('attention_bias', 'float32', ['batch', 1, 'sequence', 'past+sequence'])
      : tensor('attention_mask', 'int32', ['batch', 'past+sequence']);
  const readPositions = tensor('read_positions', 'int32', ['read']);
  return build(architecture, config, { attentionMask, readPositions }, ({ logits, hiddenStates }) => ({
    logits,
    ...(states ? { last_hidden_state: hiddenStates.at(-1)! } : {}),
  }));
}

function build<C>(
  architecture: CausalLmArchitecture<C>,
  config: C,
  given: Pick<DecoderInputs, 'attentionMask' | 'readPositions'>,
  outputsOf: (out: DecoderOutputs) => Record<string, Tensor>,
): DecoderGraph {
  const scope = parameterScope();
  const { layers, keyValueHeads, headSize } = architecture.cache(config);
  const inputIds = tensor('input_ids', 'int32', ['batch', 'sequence']);
  const positionIds = tensor('position_ids', 'int32', ['batch', 'sequence']);
  const cached = (name: string): Tensor => tensor(name, 'float32', ['batch', keyValueHeads, 'past', headSize]);
  const past = Array.from({ length: layers }, (_, i) => ({
    key: cached(`past_key_values.${i}.key`),
    value: cached(`past_key_values.${i}.value`),
  }));
  const out = architecture.causalLm(scope, { inputIds, positionIds, past, ...given }, config);
  const outputs = outputsOf(out);
  out.present.forEach(({ key, value }, i) => {
    outputs[`new_key_values.${i}.key`] = lastOf(key, past[i]!.key);
    outputs[`new_key_values.${i}.value`] = lastOf(value, past[i]!.value);
  });
  const inputs = [
    inputIds,
    ...(given.attentionMask ? [given.attentionMask] : []),
    positionIds,
    ...(given.readPositions ? [given.readPositions] : []),
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
