// What running a graph costs: floating-point operations, counted from the shapes.

import { type Dim, evaluateDim } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { type Graph, show, type Tensor } from '../tensor.ts';
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

/**
 * Counts the floating-point operations of one run.
 * @param sizes the named sizes of the graph: `{ batch: 1, sequence: 128, past: 0 }`.
 * @throws YumoError `GRAPH` when a size has no value.
 */
export function graphCost(graph: Graph, sizes: Readonly<Record<string, number>>): GraphCost {
  const known = new Map(Object.entries(sizes));
  const number = (d: Dim): number => {
    const n = evaluateDim(d, known);
    if (n === undefined)
      throw new YumoError('GRAPH', `graphCost: the size ${d} has no value; given: ${[...known.keys()].join(', ')}`, {
        dim: d,
      });
    return n;
  };
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
    } else other += Math.max(elements(result.shape), ...node.inputs.map((x) => elements(x.shape)));
  }
  return { matmul, other };
}
