// ln Σ exp by tables against Math.exp, from scores that differ little to scores that differ beyond counting.

import { expect, it } from 'vitest';
import { logSumExpOf } from './log-sum-exp.ts';
import { uniformAt } from './sampling.ts';

const exact = (scores: Float32Array): number => {
  const largest = scores.reduce((a, b) => Math.max(a, b));
  return largest + Math.log(scores.reduce((sum, x) => sum + Math.exp(x - largest), 0));
};

it.each([0.01, 1, 20, 120, 1e4])('agrees with Math.exp where scores spread over %f', (spread) => {
  for (let salt = 0; salt < 20; salt++) {
    const scores = Float32Array.from({ length: 3000 }, (_, i) => spread * (uniformAt(salt, i) - 0.5));
    expect(Math.abs(logSumExpOf(scores) - exact(scores))).toBeLessThan(1e-10);
  }
});

it('leaves out what was removed, and what is too small to count', () => {
  expect(logSumExpOf(Float32Array.of(2, Number.NEGATIVE_INFINITY))).toBe(2);
  expect(logSumExpOf(Float32Array.of(2, -1e9, -600))).toBe(2);
  // Every distance once, the ends of the tables among them.
  for (let distance = 0; distance < 80; distance += 0.01)
    expect(logSumExpOf(Float64Array.of(0, -distance))).toBeCloseTo(Math.log1p(Math.exp(-distance)), 10);
  expect(logSumExpOf(Float32Array.of(Number.NEGATIVE_INFINITY))).toBe(Number.NEGATIVE_INFINITY);
});
