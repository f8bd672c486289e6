// Smaller graphs that mean the same: rewrite rows, folding of constants, common subexpressions. Dead nodes fall away by not being reached.

import { apply, expand, matmul, mul, reshape, transpose, within } from '../ops/build.ts';
import { broadcastShapes } from '../ops/infer.ts';
import type { OpName } from '../ops/signatures.ts';
import { constant, type Graph, type Node, type OpNode, scalar, show, type Tensor } from '../tensor.ts';
import { allocate } from '../value.ts';
import { evaluateTensors } from './evaluate.ts';
import { topological } from './topological.ts';

/** Folding stops at this many numbers: larger tables are cheaper to compute than to store. */
const largestFolded = 1 << 18;

/** The number that fills a constant, if it is one float32 number everywhere. */
function filledWith(t: Tensor): number | undefined {
  if (t.node.kind !== 'constant' || t.dtype !== 'float32') return undefined;
  const data = t.node.value.data as Float32Array | Float64Array;
  const first = data[0];
  return first !== undefined && data.every((x: number) => Object.is(x, first)) ? first : undefined;
}

const sole = (t: Tensor, op: OpName): OpNode | undefined =>
  t.node.kind === 'op' && t.node.op === op ? (t.node as OpNode) : undefined;

/** t if it has the shape of the whole expression, so that the other side only broadcast into it. */
const ifShaped = (t: Tensor, like: readonly unknown[]): Tensor | undefined =>
  t.shape.join() === like.join() ? t : undefined;

/** x without an expand that broadcasting does anyway beside `other`. */
function unexpanded(x: Tensor, other: Tensor, result: Tensor['shape']): Tensor | undefined {
  const node = sole(x, 'expand') as OpNode<'expand'> | undefined;
  if (!node) return undefined;
  const inner = node.inputs[0];
  try {
    return show(broadcastShapes('expand', inner.shape, other.shape)) === show(result) ? inner : undefined;
  } catch {
    return undefined; // the two do not meet without the expand
  }
}

const isSwapOfLastTwo = (p: readonly number[]): boolean =>
  p.every((axis, i) => axis === (i < p.length - 2 ? i : i === p.length - 2 ? i + 1 : i - 1));

/** A matrix whose rows have factors: x·u with `x [n, k]` and `u [n, 1]`. */
function rowsScaled(t: Tensor): { x: Tensor; u: Tensor; width: number } | undefined {
  const node = sole(t, 'mul') as OpNode<'mul'> | undefined;
  const [n, width] = t.shape;
  if (!node || t.shape.length !== 2 || typeof width !== 'number' || width === 1) return undefined;
  const isColumn = ({ shape }: Tensor): boolean => shape.length === 2 && shape[0] === n && shape[1] === 1;
  const [a, b] = node.inputs;
  if (isColumn(b)) return { x: a, u: b, width };
  return isColumn(a) ? { x: b, u: a, width } : undefined;
}

/** A product with such a matrix: the factors are applied to the other matrix, or to the result, if that is narrower. */
function withFactorsOutside({ inputs: [a, b], attrs }: OpNode<'matmul'>): Tensor | undefined {
  if (a.shape.length !== 2 || b.shape.length !== 2) return undefined;
  const [left, right] = [rowsScaled(a), rowsScaled(b)];
  const isNarrower = (size: unknown, width: number): boolean => typeof size === 'number' && size < width;
  if (left && !attrs.transposeA)
    return isNarrower(b.shape[attrs.transposeB ? 0 : 1], left.width)
      ? mul(matmul(left.x, b, attrs), left.u)
      : undefined;
  if (!attrs.transposeA || attrs.transposeB) return undefined;
  if (left && isNarrower(b.shape[1], left.width)) return matmul(left.x, mul(b, left.u), attrs);
  if (right && isNarrower(a.shape[1], right.width)) return matmul(mul(a, right.u), right.x, attrs);
  return undefined;
}

type Row<K extends OpName> = (node: OpNode<K>) => Tensor | undefined;
const shapeOf = (node: OpNode): Tensor['shape'] => node.results[0]!.shape;

const broadcasting = (node: OpNode<'add'> | OpNode<'sub'> | OpNode<'mul'> | OpNode<'div'>): Tensor | undefined => {
  const [a, b] = node.inputs;
  const left = unexpanded(a, b, shapeOf(node));
  if (left) return apply(node.op, [left, b], {})[0];
  const right = unexpanded(b, a, shapeOf(node));
  return right && apply(node.op, [a, right], {})[0];
};

