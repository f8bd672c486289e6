// Recomputation changes what is held, and no number.

import { describe, expect, it } from 'vitest';
import {
  add,
  architectureFor,
  counterDropout,
  crossEntropySum,
  div,
  type Graph,
  gradient,
  graphCost,
  integer,
  parameterScope,
  peakBytes,
  type Recompute,
  recompute,
  referenceRuntime,
  simplify,
  sizeOf,
  slice,
  tensor,
  type Value,
} from '../index.ts';
import { onnxruntimeNode } from '../runtimes/onnxruntime.node.ts';

const sizes = {
  gpt2: { model_type: 'gpt2', vocab_size: 50, n_embd: 16, n_layer: 8, n_head: 2, n_positions: 64 },
  llama: {
    ...{ model_type: 'llama', vocab_size: 50, hidden_size: 16, intermediate_size: 64, num_hidden_layers: 8 },
    ...{ num_attention_heads: 2, max_position_embeddings: 64, attention_dropout: 0.1 },
  },
} as const;

/** Loss and gradients with dropout, the batch in so many parts. */
function stepOf(model: keyof typeof sizes, parts: number): Graph {
  const architecture = architectureFor(sizes[model]);
  const scope = parameterScope();
  const counter = tensor('counter', 'int32', []);
  const [ids, labels] = [tensor('ids', 'int32', [4, 64]), tensor('labels', 'int32', [4, 64])];
  const losses = Array.from({ length: parts }, (_, part) => {
    const rows = (t: typeof ids) => slice(t, 0, (4 * part) / parts, (4 * (part + 1)) / parts);
    const drawn = counterDropout(integer(7), counter);
    const { logits } = architecture.causalLm(
      scope,
      { inputIds: rows(ids), dropout: (x, rate, place) => drawn(x, rate, `${place}#${part}`) },
      architecture.readConfig(sizes[model]),
    );
    return crossEntropySum(logits, rows(labels));
  });
  const loss = div(losses.map((l) => l.sum).reduce(add), losses.map((l) => l.count).reduce(add));
  const gradients = gradient(
    loss,
    scope.parameters.map((p) => p.tensor),
  );
  return simplify({
    inputs: [...scope.parameters.map((p) => p.tensor), ids, labels, counter],
    outputs: { ...Object.fromEntries(scope.parameters.map((p, i) => [`d ${p.name}`, gradients[i]!])), loss },
  });
}

const feedsOf = (graph: Graph): Record<string, Value> =>
  Object.fromEntries(
    graph.inputs.map((t, n) => {
      const name = t.node.kind === 'input' ? t.node.name : '';
      const shape = t.shape as readonly number[];
      const size = sizeOf(shape);
      const data =
        t.dtype === 'int32'
          ? Int32Array.from({ length: size }, (_, i) => (i * 17 + n) % 50)
          : Float32Array.from(
              { length: size },
              (_, i) => 0.2 * Math.sin(i * 1.7 + n) + (/norm|ln_/.test(name) ? 1 : 0),
            );
      return [name, { dtype: t.dtype, shape, data } as Value];
    }),
  );

describe.each([
  ['gpt2', 1],
  ['gpt2', 2],
  ['llama', 1],
] as const)('%s in %i parts', (model, parts) => {
  const plain = stepOf(model, parts);
  const peak = (graph: Graph): number => peakBytes(graph, {});

  it.each(['activations', 'blocks'] as const)('recomputing %s gives the same bits with less memory', async (what) => {
    const again = recompute(plain, 'loss', what);
    const runtime = await onnxruntimeNode({ threads: 1 });
    const programs = await Promise.all([plain, again].map((g) => runtime.compile(g, { purpose: 'training' })));
    const [expected, actual] = await Promise.all(programs.map((p) => p.run(feedsOf(plain))));
    for (const [name, { data }] of Object.entries(expected!)) expect(actual![name]!.data, name).toEqual(data);
    const share: Record<Recompute, number> = { activations: 0.8, blocks: 0.65 };
    expect(peak(again) / peak(plain)).toBeLessThan(share[what]);
    // Forward once more at most, of three passes; products with parameters are not repeated for activations.
    const cost = graphCost(again, {}).matmul / graphCost(plain, {}).matmul;
    expect(cost).toBeGreaterThan(1);
    expect(cost).toBeLessThan(what === 'blocks' ? 1.34 : 1.15);
  });
});

it('the interpreter agrees: what waits for the gradient is the same number', async () => {
  const plain = stepOf('gpt2', 1);
  const again = recompute(plain, 'loss', 'blocks');
  const [a, b] = await Promise.all(
    [plain, again].map(async (g) => (await referenceRuntime.compile(g)).run(feedsOf(plain), { outputs: ['loss'] })),
  );
  expect(b!.loss!.data).toEqual(a!.loss!.data);
});
