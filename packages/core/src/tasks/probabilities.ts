// Scores to probabilities, in double precision.

/** Each e^x over their sum. */
export function softmaxOf(scores: ArrayLike<number>): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) largest = Math.max(largest, scores[i]!);
  const p = Float64Array.from(scores, (x) => Math.exp(x - largest));
  const total = p.reduce((sum, x) => sum + x, 0);
  return p.map((x) => x / total);
}

/** 1 / (1 + e^−x) of each. */
export const sigmoidOf = (scores: ArrayLike<number>): Float64Array =>
  Float64Array.from(scores, (x) => 1 / (1 + Math.exp(-x)));

/** Indices of the n largest, the largest first; of equal ones the earlier. */
export function largestOf(scores: ArrayLike<number>, n: number): number[] {
  const order = Array.from({ length: scores.length }, (_, i) => i);
  return order.sort((a, b) => scores[b]! - scores[a]! || a - b).slice(0, n);
}