/** Pattern → result. A row returns undefined where it does not apply. */
const rewrites: { readonly [K in OpName]?: Row<K> } = {
  add: (node) => {
    const [a, b] = node.inputs;
    if (filledWith(a) === 0) return ifShaped(b, shapeOf(node));
    if (filledWith(b) === 0) return ifShaped(a, shapeOf(node));
    return broadcasting(node);
  },
  sub: (node) =>
    (filledWith(node.inputs[1]) === 0 ? ifShaped(node.inputs[0], shapeOf(node)) : undefined) ?? broadcasting(node),
  mul: (node) => {
    const [a, b] = node.inputs;
    if (filledWith(a) === 1) return ifShaped(b, shapeOf(node)) ?? broadcasting(node);
    if (filledWith(b) === 1) return ifShaped(a, shapeOf(node)) ?? broadcasting(node);
    const factor = b.shape.length === 0 ? filledWith(b) : undefined;
    // (x · c) · d = x · (c d): the loss's 1/n and the attention's scale meet in gradients.
    const inner = sole(a, 'mul') as OpNode<'mul'> | undefined;
    const innerFactor = inner?.inputs[1].shape.length === 0 ? filledWith(inner.inputs[1]) : undefined;
    if (factor !== undefined && inner && innerFactor !== undefined)
      return mul(inner.inputs[0], scalar(factor * innerFactor));
    if (factor === undefined && a.shape.length === 0 && filledWith(a) !== undefined) return mul(b, a); // numbers to the right
    return broadcasting(node);
  },
  div: (node) =>
    (filledWith(node.inputs[1]) === 1 ? ifShaped(node.inputs[0], shapeOf(node)) : undefined) ?? broadcasting(node),
  // Simplification comes after differentiation: what detach held back has been held back.
  detach: ({ inputs: [x] }) => x,
  where: (node) => {
    const [, a, b] = node.inputs;
    return a.node === b.node && a.result === b.result ? ifShaped(a, shapeOf(node)) : undefined;
  },
  neg: ({ inputs: [x] }) => (sole(x, 'neg') as OpNode<'neg'> | undefined)?.inputs[0],
  cast: ({ inputs: [x], attrs }) => (x.dtype === attrs.to ? x : undefined),
  reshape: ({ inputs: [x], attrs: { shape } }) => {
    if (show(x.shape) === show(shape)) return x;
    const inner = sole(x, 'reshape') as OpNode<'reshape'> | undefined;
    return inner && reshape(inner.inputs[0], shape);
  },
  transpose: ({ inputs: [x], attrs: { permutation } }) => {
    if (permutation.every((p, i) => p === i)) return x;
    const inner = sole(x, 'transpose') as OpNode<'transpose'> | undefined;
    return (
      inner &&
      transpose(
        inner.inputs[0],
        permutation.map((p) => inner.attrs.permutation[p]!),
      )
    );
  },
  expand: ({ inputs: [x], attrs: { shape } }) => {
    if (show(x.shape) === show(shape)) return x;
    const inner = sole(x, 'expand') as OpNode<'expand'> | undefined;
    return inner && expand(inner.inputs[0], shape);
  },
  sum: ({ inputs: [t], attrs: { axes, keep } }) => {
    const scaled = axes.join() === '0' && !keep ? rowsScaled(t) : undefined;
    return scaled && reshape(matmul(scaled.u, scaled.x, { transposeA: true }), [scaled.width]);
  },
  // A transposed operand is read transposed by the product itself.
  matmul: (node) => {
    const {
      inputs: [a, b],
      attrs,
    } = node;
    const swapped = (t: Tensor): Tensor | undefined => {
      const node = sole(t, 'transpose') as OpNode<'transpose'> | undefined;
      return node && isSwapOfLastTwo(node.attrs.permutation) ? node.inputs[0] : undefined;
    };
    const left = swapped(a);
    const right = swapped(b);
    if (!left && !right) return withFactorsOutside(node);
    return matmul(left ?? a, right ?? b, {
      ...attrs,
      transposeA: attrs.transposeA !== !!left,
      transposeB: attrs.transposeB !== !!right,
    });
  },
};

function rewriteOnce<K extends OpName>(node: OpNode<K>): Tensor | undefined {
  return (rewrites[node.op] as Row<K> | undefined)?.(node);
}

