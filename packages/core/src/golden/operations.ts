// The operations of a set of reference values, by their names there: each as an operation or a composition of ours.

import { attention } from '../nn/attention.ts';
import { rotate } from '../nn/position.ts';
import { gruLayer, lstmCell, lstmLayer, type RecurrentWeights } from '../nn/recurrent.ts';
import {
  abs,
  add,
  argmax,
  cast,
  concat,
  cos,
  cumsum,
  div,
  equal,
  erf,
  exp,
  expand,
  gather,
  gatherElements,
  geluTanh,
  greater,
  iota,
  log,
  matmul,
  max,
  maximum,
  minimum,
  mul,
  neg,
  pad,
  pow,
  reciprocal,
  relu,
  reshape,
  scatterElements,
  scatterRows,
  sigmoid,
  sin,
  slice,
  softmax,
  sqrt,
  sub,
  sum,
  tanh,
  topK,
  transpose,
  where,
} from '../ops/build.ts';
import {
  clamp,
  fixedDim,
  gelu,
  geluQuick,
  l2Normalize,
  layerNorm,
  lessOrEqual,
  logSoftmax,
  logSumExp,
  mean,
  min,
  rmsNorm,
  rsqrt,
  silu,
  softplus,
  split,
  square,
  squeeze,
  stack,
  unsqueeze,
  variance,
} from '../ops/compose.ts';
import { constant, integer, scalar, type Tensor } from '../tensor.ts';
import { sizeOf } from '../value.ts';
import { einsum } from './einsum.ts';

export type Attributes = Readonly<Record<string, unknown>>;
/** Inputs by name → outputs in order. Undefined: these attributes are not supported. */
export type Build = (x: Readonly<Record<string, Tensor>>, a: Attributes) => readonly Tensor[] | undefined;

const unary =
  (f: (x: Tensor) => Tensor): Build =>
  ({ x }) => [f(x!)];
/** A missing second operand means the same tensor twice. */
const binary =
  (f: (x: Tensor, y: Tensor) => Tensor): Build =>
  ({ x, y }) => [f(x!, y ?? x!)];
const all = (x: Tensor): number[] => x.shape.map((_, i) => i);
const axesOf = (x: Tensor, { axes }: Attributes): number[] => (axes as number[] | null | undefined) ?? all(x);
const sizesOf = (x: Tensor): number[] => x.shape.map((_, i) => fixedDim(x, i, 'golden'));
const indices = (ids: readonly number[]): Tensor =>
  constant({ dtype: 'int32', shape: [ids.length], data: Int32Array.from(ids) });

const reduce =
  (f: (x: Tensor, axes: number[], keep: boolean) => Tensor): Build =>
  ({ x }, a) => [f(x!, axesOf(x!, a), a.keepdims === true)];

/** Products over axes, entry by entry. */
function products(x: Tensor, axes: readonly number[], keep: boolean): Tensor {
  const resolved = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
  const kept = resolved.reduce((y, axis) => {
    const entries = Array.from({ length: fixedDim(y, axis, 'product') }, (_, i) => slice(y, axis, i, i + 1));
    return entries.reduce((a, b) => mul(a, b));
  }, x);
  return keep
    ? kept
    : reshape(
        kept,
        sizesOf(x).filter((_, axis) => !resolved.includes(axis)),
      );
}

/** 1 on and above (or below) the k-th diagonal. */
function triangle([rows, columns]: readonly [number, number], upper: boolean, k: number): Tensor {
  const data = Float64Array.from({ length: rows * columns }, (_, i) => {
    const distance = (i % columns) - Math.floor(i / columns);
    return +(upper ? distance >= k : distance <= k);
  });
  return constant({ dtype: 'float64', shape: [rows, columns], data });
}

function slices(x: Tensor, a: Attributes): Tensor {
  const [starts, ends, axes] = [a.starts, a.ends, a.axes] as [number[], number[], number[]];
  const steps = (a.steps as number[] | undefined) ?? starts.map(() => 1);
  return axes.reduce((y, axis, i) => {
    const size = fixedDim(y, axis, 'slice');
    const bound = (b: number): number => Math.min(size, b < 0 ? b + size : b);
    const [start, end, step] = [bound(starts[i]!), bound(ends[i]!), steps[i]!];
    if (step === 1) return slice(y, axis, start, end);
    return gather(
      y,
      indices(Array.from({ length: Math.ceil((end - start) / step) }, (_, j) => start + j * step)),
      axis,
    );
  }, x);
}

function layerNormOver(x: Tensor, axes: readonly number[], epsilon: number, weight: Tensor, bias: Tensor): Tensor {
  if (axes.length === 1) return layerNorm(x, weight, bias, epsilon);
  const centred = sub(x, mean(x, axes, true));
  return add(mul(mul(centred, rsqrt(add(variance(x, axes, true), epsilon))), weight), bias);
}

