// Losses beside the plain cross-entropy of ops/compose.ts. Each is one number, a mean over what it compares.

import { productOfDims } from '../dimension.ts';
import {
  abs,
  add,
  cast,
  crossEntropyWithProbabilities,
  detach,
  div,
  exp,
  gather,
  greater,
  iota,
  less,
  matmul,
  maximum,
  mul,
  not,
  reshape,
  sqrt,
  sub,
  sum,
  where,
} from '../ops/build.ts';
import {
  crossEntropy,
  dim,
  flattenRows,
  l2Normalize,
  logSoftmax,
  logSumExp,
  mean,
  softplus,
  square,
} from '../ops/compose.ts';
import { integer, scalar, type Tensor } from '../tensor.ts';

/** Loss of each row of `logits [..., classes]` against `labels [...]`, flat, and 1 where the label counts (is not negative). */
function rows(logits: Tensor, labels: Tensor): { flat: Tensor; ids: Tensor; loss: Tensor; counts: Tensor } {
  const flat = flattenRows(logits);
  const ids = reshape(labels, [productOfDims(labels.shape)]);
  return {
    flat,
    ids,
    loss: crossEntropyWithProbabilities(flat, ids)[0],
    counts: cast(not(less(ids, integer(0))), 'float32'),
  };
}

/**
 * (1 − ε) · cross-entropy + ε · the mean of −log softmax over all classes (Szegedy et al. 2016, arXiv:1512.00567, §7), over the labels that count.
 * @param logits `[..., classes]`
 * @param labels int32 `[...]`; negative: ignored
 */
export function smoothedCrossEntropy(logits: Tensor, labels: Tensor, epsilon: number): Tensor {
  const { flat, loss, counts } = rows(logits, labels);
  const uniform = mul(sub(logSumExp(flat, 1), mean(flat, [1])), counts);
  return div(sum(add(mul(loss, 1 - epsilon), mul(uniform, epsilon))), sum(counts));
}

/** Cross-entropy in which a row counts by the weight of its label: Σ w · loss / Σ w. @param weights `[classes]` */
export function weightedCrossEntropy(logits: Tensor, labels: Tensor, weights: Tensor): Tensor {
  const { ids, loss, counts } = rows(logits, labels);
  const weight = mul(gather(weights, where(less(ids, integer(0)), integer(0), ids)), counts);
  return div(sum(mul(loss, weight)), sum(weight));
}

/** −Σ target · log softmax, mean over rows. Both `[..., classes]`; every row of targets is a distribution. */
export const softCrossEntropy = (logits: Tensor, targets: Tensor): Tensor =>
  mul(mean(sum(mul(targets, logSoftmax(logits)), [-1])), -1);

/**
 * T² · KL(teacher ‖ student), both softened by the temperature T (Hinton et al. 2015, arXiv:1503.02531): mean over rows. Nothing flows into the teacher.
 * @param student `[..., classes]`, as is `teacher`
 * @param counts `[...]`, 1 for rows that count, 0 for padding; all by default
 */
export function distillation(student: Tensor, teacher: Tensor, temperature: number, counts?: Tensor): Tensor {
  const log = logSoftmax(mul(detach(teacher), 1 / temperature));
  const divergence = sum(mul(exp(log), sub(log, logSoftmax(mul(student, 1 / temperature)))), [-1]);
  const average = counts ? div(sum(mul(divergence, counts)), sum(counts)) : mean(divergence);
  return mul(average, temperature ** 2);
}

/**
 * −[w · t · log σ(x) + (1 − t) · log(1 − σ(x))], mean over all entries, without overflow.
 * @param targets of the logits' shape, in [0, 1]
 * @param positiveWeight w, broadcast; 1 by default
 * @param counts 1 for entries that count, 0 for padding; all by default
 */