/** Applies rows until none does: at most once a node of the chain, since every row makes the expression smaller or more canonical. */
function rewrite(t: Tensor): Tensor {
  for (let steps = 0; steps < 16 && t.node.kind === 'op' && t.node.results.length === 1; steps++) {
    const next: Tensor | undefined = within(t.node.place, () => rewriteOnce(t.node as OpNode));
    if (!next) return t;
    t = next;
  }
  return t;
}

/** An operation on constants, computed now, in double precision. */
function fold(t: Tensor): Tensor | undefined {
  const { node } = t;
  if (node.kind !== 'op' || node.results.length > 1 || !node.inputs.every((x) => x.node.kind === 'constant'))
    return undefined;
  if (!t.shape.every((d): d is number => typeof d === 'number') || t.shape.reduce((n, d) => n * d, 1) > largestFolded)
    return undefined;
  if (node.op === 'iota' && typeof node.attrs.start !== 'number') return undefined;
  if (node.op === 'expand') return undefined; // broadcasting does it for nothing
  const [numbers] = evaluateTensors([t], {});
  if (t.dtype === 'float32') return constant({ dtype: 'float64', shape: t.shape, data: numbers!.data });
  const data = allocate(t.dtype, numbers!.data.length);
  if (data instanceof BigInt64Array) return undefined;
  data.set(numbers!.data);
  return constant({ dtype: t.dtype, shape: t.shape, data });
}

/** The key under which equal expressions meet. */
function keyOf(node: Node, id: (t: Tensor) => string): string | undefined {
  if (node.kind === 'op') return `${node.op}(${node.inputs.map(id)})${JSON.stringify(node.attrs)}`;
  if (node.kind === 'constant' && node.value.data.length <= 16)
    return `${node.value.dtype}[${node.value.shape}]${node.value.data.join()}`;
  return undefined;
}

/** The same graph with less work in it. Inputs keep their identity; outputs keep their names. */
export function simplify(graph: Graph): Graph {
  const replaced = new Map<Node, readonly Tensor[]>();
  const ids = new Map<Node, number>();
  const known = new Map<string, Node>();
  const idOf = (node: Node): number => {
    if (!ids.has(node)) ids.set(node, ids.size);
    return ids.get(node)!;
  };
  const id = (t: Tensor): string => `${idOf(t.node)}.${t.result}`;

  /** The node that already stands for this expression, or this one from now on. */
  const shared = (node: Node): Node => {
    const key = keyOf(node, id);
    if (key === undefined) return node;
    const first = known.get(key);
    if (first) return first;
    known.set(key, node);
    return node;
  };
  /** Gives every node under a rewritten tensor its shared identity. New nodes are few and near the root. */
  const canonical = (t: Tensor): Tensor => {
    if (done.has(t.node)) return t;
    const node = t.node.kind === 'op' ? rebuild(t.node, t.node.inputs.map(canonical)) : t.node;
    const one = shared(node);
    done.add(one);
    return { ...t, node: one };
  };
  const done = new Set<Node>();

  for (const node of topological(Object.values(graph.outputs))) {
    if (node.kind !== 'op') {
      const one = shared(node);
      done.add(one);
      if (one.kind === 'constant')
        replaced.set(
          node,
          [constant(one.value)].map((t) => ({ ...t, node: one })),
        );
      continue;
    }
    const inputs = node.inputs.map((x) => replaced.get(x.node)?.[x.result] ?? x);
    const fresh = rebuild(node, inputs);
    const results = node.results.map((form, result) => ({ ...form, node: fresh, result }) as Tensor);
    if (results.length > 1) {
      const one = shared(fresh);
      done.add(one);
      replaced.set(
        node,
        results.map((t) => ({ ...t, node: one })),
      );
      continue;
    }
    const rewritten = rewrite(results[0]!);
    replaced.set(node, [canonical(fold(rewritten) ?? rewritten)]);
  }
  return {
    inputs: graph.inputs,
    outputs: Object.fromEntries(
      Object.entries(graph.outputs).map(([name, t]) => [name, replaced.get(t.node)?.[t.result] ?? t]),
    ),
  };
}

/** The node with other inputs; itself when they are the same. */
function rebuild(node: OpNode, inputs: readonly Tensor[]): Node {
  const same = inputs.every((x, i) => x.node === node.inputs[i]!.node && x.result === node.inputs[i]!.result);
  return same ? node : ({ ...node, inputs } as unknown as OpNode); // as many inputs as before
}
