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
import { add, mul } from '../ops/build.ts';
import { crossEntropy, crossEntropySum, nextTokenLoss } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import type { Attributes } from './operations.ts';

/** The loss of a case, or undefined when none of ours is meant. */
export function lossOf(name: string, x: Readonly<Record<string, Tensor>>, a: Attributes): Tensor | undefined {
  const ignored = Number(a.ignore_index ?? -100);
  if (ignored >= 0) return undefined; // ours ignore negative labels
  const { logits, labels, targets, predictions } = x;
  if (logits && labels) {
    if (a.shift === 1) return nextTokenLoss(logits, labels);
    if (a.label_smoothing !== undefined) return smoothedCrossEntropy(logits, labels, Number(a.label_smoothing));
    if (x.weight) return weightedCrossEntropy(logits, labels, x.weight);
    return a.reduction === 'sum' ? crossEntropySum(logits, labels).sum : crossEntropy(logits, labels);
  }
  if (logits && targets) {
    if (!name.startsWith('bce')) return softCrossEntropy(logits, targets);
    return binaryCrossEntropy(logits, targets, x.pos_weight ? { positiveWeight: x.pos_weight } : {});
  }
  if (x.student_logits && x.teacher_logits) {
    const soft = distillation(x.student_logits, x.teacher_logits, Number(a.temperature));
    if (!labels) return soft;
    const alpha = Number(a.alpha);
    return add(mul(soft, alpha), mul(crossEntropy(x.student_logits, labels), 1 - alpha));
  }
  if (predictions && targets) {
    if (name.startsWith('mse')) return meanSquaredError(predictions, targets);
    if (name.startsWith('smooth_l1')) return smoothL1(predictions, targets, Number(a.beta ?? 1));
    if (name.startsWith('l1')) return meanAbsoluteError(predictions, targets);
  }
  if (x.a && x.b && x.y) return cosineEmbedding(x.a, x.b, x.y, Number(a.margin ?? 0));
  if (x.a && x.b) return infoNce(x.a, x.b, Number(a.temperature), { symmetric: name.includes('symmetric') });
  if (x.anchor && x.positive && x.negative) return triplet(x.anchor, x.positive, x.negative, Number(a.margin ?? 1));
  return undefined;
}
