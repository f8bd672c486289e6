// Functions made of operations: what models, losses and gradients are written with.

import { addDims, type Dim, productOfDims } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { integer, type Shape, show, type Tensor } from '../tensor.ts';
import {
  abs,
  add,
  cast,
  concat,
  crossEntropyWithProbabilities,
  div,
  erf,
  exp,
  greater,
  iota,
  layerNormWithStatistics,
  less,
  log,
  max,
  maximum,
  minimum,
  mul,
  neg,
  not,
  reciprocal,
  reshape,
  sigmoid,
  slice,
  sqrt,
  sub,
  sum,
  transpose,
} from './build.ts';
import { resolveAxis } from './infer.ts';

/** The size of one axis. */
export const dim = (x: Tensor, axis: number): Dim => x.shape[resolveAxis('dim', axis, x.shape.length)]!;

/** The size of one axis that must be a number (the width of a layer). @throws YumoError `SHAPE` */
export function fixedDim(x: Tensor, axis: number, who: string): number {
  const d = dim(x, axis);
  if (typeof d !== 'number')
    throw new YumoError('SHAPE', `${who}: axis ${axis} of ${show(x.shape)} must have a known size`, {
      shape: x.shape,
      axis,
    });
  return d;
}

/** A size as an int32 number of the graph, `[]`: named sizes are known when it runs. */
export const sizeTensor = (d: Dim): Tensor => (typeof d === 'number' ? integer(d) : reshape(iota(1, d), []));

/** Mean over the given axes; over all by default. */
export function mean(x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i), keep = false): Tensor {
  const entries = productOfDims(axes.map((a) => dim(x, a)));
  const total = sum(x, axes, keep);
  return typeof entries === 'number' ? mul(total, 1 / entries) : div(total, cast(sizeTensor(entries), x.dtype));
}

/** Biased variance. */
export function variance(x: Tensor, axes: readonly number[], keep = false): Tensor {
  const centred = sub(x, mean(x, axes, true));
  return mean(square(centred), axes, keep);
}

export const square = (x: Tensor): Tensor => mul(x, x);
export const rsqrt = (x: Tensor): Tensor => reciprocal(sqrt(x));
export const min = (x: Tensor, axes?: readonly number[], keep = false): Tensor => neg(max(neg(x), axes, keep));
export const lessOrEqual = (a: Tensor, b: Tensor): Tensor => not(greater(a, b));
export const greaterOrEqual = (a: Tensor, b: Tensor): Tensor => not(less(a, b));
export const clamp = (x: Tensor, low: number, high: number): Tensor => minimum(maximum(x, low), high);

/** `1 if x > 0`, `-1 if x < 0`, else 0. */
export const sign = (x: Tensor): Tensor => sub(cast(greater(x, 0), x.dtype), cast(less(x, 0), x.dtype));

/** x · Φ(x), by the error function (Hendrycks & Gimpel 2016, arXiv:1606.08415, §2). */
export const gelu = (x: Tensor): Tensor => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
/** x · sigmoid(1.702 x), the first approximation of the same paper. */
export const geluQuick = (x: Tensor): Tensor => mul(x, sigmoid(mul(x, 1.702)));
/** x · sigmoid(x) (Elfwing et al. 2017, arXiv:1702.03118; Ramachandran et al. 2017). */
export const silu = (x: Tensor): Tensor => mul(x, sigmoid(x));
/** log(1 + eˣ), without overflow. */
// maximum, not relu: its gradient at 0 is ½, so the whole has its true slope there.
export const softplus = (x: Tensor): Tensor => add(maximum(x, 0), log(add(exp(neg(abs(x))), 1)));

