// How long a graph will take on this machine, without compiling it: its products of matrices are timed shape by shape, the rest by its numbers.

import {
  add,
  type Graph,
  graphCost,
  matmul,
  type OpNode,
  type Runtime,
  reshape,
  sizeOf,
  slice,
  type Tensor,
  tensor,
  throwIfAborted,
  topological,
  type Value,
} from '@yumo/core';

/** Products of one shape. */
interface Shape {
  readonly node: OpNode<'matmul'>;
  /** Of one such product. */
  readonly flops: number;
  count: number;
}

const numbersOf = (t: Tensor): readonly number[] => t.shape as readonly number[]; // graphs of a training have no named sizes

/** The products of a graph, those that take most first. */
function productsIn(graph: Graph): Shape[] {
  const shapes = new Map<string, Shape>();
  for (const node of topological(Object.values(graph.outputs))) {
    if (node.kind !== 'op' || node.op !== 'matmul') continue;
    const key = JSON.stringify([node.inputs.map((x) => x.shape), node.attrs]);
    const known = shapes.get(key);
    if (known) known.count++;
    else {
      const inner = numbersOf(node.inputs[0]).at(node.attrs.transposeA ? -2 : -1)!;
      shapes.set(key, { node, flops: 2 * sizeOf(node.results[0]!.shape as readonly number[]) * inner, count: 1 });
    }
  }
  return [...shapes.values()].sort((a, b) => b.count * b.flops - a.count * a.flops);
}

const firstOf = (t: Tensor): Tensor => slice(reshape(t, [sizeOf(numbersOf(t))]), 0, 0, 1);
const filled = (shape: readonly number[]): Value => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(sizeOf(shape)).fill(0.5),
});

/** The least of a few runs, after one that does not count. */
async function secondsOf(runtime: Runtime, inputs: readonly Tensor[], result: Tensor): Promise<number> {
  const program = await runtime.compile({ inputs, outputs: { y: firstOf(result) } }, { purpose: 'training' });
  try {
    const feeds = Object.fromEntries(inputs.map((t, i) => [`x${i}`, filled(numbersOf(t))]));
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 4; i++) {
      const began = performance.now();
      await program.run(feeds);
      if (i > 0) least = Math.min(least, (performance.now() - began) / 1000);
    }
    return least;
  } finally {
    await program.dispose();
  }
}

/** Numbers that the memory is timed with: more than caches hold. */
const streamed = 1 << 22;

/**
 * Seconds of one run of a graph.
 * @param budget seconds that the measurement may take, roughly: shapes that are left then go by the speed of the others.
 */
export async function estimateSeconds(
  runtime: Runtime,
  graph: Graph,
  { budget = 6, signal }: { readonly budget?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<number> {
  const began = performance.now();
  let seconds = 0;
  let flops = 0;
  const shapes = productsIn(graph);
  for (const { node, flops: each, count } of shapes) {
    throwIfAborted(signal, 'estimate');
    if (flops > 0 && (performance.now() - began) / 1000 > budget) break;
    const [a, b] = node.inputs.map((x, i) => tensor(`x${i}`, 'float32', x.shape)) as [Tensor, Tensor];
    seconds += count * (await secondsOf(runtime, [a, b], matmul(a, b, node.attrs)));
    flops += count * each;
  }
  const all = graphCost(graph, {});
  if (flops > 0) seconds *= all.matmul / flops;
  const [x, y] = [tensor('x0', 'float32', [streamed]), tensor('x1', 'float32', [streamed])];
  return seconds + (all.other / streamed) * (await secondsOf(runtime, [x, y], add(x, y)));
}
