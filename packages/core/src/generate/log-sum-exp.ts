// ln Σ exp of a row of scores: what turns logits into log-probabilities. It runs over the whole vocabulary for every token.

import type { Scores } from './processors.ts';

/** Steps of the table of powers between 1 and 2; a power of two. */
const steps = 1024;
const perStep = Math.LN2 / steps;
const perNat = steps / Math.LN2;
/** 2^(j / steps). */
const fractions = Float64Array.from({ length: steps }, (_, j) => 2 ** (j / steps));
/** 2^−k. What is smaller than the last does not reach the last place of the sum, which is 1 or more, for a million scores. */
const powers = Float64Array.from({ length: 80 }, (_, k) => 2 ** -k);
const least = -steps * (powers.length - 1);

/** The largest of the scores; −∞ when all are removed. */
export function largestOf(scores: Scores): number {
  let largest = Number.NEGATIVE_INFINITY;
  // Indexed: these loops run over the whole vocabulary for every token, and iterators of typed arrays are slow.
  for (let i = 0; i < scores.length; i++) if (scores[i]! > largest) largest = scores[i]!;
  return largest;
}

/**
 * ln Σ exp x, as largest + ln Σ exp(x − largest). Exponentials come from tables: with x − largest = (n + r) · ln 2 / steps, n whole and −1 < r ≤ 0, it is
 * 2^(n / steps) · (1 + d + d² / 2), d = r · ln 2 / steps; what is left out, d³ / 6, is below 6 · 10⁻¹¹ of it. A third of the time of Math.exp.
 */
export function logSumExpOf(scores: Scores, largest = largestOf(scores)): number {
  let sum = 0;
  for (let i = 0; i < scores.length; i++) {
    const at = (scores[i]! - largest) * perNat;
    if (!(at > least)) continue; // too small to count, or removed
    const n = at | 0;
    const d = (at - n) * perStep;
    sum += fractions[n & (steps - 1)]! * powers[-(n >> 10)]! * (1 + d + 0.5 * d * d);
  }
  return largest + Math.log(sum);
}
