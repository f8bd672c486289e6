// What running a graph costs: floating-point operations and memory, counted from the shapes.

import { type Dim, evaluateDim } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { type Graph, type Node, show, type Tensor } from '../tensor.ts';
import { bytesPerElement } from '../value.ts';
import { topological } from './topological.ts';

export interface GraphCost {
  /** 2 · m · n · k for each product of matrices. */
  readonly matmul: number;
  /** One for each number that any other operation computes; operations that only move numbers are free. */
  readonly other: number;
}

/** Operations that copy or rename, and compute nothing. */
const moves: ReadonlySet<string> = new Set([
  ...['reshape', 'transpose', 'expand', 'slice', 'pad', 'concat', 'gather', 'gatherElements', 'cast', 'detach', 'iota'],
]);

/** Turns sizes into numbers. */
function evaluator(sizes: Readonly<Record<string, number>>, who: string): (d: Dim) => number {
  const known = new Map(Object.entries(sizes));
  return (d) => {
    const n = evaluateDim(d, known);
    if (n === undefined)
      throw new YumoError('GRAPH', `${who}: the size ${d} has no value; given: ${[...known.keys()].join(', ')}`, {
        dim: d,
      });
    return n;
  };
}

/**
 * Counts the floating-point operations of one run.
 * @param sizes the named sizes of the graph: `{ batch: 1, sequence: 128, past: 0 }`.
 * @throws YumoError `GRAPH` when a size has no value.
 */
export function graphCost(graph: Graph, sizes: Readonly<Record<string, number>>): GraphCost {
  const number = evaluator(sizes, 'graphCost');
  const elements = (shape: Tensor['shape']): number => shape.reduce<number>((n, d) => n * number(d), 1);
  let matmul = 0;
  let other = 0;
  for (const node of topological(Object.values(graph.outputs))) {
    if (node.kind !== 'op' || moves.has(node.op)) continue;
    const result = node.results[0]!; // every operation has one
    if (node.op === 'matmul') {
      const a = node.inputs[0].shape;
      const inner = a.at(node.attrs.transposeA ? -2 : -1);
      if (inner === undefined) throw new Error(`internal: matmul of ${show(a)}`);
      matmul += 2 * elements(result.shape) * number(inner);
    } else if (node.op === 'lstm') {
      // The hidden weights at every step; five activations, and as many sums and products, for each number of a state.
      matmul += 2 * elements(node.inputs[0].shape) * number(node.inputs[1].shape[1]!); // infer has seen two axes
      other += 10 * elements(result.shape);
    } else other += Math.max(elements(result.shape), ...node.inputs.map((x) => elements(x.shape)));
  }
  return { matmul, other };
}

/** Results that are another name for the same numbers. */
const aliases: ReadonlySet<string> = new Set(['reshape', 'detach']);

/**
 * The most memory that intermediate results take at once, in bytes, when nodes run in topological order and each is freed after its last
 * reader. Inputs and outputs belong to the caller and are not counted; what an engine keeps beside them is not known here.
 * @throws YumoError `GRAPH` when a size has no value.
 */
export function peakBytes(graph: Graph, sizes: Readonly<Record<string, number>>): number {
  const order = topological(Object.values(graph.outputs));
  const number = evaluator(sizes, 'peakBytes');
  const holder = new Map<Node, Node>();
  const lastReader = new Map<Node, number>();
  order.forEach((node, i) => {
    const [first] = node.kind === 'op' ? node.inputs : [];
    holder.set(node, node.kind === 'op' && first && aliases.has(node.op) ? holder.get(first.node)! : node);
    if (node.kind === 'op') for (const x of node.inputs) lastReader.set(holder.get(x.node)!, i);
  });
  const outputs = new Set(Object.values(graph.outputs).map((t) => holder.get(t.node)));
  const ends = new Map<number, Node[]>();
  for (const [node, i] of lastReader) ends.set(i, [...(ends.get(i) ?? []), node]);
  const size = (node: Node): number =>
    node.kind !== 'op' || holder.get(node) !== node || outputs.has(node)
      ? 0
      : node.results.reduce(
          (n, r) => n + bytesPerElement(r.dtype) * r.shape.reduce<number>((m, d) => m * number(d), 1),
          0,
        );
  let held = 0;
  let peak = 0;
  order.forEach((node, i) => {
    held += size(node);
    peak = Math.max(peak, held);
    for (const freed of ends.get(i) ?? []) held -= size(freed);
  });
  return peak;
}
