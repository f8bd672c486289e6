// The cost of graphs, against counts done by the formulas of the papers.
import { describe, expect, test } from 'vitest';
import { add, architectureFor, decoderGraph, graphCost, matmul, peakBytes, relu, reshape, tensor } from '../index.ts';

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

describe('peakBytes', () => {
  test('a chain holds two results at a time; what is read later stays; aliases and outputs take nothing', () => {
    const x = tensor('x', 'float32', ['n', 4]);
    const a = relu(x); // 16 n bytes
    const b = relu(a);
    const c = relu(b);
    expect(peakBytes({ inputs: [x], outputs: { y: relu(c) } }, { n: 10 })).toBe(2 * 160);
    // a is read again at the end: it stays beside two of the chain.
    expect(peakBytes({ inputs: [x], outputs: { y: add(relu(c), a) } }, { n: 10 })).toBe(3 * 160);
    const flat = reshape(reshape(a, [4, 'n']), ['n', 4]);
    expect(peakBytes({ inputs: [x], outputs: { y: relu(flat) } }, { n: 10 })).toBe(160);
    expect(peakBytes({ inputs: [x], outputs: { a } }, { n: 10 })).toBe(0);
  });
});
