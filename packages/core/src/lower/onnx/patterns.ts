// What onnxruntime computes faster in one kernel, or without a copy, than as the graph says it: found by the shape of the graph.

import { type Node, type OpNode, show, type Tensor } from '../../tensor.ts';
import { isSumOfRows } from './ops.ts';

/** The matmul whose product `add` can take into one Gemm (as its C), or undefined. Matrices, and row vectors beside stacks of them. */
export function gemmOf(
  add: OpNode<'add'>,
  readers: (t: Tensor) => number,
): { product: Tensor; matmul: OpNode<'matmul'>; other: Tensor } | undefined {
  for (const [product, other] of [
    [add.inputs[0], add.inputs[1]],
    [add.inputs[1], add.inputs[0]],
  ] as const) {
    const { node } = product;
    if (node.kind !== 'op' || node.op !== 'matmul' || readers(product) !== 1 || product.dtype !== 'float32') continue;
    const [a, b] = node.inputs;
    const flat = a.shape.length === 2 && b.shape.length === 2;
    const rows = a.shape.length > 2 && b.shape.length === 2 && !node.attrs.transposeA;
    const sameShape = show(other.shape) === show(product.shape);
    const vector = other.shape.length === 1 && other.shape[0] === product.shape.at(-1);
    if ((flat && (vector || sameShape)) || (rows && vector)) return { product, matmul: node, other };
  }
  return undefined;
}

/** The number that a scalar constant holds. */
function scalarOf(t: Tensor): number | undefined {
  return t.node.kind === 'constant' && t.node.value.data.length === 1 ? Number(t.node.value.data[0]) : undefined;
}

/** The other factor where one is the constant. */
function timesOf(t: Tensor, op: 'mul' | 'add', factor: number): Tensor | undefined {
  if (t.node.kind !== 'op' || t.node.op !== op) return undefined;
  const [a, b] = t.node.inputs as readonly [Tensor, Tensor]; // mul and add have two
  const is = (x: Tensor): boolean => Math.abs((scalarOf(x) ?? Number.NaN) - factor) < 1e-6;
  return is(b) ? a : is(a) ? b : undefined;
}

/**
 * x · ½ · (1 + erf(x / √2)) as it is composed, whose parts nobody else reads: one kernel instead of five passes over the widest tensor of a layer.
 * @returns x, and the nodes that are not lowered
 */
export function geluOf(mul: OpNode<'mul'>, readers: (t: Tensor) => number): { x: Tensor; parts: Node[] } | undefined {
  for (const [half, other] of [mul.inputs, mul.inputs.toReversed() as unknown as typeof mul.inputs]) {
    const x = timesOf(half, 'mul', 0.5);
    const erf = timesOf(other, 'add', 1);
    if (!x || erf?.node.kind !== 'op' || erf.node.op !== 'erf') continue;
    const scaled = erf.node.inputs[0];
    if (timesOf(scaled, 'mul', Math.SQRT1_2) !== x) continue;
    const parts = [half, other, erf, scaled];
    if (parts.every((t) => readers(t) === 1)) return { x, parts: parts.map((t) => t.node) };
  }
  return undefined;
}

/** x of Σ x², whose squares nobody else reads: they need not be written down. Sums over rows are products with ones instead. */
export function squaresOf(sum: OpNode<'sum'>, readers: (t: Tensor) => number): Tensor | undefined {
  const [squares] = sum.inputs;
  const { node } = squares;
  if (node.kind !== 'op' || node.op !== 'mul' || squares.dtype !== 'float32' || readers(squares) !== 1)
    return undefined;
  if (isSumOfRows(squares, sum.attrs)) return undefined;
  const [a, b] = node.inputs as readonly [Tensor, Tensor]; // mul has two
  return a.node === b.node && a.result === b.result ? a : undefined;
}

/** A product whose second matrix is the cache and what was just added to it. */
export interface CacheProduct {
  readonly joined: Tensor;
  readonly pieces: readonly [past: Tensor, added: Tensor];
}

/**
 * q · (past ⧺ added)ᵀ and p · (past ⧺ added), rows joined: two products instead of one, and no copy of the whole past. Where the added rows are an
 * output the joined ones may be needed by nobody else (docs/log.md).
 */
export function cacheProductOf(matmul: OpNode<'matmul'>, isOutput: (t: Tensor) => boolean): CacheProduct | undefined {
  const joined = matmul.inputs[1];
  const { node, shape } = joined;
  if (node.kind !== 'op' || node.op !== 'concat' || node.inputs.length !== 2) return undefined;
  const [past, added] = node.inputs as readonly [Tensor, Tensor]; // two, as was just seen
  const isJoinedByRows = shape.length > 2 && node.attrs.axis === shape.length - 2;
  if (!isJoinedByRows || past.node.kind !== 'input' || !isOutput(added) || matmul.attrs.transposeA) return undefined;
  return { joined, pieces: [past, added] };
}

/** Rows added into a tensor that nobody else reads afterwards: they need no zeros of their own, nor a sum over the whole tensor. */
export function scatterOf(
  add: OpNode<'add'>,
  readers: (t: Tensor) => number,
): { onto: Tensor; scatter: OpNode<'scatterRows'> } | undefined {
  const [a, b] = add.inputs;
  for (const [onto, rows] of [
    [a, b],
    [b, a],
  ] as const) {
    const { node } = rows;
    if (node.kind !== 'op' || node.op !== 'scatterRows' || readers(rows) !== 1) continue;
    if (show(onto.shape) === show(rows.shape)) return { onto, scatter: node };
  }
  return undefined;
}

/** A product times a constant: the kernel multiplies by one anyway. @returns the product with that scale, and the nodes that are not lowered */
export function scaledProductOf(
  mul: OpNode<'mul'>,
  readers: (t: Tensor) => number,
): { product: Tensor; factor: number; parts: Node[] } | undefined {
  const [t, by] = mul.inputs;
  const factor = by.shape.length === 0 ? scalarOf(by) : undefined;
  if (factor === undefined || t.dtype !== 'float32' || readers(t) !== 1) return undefined;
  const reshaped = t.node.kind === 'op' && t.node.op === 'reshape' ? t.node.inputs[0] : undefined;
  if (reshaped && readers(reshaped) !== 1) return undefined;
  const product = reshaped ?? t;
  if (product.node.kind !== 'op' || product.node.op !== 'matmul') return undefined;
  return { product, factor, parts: reshaped ? [t.node, product.node] : [product.node] };
}