export function binaryCrossEntropy(
  logits: Tensor,
  targets: Tensor,
  { positiveWeight, counts }: { readonly positiveWeight?: Tensor; readonly counts?: Tensor | undefined } = {},
): Tensor {
  // −log σ(x) = softplus(x) − x and −log(1 − σ(x)) = softplus(x).
  const all = softplus(logits);
  const loss = positiveWeight
    ? add(mul(mul(sub(all, logits), targets), positiveWeight), mul(all, sub(1, targets)))
    : sub(all, mul(logits, targets));
  return counts ? div(sum(mul(loss, counts)), sum(counts)) : mean(loss);
}

export const meanSquaredError = (predictions: Tensor, targets: Tensor): Tensor =>
  mean(square(sub(predictions, targets)));

export const meanAbsoluteError = (predictions: Tensor, targets: Tensor): Tensor => mean(abs(sub(predictions, targets)));

/** d²/2β where |d| < β, |d| − β/2 elsewhere (Huber 1964; Girshick 2015, arXiv:1504.08083); mean. */
export function smoothL1(predictions: Tensor, targets: Tensor, beta = 1): Tensor {
  const d = sub(predictions, targets);
  const size = abs(d);
  const inside = cast(less(size, scalar(beta)), 'float32');
  return mean(add(mul(mul(square(d), 0.5 / beta), inside), mul(sub(size, beta / 2), sub(1, inside))));
}

/** Σ a·b / (‖a‖ ‖b‖) over the last axis. */
export const cosine = (a: Tensor, b: Tensor): Tensor => sum(mul(l2Normalize(a), l2Normalize(b)), [-1]);

/** 1 − cos for pairs that belong together (y = 1), max(0, cos − margin) for others (y = −1); mean. @param y int32 `[n]`, a and b `[n, size]` */
export function cosineEmbedding(a: Tensor, b: Tensor, y: Tensor, margin = 0): Tensor {
  const c = cosine(a, b);
  const together = cast(greater(y, integer(0)), 'float32');
  return mean(add(mul(sub(1, c), together), mul(maximum(sub(c, margin), 0), sub(1, together))));
}

/** Cosine of every a against every b, over the temperature. Both `[n, size]` → `[n, n]`. */
export const contrastLogits = (a: Tensor, b: Tensor, temperature: number): Tensor =>
  matmul(l2Normalize(a), l2Normalize(b), { transposeB: true, scale: 1 / temperature });

/** Cross-entropy of rows whose right column is the row's own number: in-batch negatives (InfoNCE, van den Oord et al. 2018, arXiv:1807.03748). */
export const diagonalCrossEntropy = (logits: Tensor): Tensor => crossEntropy(logits, iota(dim(logits, 0)));

/** Both `[n, size]`; row i of a belongs to row i of b. @param symmetric the mean of both directions (Radford et al. 2021, arXiv:2103.00020) */
export function infoNce(a: Tensor, b: Tensor, temperature: number, { symmetric = false } = {}): Tensor {
  const loss = diagonalCrossEntropy(contrastLogits(a, b, temperature));
  return symmetric ? mul(add(loss, diagonalCrossEntropy(contrastLogits(b, a, temperature))), 0.5) : loss;
}

/** max(0, ‖a − p‖ − ‖a − n‖ + margin), mean (Schroff et al. 2015, arXiv:1503.03832). All `[n, size]`; 10⁻⁶ keeps the roots away from 0, as PyTorch does. */
export function triplet(anchor: Tensor, positive: Tensor, negative: Tensor, margin = 1): Tensor {
  const distance = (other: Tensor): Tensor => sqrt(sum(square(add(sub(anchor, other), 1e-6)), [-1]));
  return mean(maximum(add(sub(distance(positive), distance(negative)), margin), 0));
}

/** Cross-entropy at the start and at the end of a span, averaged. Logits `[batch, sequence]`; positions int32 `[batch]`, outside the sequence: ignored. */
export function spanLoss(start: Tensor, end: Tensor, starts: Tensor, ends: Tensor): Tensor {
  return mul(add(crossEntropy(start, starts), crossEntropy(end, ends)), 0.5);
}
