// The reference interpreter: runs a graph in double precision, one table row a node. Slow and obvious.

import { type Dim, evaluateDim } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { type At, type Evaluate, evaluate, type Numbers } from '../ops/evaluate.ts';
import type { OpName } from '../ops/signatures.ts';
import { type Node, type OpNode, show, type Tensor } from '../tensor.ts';
import { toFloat64, type Value } from '../value.ts';
import { topological } from './topological.ts';

/** Binds the names in an input's shape to the sizes of what was fed. @throws YumoError `FEED` naming the input and both shapes. */
export function bindSizes(
  name: string,
  shape: readonly Dim[],
  actual: readonly number[],
  sizes: Map<string, number>,
): void {
  const mismatch = (why: string): never => {
    throw new YumoError('FEED', `input "${name}": expected ${show(shape)}, got ${show(actual)} (${why})`, {
      name,
      expected: shape,
      actual,
    });
  };
  if (shape.length !== actual.length) mismatch(`${shape.length} axes against ${actual.length}`);
  shape.forEach((d, i) => {
    const expected =
      typeof d === 'string' && /^[A-Za-z_]\w*$/.test(d) && !sizes.has(d) ? undefined : evaluateDim(d, sizes);
    if (expected === undefined && typeof d === 'string' && /^[A-Za-z_]\w*$/.test(d)) sizes.set(d, actual[i]!);
    else if (expected !== undefined && expected !== actual[i])
      mismatch(`axis ${i}: ${typeof d === 'string' ? `${d} is ` : ''}${expected} against ${actual[i]}`);
  });
}

/**
 * Evaluates tensors.
 * @param feeds the numbers of every input that they need, by name.
 * @throws YumoError `FEED`
 */
export function evaluateTensors(of: readonly Tensor[], feeds: Readonly<Record<string, Value>>): Numbers[] {
  const order = topological(of);
  const sizes = new Map<string, number>();
  const forms = new Map(of.concat(order.flatMap((n) => (n.kind === 'op' ? n.inputs : []))).map((t) => [t.node, t]));
  const results = new Map<Node, readonly Numbers[]>();
  for (const node of order) {
    if (node.kind !== 'input') continue;
    const fed = feeds[node.name];
    if (!fed)
      throw new YumoError(
        'FEED',
        `input "${node.name}" ${show(forms.get(node)!.shape)} was not fed; fed: ${Object.keys(feeds).join(', ') || 'nothing'}`,
        { name: node.name },
      );
    bindSizes(node.name, forms.get(node)!.shape, fed.shape, sizes);
    results.set(node, [{ shape: fed.shape, data: toFloat64(fed) }]);
  }
  const size = (d: Dim): number => {
    const n = evaluateDim(d, sizes);
    if (n === undefined)
      throw new YumoError('GRAPH', `the size ${d} has no value: no input carries its names`, { dim: d });
    return n;
  };
  for (const node of order) {
    if (node.kind === 'constant') results.set(node, [{ shape: node.value.shape, data: toFloat64(node.value) }]);
    else if (node.kind === 'op')
      results.set(
        node,
        step(
          node,
          node.inputs.map((t) => results.get(t.node)![t.result]!),
          size,
        ),
      );
  }
  return of.map((t) => results.get(t.node)![t.result]!);
}

/** Calls one row of the table. */
function step<K extends OpName>(node: OpNode<K>, x: readonly Numbers[], size: (d: Dim) => number): readonly Numbers[] {
  const row = evaluate[node.op] as Evaluate<K>;
  // `x` has one entry per input of K, which the map lost.
  return row({
    x,
    attrs: node.attrs,
    size,
    dtype: (node.inputs as readonly Tensor[])[0]?.dtype ?? 'int32',
  } as unknown as At<K>);
}
