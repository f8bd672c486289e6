// The cost of graphs, against counts done by the formulas of the papers.
import { describe, expect, test } from 'vitest';
import { architectureFor, decoderGraph, graphCost, matmul, relu, tensor } from '../index.ts';

describe('graphCost', () => {
  test('a product of matrices costs 2 m n k, also when it is read transposed or batched', () => {
    const a = tensor('a', 'float32', ['batch', 3, 5]);
    const b = tensor('b', 'float32', [7, 5]);
    const y = relu(matmul(a, b, { transposeB: true }));
    expect(graphCost({ inputs: [a, b], outputs: { y } }, { batch: 4 })).toEqual({
      matmul: 2 * 4 * 3 * 7 * 5,
      other: 4 * 3 * 7,
    });
    const c = tensor('c', 'float32', [5, 3]);
    const z = matmul(c, b, { transposeA: true, transposeB: true });
    expect(graphCost({ inputs: [c, b], outputs: { z } }, {}).matmul).toBe(2 * 3 * 7 * 5);
  });

  test('a decoder costs 2 N + 4 · layers · context · width a token (Kaplan et al. 2020, §2.1, with both attention products over all keys)', () => {
    const [layers, width, context, vocabulary] = [3, 32, 16, 50];
    const architecture = architectureFor({ model_type: 'gpt2' });
    const config = architecture.readConfig({
      n_layer: layers,
      n_embd: width,
      n_head: 4,
      n_positions: context,
      vocab_size: vocabulary,
    });
    const { graph } = decoderGraph(architecture, config);
    const { matmul: counted } = graphCost(graph, { batch: 1, sequence: context, past: 0 });
    const weightsInProducts = layers * 12 * width * width + vocabulary * width;
    expect(counted / context).toBe(2 * weightsInProducts + 4 * layers * context * width);
  });

  test('a named size without a value is an error that names it', () => {
    const a = tensor('a', 'float32', ['batch', 'time']);
    expect(() => graphCost({ inputs: [a], outputs: { y: relu(a) } }, { batch: 1 })).toThrow(
      /the size time has no value/,
    );
  });
});
