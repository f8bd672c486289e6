// Choosing the next token: the likeliest, or one drawn by a seed. The same seed draws the same ids on every platform.

import { largestOf, logSumExpOf } from './log-sum-exp.ts';
import type { Scores } from './processors.ts';

/** A chosen token. */
export interface Choice {
  readonly id: number;
  /** ln p under the scores that the model gave, before any processor; in nats. */
  readonly logProbability: number;
}

/** Mixes 32 bits so that each depends on all (the finalizer of MurmurHash3, Appleby 2011). */
function mix(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * A number in [0, 1) that depends on the seed and the counters only (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"):
 * no state to keep, so a step can be repeated or resumed alone. Integer arithmetic: equal on every platform.
 */
export function uniformAt(seed: number, ...counters: readonly number[]): number {
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32) >>> 0;
  let a = mix(low ^ 0x9e3779b9);
  let b = mix(a ^ high ^ 0x7f4a7c15);
  for (const counter of counters) {
    a = mix(a ^ Math.imul(counter + 1, 0x9e3779b1));
    b = mix(b ^ Math.imul(counter + 1, 0x85ebca77) ^ a);
  }
  return (a * 2 ** 21 + (b >>> 11)) / 2 ** 53;
}

/** The id of the largest score; of equal ones the smallest id. */
export function argmaxOf(scores: Scores): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return best;
}

/** ln p of one id. @param largest of the scores, where it is known */
export const logProbabilityOf = (scores: Scores, id: number, largest?: number): number =>
  scores[id]! - logSumExpOf(scores, largest);

/** The n likeliest ids, the likeliest first; of equal ones the smaller id. */
export function likeliestOf(scores: Scores, n: number): Choice[] {
  const best: number[] = [];
  for (let id = 0; id < scores.length; id++) {
    const score = scores[id]!;
    if (best.length === n && !(score > scores[best[n - 1]!]!)) continue;
    let at = best.length;
    while (at > 0 && score > scores[best[at - 1]!]!) at--;
    best.splice(at, 0, id);
    if (best.length > n) best.pop();
  }
  const shift = logSumExpOf(scores);
  return best.map((id) => ({ id, logProbability: scores[id]! - shift }));
}

/** The id at `u` of the cumulative probabilities, ids in rising order. @param u in [0, 1) */
export function drawAt(scores: Scores, u: number): number {
  const largest = largestOf(scores);
  let total = 0;
  for (let i = 0; i < scores.length; i++) total += Math.exp(scores[i]! - largest);
  let rest = u * total;
  let last = 0;
  for (let i = 0; i < scores.length; i++) {
    const weight = Math.exp(scores[i]! - largest);
    if (weight === 0) continue;
    if (rest < weight) return i;
    rest -= weight;
    last = i;
  }
  return last; // rounding left a rest at the end
}
