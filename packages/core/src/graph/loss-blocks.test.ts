// A loss in blocks is the same loss, and no two blocks of scores are held at once.

import { describe, expect, it } from 'vitest';
import {
  add,
  blocksInTurn,
  crossEntropySum,
  type Graph,
  gradient,
  lossInBlocks,
  matmul,
  recompute,
  simplify,
  sizeOf,
  sum,
  type Tensor,
  tensor,
  type Value,
} from '../index.ts';
import { onnxruntimeNode } from '../runtimes/onnxruntime.node.ts';
import type { OpNode } from '../tensor.ts';
import { topological } from './topological.ts';

const [batch, time, width, classes] = [2, 64, 8, 70_000]; // 34 MiB of scores: three blocks

interface Head {
  readonly bias?: boolean;
  /** Reads the scores besides the loss. */
  readonly alsoReads?: boolean;
}

/** Loss and gradients of a head: `hidden` and `weight`, tied to the embedding of the inputs or not. */
function headOf({ bias = false, alsoReads = false }: Head, transform: (loss: Tensor) => Tensor): Graph {
  const hidden = tensor('h.hidden', 'float32', [batch, time, width]);
  const weight = tensor('h.weight', 'float32', [classes, width]);
  const offset = tensor('h.bias', 'float32', [classes]);
  const labels = tensor('labels', 'int32', [batch, time]);
  const product = matmul(hidden, weight, { transposeB: true });
  const scores = bias ? add(product, offset) : product;
  const own = crossEntropySum(scores, labels).sum;
  const loss = transform(alsoReads ? add(own, sum(scores)) : own);
  const of = [hidden, weight, ...(bias ? [offset] : [])];
  const gradients = gradient(loss, of);
  return {
    inputs: [...of, labels],
    outputs: { loss, ...Object.fromEntries(gradients.map((g, i) => [`d${i}`, g])) },
  };
}

const feedsOf = (graph: Graph): Record<string, Value> =>
  Object.fromEntries(
    graph.inputs.map((t, n) => {
      const shape = t.shape as readonly number[];
      const data =
        t.dtype === 'int32'
          ? Int32Array.from({ length: sizeOf(shape) }, (_, i) => (i % 5 === 3 ? -100 : (i * 7919) % classes))
          : Float32Array.from({ length: sizeOf(shape) }, (_, i) => 0.2 * Math.sin(i * 1.7 + n));
      return [t.node.kind === 'input' ? t.node.name : '', { dtype: t.dtype, shape, data } as Value];
    }),
  );

const blocksIn = (graph: Graph): OpNode<'crossEntropy'>[] =>
  topological(Object.values(graph.outputs)).flatMap((node) =>
    node.kind === 'op' && node.op === 'crossEntropy' ? [node as OpNode<'crossEntropy'>] : [],
  );

async function run(graph: Graph): Promise<Record<string, Value>> {
  const runtime = await onnxruntimeNode({ threads: 1 });
  const program = await runtime.compile(simplify(graph), { purpose: 'training' });
  return program.run(feedsOf(graph));
}

function expectClose(actual: Record<string, Value>, expected: Record<string, Value>): void {
  for (const [name, { data }] of Object.entries(expected)) {
    const largest = (data as Float32Array).reduce((m, x) => Math.max(m, Math.abs(x)), 0);
    const off = (data as Float32Array).reduce((m, x, i) => Math.max(m, Math.abs(x - Number(actual[name]!.data[i]))), 0);
    expect(off / largest, name).toBeLessThan(1e-6);
  }
}

describe.each([{}, { bias: true }])('a head %o', (head) => {
  const whole = headOf(head, (loss) => loss);
  const inBlocks = blocksInTurn(headOf(head, lossInBlocks));

  it('gives the same loss and gradients in blocks', async () => {
    expect(blocksIn(inBlocks)).toHaveLength(3);
    expectClose(await run(inBlocks), await run(whole));
  });

  it('begins a block when the one before it has left its gradients', () => {
    const blocks = blocksIn(inBlocks).map((node) => ({ node, before: new Set(topological([node.inputs[0]])) }));
    const earlier = blocks.map(({ before }) => blocks.filter((other) => before.has(other.node)).length);
    expect(earlier.toSorted()).toEqual([0, 1, 2]);
    for (const { before } of blocks) {
      const probabilities = [...before].filter((n) => n.kind === 'op' && n.op === 'scatterElements');
      const ahead = blocks.filter((other) => before.has(other.node));
      expect(probabilities).toHaveLength(ahead.length);
    }
  });

  it('stands beside recomputation', async () => {
    expectClose(await run(recompute(simplify(inBlocks), 'loss', 'blocks')), await run(whole));
  });
});

it('leaves scores alone that something else reads', () => {
  expect(blocksIn(headOf({ alsoReads: true }, lossInBlocks))).toHaveLength(1);
});

it('leaves graphs without blocks as they are', () => {
  const whole = headOf({}, (loss) => loss);
  expect(blocksInTurn(whole)).toBe(whole);
});
