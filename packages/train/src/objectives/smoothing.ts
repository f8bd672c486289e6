// Label smoothing as a sum and a count.

import {
  add,
  cast,
  crossEntropySum,
  flattenRows,
  integer,
  less,
  logSumExp,
  mean,
  mul,
  not,
  productOfDims,
  reshape,
  sub,
  sum,
  type Tensor,
} from '@yumo/core';
import type { Loss } from '../step.ts';

/**
 * Σ (1 − ε) · cross-entropy + ε · mean over classes of −log softmax, over the labels that count (Szegedy et al. 2016, arXiv:1512.00567, §7).
 * @param logits `[..., classes]`
 * @param labels int32 `[...]`; negative: ignored
 */
export function smoothedSum(logits: Tensor, labels: Tensor, epsilon: number): Loss {
  const plain = crossEntropySum(logits, labels);
  if (epsilon === 0) return plain;
  const flat = flattenRows(logits);
  const ids = reshape(labels, [productOfDims(labels.shape)]);
  const counts = cast(not(less(ids, integer(0))), 'float32');
  const uniform = sum(mul(sub(logSumExp(flat, 1), mean(flat, [1])), counts));
  return { sum: add(mul(plain.sum, 1 - epsilon), mul(uniform, epsilon)), count: plain.count };
}