const sorted =
  (k: (size: number, a: Attributes) => number, largest: (a: Attributes) => boolean): Build =>
  ({ x }, a) => {
    const axis = Number(a.axis ?? -1);
    return [...topK(x!, k(fixedDim(x!, axis, 'sort'), a), { axis, largest: largest(a) })];
  };

/** PyTorch's names of a recurrent layer's weights → ours. */
const recurrentWeights = ({ w_ih, w_hh, b_ih, b_hh }: Readonly<Record<string, Tensor>>): RecurrentWeights => ({
  input: w_ih!,
  hidden: w_hh!,
  inputBias: b_ih!,
  hiddenBias: b_hh!,
});

export const operations: Readonly<Record<string, Build>> = {
  matmul: ({ a, b }, attributes) => {
    // A vector is a matrix of one row or column.
    const [left, right] = [
      a!.shape.length === 1 ? unsqueeze(a!, 0) : a!,
      b!.shape.length === 1 ? unsqueeze(b!, 1) : b!,
    ];
    let y = matmul(left, right, {
      transposeA: attributes.transpose_a === true,
      transposeB: attributes.transpose_b === true,
    });
    if (b!.shape.length === 1) y = squeeze(y, -1);
    if (a!.shape.length === 1) y = squeeze(y, b!.shape.length === 1 ? -1 : -2);
    return [y];
  },
  linear: ({ x, weight, bias }) => {
    const y = matmul(x!, weight!, { transposeB: true });
    return [bias ? add(y, bias) : y];
  },
  einsum: ({ a, b }, { equation }) => [einsum(String(equation), a!, b!)],

  transpose: ({ x }, { perm }) => [transpose(x!, perm as number[])],
  reshape: ({ x }, { shape }) => {
    const wanted = shape as number[];
    const known = wanted.reduce((n, d) => (d === -1 ? n : n * d), 1);
    return [
      reshape(
        x!,
        wanted.map((d) => (d === -1 ? sizeOf(sizesOf(x!)) / known : d)),
      ),
    ];
  },
  slice: ({ x }, a) => [slices(x!, a)],
  concat: (x, { axis }) => [concat(Object.values(x), Number(axis))],
  stack: (x, { axis }) => [stack(Object.values(x), Number(axis))],
  split: ({ x }, { axis, sizes }) => split(x!, sizes as number[], Number(axis)),
  pad: ({ x }, { before, after, value = 0 }) => {
    const shifted = sub(x!, Number(value));
    const padded = all(x!).reduce(
      (y, axis) => pad(y, axis, (before as number[])[axis]!, (after as number[])[axis]!),
      shifted,
    );
    return [add(padded, Number(value))];
  },
  expand: ({ x }, { shape }) => [expand(x!, shape as number[])],
  tile: ({ x }, { repeats }) => [
    (repeats as number[]).reduce((y, n, axis) => concat(new Array<Tensor>(n).fill(y), axis), x!),
  ],
  squeeze: ({ x }, { axis }) => [squeeze(x!, Number(axis))],
  unsqueeze: ({ x }, { axis }) => [unsqueeze(x!, Number(axis))],
  flip: ({ x }, { axes }) => [
    (axes as number[]).reduce((y, axis) => {
      const size = fixedDim(y, axis, 'flip');
      return gather(y, indices(Array.from({ length: size }, (_, i) => size - 1 - i)), axis);
    }, x!),
  ],
  trilu: ({ x }, { upper, k = 0 }) => [
    mul(x!, triangle(sizesOf(x!).slice(-2) as [number, number], upper === true, Number(k))),
  ],

  gelu: ({ x }, { approximate = 'none' }) => {
    const forms: Record<string, (x: Tensor) => Tensor> = { none: gelu, tanh: geluTanh, 'x*sigmoid(1.702x)': geluQuick };
    const form = forms[String(approximate)];
    return form && [form(x!)];
  },
  silu: unary(silu),
  relu: unary(relu),
  tanh: unary(tanh),
  sigmoid: unary(sigmoid),
  erf: unary(erf),
  exp: unary(exp),
  softplus: unary(softplus),
  sin: unary(sin),
  cos: unary(cos),
  neg: unary(neg),
  abs: unary(abs),
  leaky_relu: ({ x }, { alpha }) => [add(maximum(x!, 0), mul(minimum(x!, 0), Number(alpha)))],
  elu: ({ x }, { alpha }) => [add(maximum(x!, 0), mul(sub(exp(minimum(x!, 0)), 1), Number(alpha)))],
  sqrt: unary(sqrt),
  log: unary(log),
  rsqrt: unary(rsqrt),
  reciprocal: unary(reciprocal),
  pow: ({ x, y }, { exponent }) => [y ? pow(x!, y) : exponent === 2 ? square(x!) : pow(x!, Number(exponent))],
  clamp: ({ x }, a) => [clamp(x!, Number(a.min), Number(a.max))],

  add: binary(add),
  sub: binary(sub),
  mul: binary(mul),
  div: binary(div),
  maximum: binary(maximum),
  minimum: binary(minimum),
  equal: binary(equal),
  greater: binary(greater),
  less: binary((x, y) => greater(y, x)),
  less_or_equal: binary(lessOrEqual),
  where: ({ condition, x, y }, { value }) => [y ? where(condition!, x!, y) : where(condition!, Number(value), x!)],
  dropout: ({ x, mask }, { rate }) => [where(mask!, mul(x!, 1 / (1 - Number(rate))), 0)],

  softmax: ({ x, mask }, { axis, mask_value: hidden }) => [
    softmax(mask ? add(x!, mul(sub(1, cast(mask, 'float32')), Number(hidden))) : x!, Number(axis)),
  ],
  log_softmax: ({ x }, { axis }) => [logSoftmax(x!, Number(axis))],
  logsumexp: ({ x }, { axis, keepdims }) => [logSumExp(x!, Number(axis), keepdims === true)],
  layer_norm: ({ x, weight, bias }, { axis = -1, axes = [axis], epsilon }) => [
    layerNormOver(x!, axes as number[], Number(epsilon), weight!, bias!),
  ],
  rms_norm: ({ x, weight }, { epsilon }) => [rmsNorm(x!, weight!, Number(epsilon))],
  l2_normalize: ({ x }, { axis, epsilon }) => [l2Normalize(x!, Number(axis), Number(epsilon))],

  embedding: ({ indices: ids, weight }) => [gather(weight!, ids!)],
  gather: ({ x, indices: ids }, { axis }) => [gather(x!, ids!, Number(axis))],
  gather_elements: ({ x, indices: ids }, { axis }) => [gatherElements(x!, ids!, Number(axis))],
  gather_nd: ({ x, indices: ids }) => {
    const [rows, width, ...rest] = sizesOf(x!) as [number, number, ...number[]];
    return [gather(reshape(x!, [rows * width, ...rest]), add(mul(iota(rows), integer(width)), ids!))];
  },
  scatter_add: ({ x, indices: ids, updates }, { axis }) => [scatterElements(x!, updates!, ids!, Number(axis))],
  scatter_add_rows: ({ indices: ids, updates }, { rows }) => [scatterRows(updates!, ids!, Number(rows))],
  // Indices occur once: replacing is adding the difference.
  scatter_elements: ({ x, indices: ids, updates }, { axis }) => [
    scatterElements(x!, sub(updates!, gatherElements(x!, ids!, Number(axis))), ids!, Number(axis)),
  ],
  one_hot: ({ indices: ids }, { depth }) => [cast(equal(unsqueeze(ids!, -1), iota(Number(depth))), 'float32')],

  reduce_sum: reduce(sum),
  reduce_mean: reduce(mean),
  reduce_max: reduce(max),
  reduce_min: reduce(min),
  reduce_prod: reduce(products),
  variance: ({ x }, a) => {
    const axes = axesOf(x!, a);
    const n = axes.reduce((total, axis) => total * fixedDim(x!, axis, 'variance'), 1);
    return [mul(variance(x!, axes, a.keepdims === true), a.unbiased === true ? n / (n - 1) : 1)];
  },
  l2_norm: ({ x }) => [sqrt(sum(square(x!)))],
  cumsum: ({ x }, { axis, exclusive, reverse }) => [
    cumsum(x!, Number(axis), { exclusive: exclusive === true, reverse: reverse === true }),
  ],
  argmax: ({ x }, { axis, keepdims }) => [kept(argmax(x!, Number(axis)), Number(axis), keepdims)],
  argmin: ({ x }, { axis, keepdims }) => [kept(argmax(neg(x!), Number(axis)), Number(axis), keepdims)],
  sort: sorted(
    (size) => size,
    (a) => a.descending === true,
  ),
  topk: sorted(
    (_, a) => Number(a.k),
    (a) => a.largest !== false,
  ),

  lstm_cell: (x) => {
    const next = lstmCell(x.x!, { h: x.h!, c: x.c! }, recurrentWeights(x));
    return [next.h, next.c];
  },
  lstm: (x) => {
    const { outputs, h, c } = lstmLayer(x.x!, { h: squeeze(x.h0!, 0), c: squeeze(x.c0!, 0) }, recurrentWeights(x));
    return [outputs, unsqueeze(h, 0), unsqueeze(c, 0)];
  },
  gru: (x) => {
    const { outputs, h } = gruLayer(x.x!, squeeze(x.h0!, 0), recurrentWeights(x));
    return [outputs, unsqueeze(h, 0)];
  },
  attention: ({ q, k, v, mask }) => [
    attention(q!, k!, v!, mask ? { mask: mul(sub(1, cast(mask, 'float32')), scalar(-1e9)) } : {}).output,
  ],
  // The reference repeats the angles in both halves; ours are given once.
  rotary: ({ x, cos: c, sin: s }) => {
    const size = fixedDim(x!, -1, 'rotary');
    return [rotate(x!, { cos: slice(c!, -1, 0, size / 2), sin: slice(s!, -1, 0, size / 2), size })];
  },
};

const kept = (x: Tensor, axis: number, keep: unknown): Tensor => (keep === true ? unsqueeze(x, axis) : x);
