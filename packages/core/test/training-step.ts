// A whole training step as one graph: GPT-2 with dropout and padding, cross-entropy, gradients, clipping, AdamW. What every runtime must agree on.

import { uniformAt } from '../src/generate/sampling.ts';
import { gradient } from '../src/graph/gradient.ts';
import { architectureFor } from '../src/models/index.ts';
import { counterDropout } from '../src/nn/dropout.ts';
import { parameterScope } from '../src/nn/scope.ts';
import { add, div, minimum, mul, sqrt, sub, sum } from '../src/ops/build.ts';
import { nextTokenLoss, square } from '../src/ops/compose.ts';
import { type Graph, inputName, scalar, type Tensor, tensor } from '../src/tensor.ts';
import { sizeOf, type Value } from '../src/value.ts';

export interface StepGraph {
  readonly graph: Graph;
  /** Fresh arrays at every call: parameters in ±0.2, moments at zero, ids and a padded row. */
  feeds(step: number): Record<string, Value>;
  /** Output name of the new value of each parameter and moment → input name of the old one. */
  readonly updated: Readonly<Record<string, string>>;
}

const [batch, sequence, vocabulary] = [3, 7, 19];

/** @param dropout its rate; 0 for backends that cannot count in 32 bits. */
export function stepGraph(dropout: number): StepGraph {
  const architecture = architectureFor({ model_type: 'gpt2' });
  const config = architecture.readConfig({
    n_layer: 2,
    n_head: 2,
    n_embd: 12,
    n_positions: 8,
    vocab_size: vocabulary,
    embd_pdrop: dropout,
    attn_pdrop: dropout,
    resid_pdrop: dropout,
  });
  const scope = parameterScope();
  const inputIds = tensor('input_ids', 'int32', [batch, sequence]);
  const labels = tensor('labels', 'int32', [batch, sequence]);
  const attentionMask = tensor('attention_mask', 'int32', [batch, sequence]);
  const seed = tensor('seed', 'int32', []);
  const step = tensor('step', 'int32', []);
  const { logits } = architecture.causalLm(
    scope,
    { inputIds, attentionMask, ...(dropout > 0 ? { dropout: counterDropout(seed, step) } : {}) },
    config,
  );
  const loss = nextTokenLoss(logits, labels);
  const parameters = scope.parameters.map((p) => p.tensor);
  const gradients = gradient(loss, parameters);
  const norm = sqrt(gradients.map((g) => sum(square(g))).reduce((a, b) => add(a, b)));
  const clip = minimum(div(scalar(0.5), norm), scalar(1));
  const rate = tensor('learning_rate', 'float32', []);

  const outputs: Record<string, Tensor> = { loss, norm };
  const updated: Record<string, string> = {};
  const moments: Tensor[] = [];
  parameters.forEach((p, i) => {
    const name = inputName(p);
    const g = mul(gradients[i]!, clip);
    const [m, v] = [tensor(`m.${name}`, 'float32', p.shape), tensor(`v.${name}`, 'float32', p.shape)];
    const m1 = add(mul(m, 0.9), mul(g, 0.1));
    const v1 = add(mul(v, 0.95), mul(square(g), 0.05));
    // Loshchilov & Hutter 2019, algorithm 2, without bias correction: it is one number a step and changes no operation.
    const moved = sub(mul(p, 0.999), mul(rate, div(m1, add(sqrt(v1), 1e-4))));
    for (const [old, fresh] of [
      [p, moved],
      [m, m1],
      [v, v1],
    ] as const) {
      outputs[`new.${inputName(old)}`] = fresh;
      updated[`new.${inputName(old)}`] = inputName(old);
    }
    moments.push(m, v);
  });

  const random = dropout > 0 ? [seed, step] : [];
  return {
    graph: { inputs: [inputIds, labels, attentionMask, ...random, rate, ...parameters, ...moments], outputs },
    updated,
    feeds(at) {
      const ids = (f: (i: number) => number): Value => ({
        dtype: 'int32',
        shape: [batch, sequence],
        data: Int32Array.from({ length: batch * sequence }, (_, i) => f(i)),
      });
      const number = (n: number): Value => ({ dtype: 'int32', shape: [], data: Int32Array.of(n) });
      const draw = (place: number, i: number): number => Math.floor(uniformAt(5, place, i) * vocabulary);
      const floats = (t: Tensor, place: number, spread: number): Value => {
        const shape = t.shape.map(Number);
        const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => (uniformAt(7, place, i) - 0.5) * spread);
        return { dtype: 'float32', shape, data };
      };
      return {
        input_ids: ids((i) => draw(at, i)),
        // The last row is padded on the right: no label, no attention.
        labels: ids((i) => (i >= batch * sequence - 3 ? -100 : draw(at, i))),
        attention_mask: ids((i) => +(i < batch * sequence - 3)),
        ...(dropout > 0 ? { seed: number(1337), step: number(at) } : {}),
        learning_rate: { dtype: 'float32', shape: [], data: Float32Array.of(0.01) },
        ...Object.fromEntries(parameters.map((p, i) => [inputName(p), floats(p, i, 0.4)])),
        ...Object.fromEntries(moments.map((m) => [inputName(m), floats(m, 0, 0)])),
      };
    },
  };
}
