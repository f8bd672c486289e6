// Drawing by seed: the numbers themselves, their spread, and the ids they choose.

import { describe, expect, it } from 'vitest';
import { argmaxOf, drawAt, logProbabilityOf, uniformAt } from './sampling.ts';

describe('the counter-based generator', () => {
  it('gives these numbers for ever: a change breaks every stored seed', () => {
    expect([
      uniformAt(0, 0, 0),
      uniformAt(1, 0, 0),
      uniformAt(0, 0, 1),
      uniformAt(-5, 3),
      uniformAt(2 ** 40 + 7, 1, 2),
    ]).toMatchInlineSnapshot(`
      [
        0.8579959889677392,
        0.4616704662597366,
        0.2282350870790265,
        0.6918254534650131,
        0.20399409855832284,
      ]
    `);
  });

  it('spreads evenly over [0, 1), for neighbouring seeds, rows and steps alike', () => {
    const draws = 20_000;
    for (const at of [
      (i: number) => uniformAt(i, 0, 0),
      (i: number) => uniformAt(3, i, 0),
      (i: number) => uniformAt(3, 0, i),
    ]) {
      const counts = new Array<number>(20).fill(0);
      let products = 0;
      for (let i = 0; i < draws; i++) {
        const u = at(i);
        counts[Math.floor(u * 20)]!++;
        products += (u - 0.5) * (at(i + 1) - 0.5);
      }
      // χ² with 19 degrees of freedom exceeds 43.8 once in a thousand.
      const expected = draws / 20;
      expect(counts.reduce((s, n) => s + (n - expected) ** 2 / expected, 0)).toBeLessThan(43.8);
      // The mean product of independent neighbours is 0 ± 1/(12·√draws).
      expect(Math.abs(products / draws)).toBeLessThan(4 / (12 * Math.sqrt(draws)));
    }
  });
});

describe('a drawn token', () => {
  const scores = Float32Array.from([0.2, Number.NEGATIVE_INFINITY, 0.5, 0.3].map(Math.log)); // log of a removed one stays −∞
  scores[1] = Number.NEGATIVE_INFINITY;

  it('is as frequent as it is probable, and removed ones never come', () => {
    const counts = [0, 0, 0, 0];
    const draws = 20_000;
    for (let i = 0; i < draws; i++) counts[drawAt(scores, uniformAt(5, i))]!++;
    expect(counts[1]).toBe(0);
    for (const [id, p] of [0.2, 0, 0.5, 0.3].entries())
      expect(Math.abs(counts[id]! / draws - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / draws));
  });

  it('is found at both ends of the interval', () => {
    expect(drawAt(scores, 0)).toBe(0);
    expect(drawAt(scores, 1 - 2 ** -53)).toBe(3);
  });

  it('has the log-probability of the softmax, also for large scores', () => {
    expect(logProbabilityOf(scores, 2)).toBeCloseTo(Math.log(0.5), 6);
    expect(logProbabilityOf(Float32Array.of(1000, 1000), 0)).toBeCloseTo(-Math.LN2, 12);
  });
});

it('the likeliest token is the first of equals', () => {
  expect(argmaxOf(Float32Array.of(1, 3, 3, 2))).toBe(1);
});
