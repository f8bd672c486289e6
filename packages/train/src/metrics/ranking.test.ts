// Ranking measures against scikit-learn, and by hand.

import { expect, test } from 'vitest';
import { golden } from '../../test/metrics-golden.ts';
import { measure } from './metric.ts';
import { ranking } from './ranking.ts';

test('nDCG and average precision equal scikit-learn', () => {
  const { gains, scores, ndcg3, ndcg8, averagePrecision } = golden().ranking;
  const rows = gains.map((gain, q) => ({
    ranked: gain.map((_, i) => i).sort((a, b) => scores[q]![b]! - scores[q]![a]!),
    relevant: new Map(gain.map((g, i) => [i, g])),
  }));
  const own = measure(ranking({ at: [3, 8] }), rows);
  expect(own.ndcg.get(3)).toBeCloseTo(ndcg3, 12);
  expect(own.ndcg.get(8)).toBeCloseTo(ndcg8, 12);
  expect(own.averagePrecision).toBeCloseTo(averagePrecision, 12);
});

test('recall, precision, hits and reciprocal rank by hand', () => {
  const own = measure(ranking({ at: [1, 2, 5] }), [
    { ranked: ['a', 'b', 'c'], relevant: new Set(['b', 'd']) },
    { ranked: ['x'], relevant: new Set(['x']) },
    { ranked: [], relevant: new Set(['y']) },
  ]);
  expect(own.reciprocalRank).toBeCloseTo((1 / 2 + 1 + 0) / 3, 12);
  expect([...own.recall.values()]).toEqual([1 / 3, 1.5 / 3, 1.5 / 3]);
  expect([...own.precision.values()]).toEqual([1 / 3, 1 / 3, (0.2 + 0.2) / 3]);
  expect([...own.hits.values()]).toEqual([1 / 3, 2 / 3, 2 / 3]);
  expect(own.averagePrecision).toBeCloseTo((1 / 2 / 2 + 1) / 3, 12);
});

test('nDCG of the example of Järvelin and Kekäläinen with exponential gains', () => {
  const relevant = new Map([
    ['a', 3],
    ['b', 2],
    ['c', 3],
    ['e', 1],
    ['f', 2],
  ]);
  const own = measure(ranking({ at: [6], gain: 'exponential' }), [
    { ranked: ['a', 'b', 'c', 'd', 'e', 'f'], relevant },
  ]);
  const dcg = (gains: number[]) => gains.reduce((sum, g, i) => sum + (2 ** g - 1) / Math.log2(i + 2), 0);
  expect(own.ndcg.get(6)).toBeCloseTo(dcg([3, 2, 3, 0, 1, 2]) / dcg([3, 3, 2, 2, 1, 0]), 12);
});

test('a question without relevant answers, and an answer ranked twice, are refused', () => {
  expect(() => measure(ranking(), [{ ranked: ['a'], relevant: new Set<string>() }])).toThrow(
    'a question has no relevant answer',
  );
  expect(() => measure(ranking(), [{ ranked: ['a', 'a'], relevant: new Set(['a']) }])).toThrow(
    'an answer is ranked twice',
  );
});