/** Removes an axis of size 1. */
export const squeeze = (x: Tensor, axis: number): Tensor => {
  const at = resolveAxis('squeeze', axis, x.shape.length);
  return reshape(
    x,
    x.shape.filter((_, i) => i !== at),
  );
};
/** Inserts an axis of size 1. */
export const unsqueeze = (x: Tensor, axis: number): Tensor => {
  const at = axis < 0 ? axis + x.shape.length + 1 : axis;
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
};
/** Swaps the last two axes. */
export function swapLast(x: Tensor): Tensor {
  const n = x.shape.length;
  return transpose(x, [...Array(n - 2).keys(), n - 1, n - 2]);
}

/** Consecutive pieces of one axis. */
export function split(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  let start = 0;
  const pieces = sizes.map((n) => {
    start += n;
    return slice(x, axis, start - n, start);
  });
  const total = dim(x, axis);
  if (start !== total)
    throw new YumoError(
      'SHAPE',
      `split: the sizes ${sizes.join(' + ')} are not ${total}, axis ${axis} of ${show(x.shape)}`,
      { sizes },
    );
  return pieces;
}

/** Tensors of one shape along a new axis. */
export const stack = (x: readonly Tensor[], axis: number): Tensor =>
  concat(
    x.map((t) => unsqueeze(t, axis)),
    axis,
  );

/** log Σ exp over one axis, without overflow. */
export function logSumExp(x: Tensor, axis: number, keep = false): Tensor {
  const largest = max(x, [axis], true);
  const result = add(log(sum(exp(sub(x, largest)), [axis], true)), largest);
  return keep ? result : squeeze(result, axis);
}
export const logSoftmax = (x: Tensor, axis = -1): Tensor => sub(x, logSumExp(x, axis, true));

/** Σ over the axes along which `shape` was broadcast to x: the gradient of broadcasting. */
export function unbroadcast(x: Tensor, shape: Shape): Tensor {
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < extra || (shape[i - extra] === 1 && d !== 1) ? [i] : []));
  return axes.length === 0 ? x : reshape(sum(x, axes), shape);
}

/** All axes but the last one as one: `[…, n]` → `[rows, n]`. */
export const flattenRows = (x: Tensor): Tensor => reshape(x, [productOfDims(x.shape.slice(0, -1)), dim(x, -1)]);

/** √Σx² over one axis. */
export const l2Norm = (x: Tensor, axis: number, keep = false): Tensor => sqrt(sum(square(x), [axis], keep));

/** x / max(‖x‖₂, ε) over one axis. The maximum stands under the root, so that a vector of zeros has a gradient. */
export const l2Normalize = (x: Tensor, axis = -1, epsilon = 1e-12): Tensor =>
  div(x, sqrt(maximum(sum(square(x), [axis], true), epsilon ** 2)));

/** Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450). `x [..., n]`, weight and bias `[n]`. */
export const layerNorm = (x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor =>
  layerNormWithStatistics(x, weight, bias, epsilon)[0];

/** x / √(mean x² + ε) · weight over the last axis (Zhang & Sennrich 2019, arXiv:1910.07467). */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return mul(mul(x, rsqrt(add(mean(square(x), [-1], true), epsilon))), weight);
}

/**
 * −log softmax(logits)[label], summed, and the number of labels that count.
 * @param logits `[..., classes]`
 * @param labels int32 `[...]`; negative: ignored (Hugging Face's −100)
 */
export function crossEntropySum(logits: Tensor, labels: Tensor): { sum: Tensor; count: Tensor } {
  const flat = reshape(labels, [productOfDims(labels.shape)]);
  const [loss] = crossEntropyWithProbabilities(flattenRows(logits), flat);
  return { sum: sum(loss), count: sum(cast(not(less(flat, integer(0))), 'float32')) };
}

/** The mean of {@link crossEntropySum} over the labels that count. */
export function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const { sum: total, count } = crossEntropySum(logits, labels);
  return div(total, count);
}

/** The causal language-model loss: logits at t against the label at t + 1. Both `[batch, sequence, …]`. */
export function nextTokenLoss(logits: Tensor, labels: Tensor): Tensor {
  const length = dim(labels, 1);
  return crossEntropy(slice(logits, 1, 0, addDims(length, -1)), slice(labels, 1, 1, length));
}
