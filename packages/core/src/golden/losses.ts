// The loss functions of a set of reference values: which of ours each one is, told by its name, inputs and attributes.

import {
  binaryCrossEntropy,
  cosineEmbedding,
  distillation,
  infoNce,
  meanAbsoluteError,
  meanSquaredError,
  smoothedCrossEntropy,
  smoothL1,
  softCrossEntropy,
  triplet,
  weightedCrossEntropy,
} from '../nn/losses.ts';
import { add, equal, mul, slice, where } from '../ops/build.ts';
import { crossEntropy, crossEntropySum, fixedDim, nextTokenLoss } from '../ops/compose.ts';
import { integer, type Tensor } from '../tensor.ts';
import type { Attributes } from './operations.ts';

/** The loss of a case, or undefined when none of ours is meant. */
export function lossOf(name: string, x: Readonly<Record<string, Tensor>>, a: Attributes): Tensor | undefined {
  const { logits, targets, predictions } = x;
  const labels = x.labels && counted(x.labels, Number(a.ignore_index ?? -100));
  if (logits && labels) {
    const { shift, label_smoothing: smoothing, reduction = 'mean' } = a;
    if (reduction === 'sum' && !smoothing && !x.weight) return crossEntropySum(logits, labels).sum;
    if (reduction !== 'mean' || (smoothing && x.weight)) return undefined;
    if (shift === 1) return nextTokenLoss(logits, labels);
    if (smoothing) return smoothedCrossEntropy(logits, labels, Number(smoothing));
    return x.weight ? weightedCrossEntropy(logits, labels, x.weight) : crossEntropy(logits, labels);
  }
  if (x.student_logits && x.teacher_logits) {
    const soft = distillation(x.student_logits, x.teacher_logits, Number(a.temperature));
    if (!labels) return soft;
    const alpha = Number(a.alpha);
    return add(mul(soft, alpha), mul(crossEntropy(x.student_logits, labels), 1 - alpha));
  }
  if (x.a && x.b && !x.y) return infoNce(x.a, x.b, Number(a.temperature), { symmetric: name.includes('symmetric') });
  // What is left is a mean over entries or rows: a sum is that many times as large.
  const total = (of: Tensor, mean: Tensor | undefined): Tensor | undefined =>
    mean && a.reduction === 'sum'
      ? mul(
          mean,
          of.shape.reduce<number>((n, _, axis) => n * fixedDim(of, axis, name), 1),
        )
      : mean;
  if (logits && targets) {
    if (x.weight) return undefined;
    if (!name.startsWith('bce')) return total(rowsOf(logits), softCrossEntropy(logits, targets));
    return total(logits, binaryCrossEntropy(logits, targets, x.pos_weight ? { positiveWeight: x.pos_weight } : {}));
  }
  if (predictions && targets) {
    if (name.startsWith('mse')) return total(predictions, meanSquaredError(predictions, targets));
    if (name.startsWith('smooth_l1')) return total(predictions, smoothL1(predictions, targets, Number(a.beta ?? 1)));
    if (name.startsWith('l1')) return total(predictions, meanAbsoluteError(predictions, targets));
  }
  if (x.a && x.b && x.y) return total(x.y, cosineEmbedding(x.a, x.b, x.y, Number(a.margin ?? 0)));
  if (x.anchor && x.positive && x.negative)
    return total(rowsOf(x.anchor), triplet(x.anchor, x.positive, x.negative, Number(a.margin ?? 1)));
  return undefined;
}

/** Labels in which those to ignore are negative, as ours expect them. */
const counted = (labels: Tensor, ignored: number): Tensor =>
  ignored < 0 ? labels : where(equal(labels, integer(ignored)), integer(-1), labels);

/** One entry of the last axis: a tensor with as many entries as there are rows. */
const rowsOf = (x: Tensor): Tensor => slice(x, -1, 0, 1);
