// What holds for all metrics: neither batches nor order matter; sums are exact; intervals cover.

import { expect, test } from 'vitest';
import { permuted, randomNormal, randomUniform, streamKey } from '../random.ts';
import { accuracy } from './accuracy.ts';
import { bleu } from './bleu.ts';
import { bootstrap, pairedBootstrap } from './bootstrap.ts';
import { cmrc } from './chinese-answers.ts';
import { chrf } from './chrf.ts';
import { pearson, regressionErrors, spearman } from './correlation.ts';
import { entityF1 } from './entity-f1.ts';
import { exactSum } from './exact-sum.ts';
import { fScore } from './f-score.ts';
import { matthews } from './matthews.ts';
import { accumulate, type Metric, measure } from './metric.ts';
import { perplexity } from './perplexity.ts';
import { squad2 } from './question-answering.ts';
import { ranking } from './ranking.ts';
import { roc } from './roc.ts';
import { rouge } from './rouge.ts';

const key = streamKey(1, 'rows');
const number = (i: number, k: number): number => randomUniform(key, 7 * i + k);
const count = 60;
const rowsOf = <Row>(row: (i: number) => Row): Row[] => Array.from({ length: count }, (_, i) => row(i));
const sentence = (i: number, k: number): string =>
  Array.from(
    { length: 5 },
    (_, w) => ['我', 'the', 'cat', '。', 'saw', 'it'][Math.floor(number(31 * i + w, k) * 6)],
  ).join(' ');
const tags = (i: number, k: number): string[] =>
  Array.from({ length: 6 }, (_, w) => ['O', 'B-A', 'I-A', 'I-B'][Math.floor(number(17 * i + w, k) * 4)]!);

/** The same rows at once, in batches of 1, 7 and 100, and shuffled: the results are equal to the last bit. */
function checkBatches<Row, Part, Result>(metric: Metric<Row, Part, Result>, rows: readonly Row[]): void {
  const whole = measure(metric, rows);
  const shuffled = rows.map((_, i) => rows[permuted(5, i, rows.length)]!);
  for (const size of [1, 7, 100])
    for (const order of [rows, shuffled]) {
      const all = accumulate(metric);
      for (let i = 0; i < order.length; i += size) all.add(order.slice(i, i + size));
      expect(all.result()).toEqual(whole);
    }
}

test('no metric changes with the size or the order of batches', () => {
  const labels = rowsOf((i) => ({ expected: Math.floor(number(i, 0) * 3), predicted: Math.floor(number(i, 1) * 3) }));
  checkBatches(accuracy, labels);
  checkBatches(fScore(), labels);
  checkBatches(matthews, labels);
  checkBatches(
    roc,
    rowsOf((i) => ({ expected: number(i, 0) < 0.4, score: Math.round(number(i, 1) * 20) })),
  );
  const values = rowsOf((i) => ({ expected: number(i, 0), predicted: number(i, 1) * 1e6 }));
  checkBatches(pearson, values);
  checkBatches(spearman, values);
  checkBatches(regressionErrors, values);
  checkBatches(
    perplexity,
    rowsOf((i) => ({ nats: number(i, 0) * 10 ** (i % 9), tokens: 1 + i, bytes: 3 + i })),
  );
  const texts = rowsOf((i) => ({ predicted: sentence(i, 0), references: [sentence(i, 1), sentence(i, 2)] }));
  checkBatches(bleu(), texts);
  checkBatches(chrf({ words: 2 }), texts);
  checkBatches(rouge({ stemmer: true }), texts);
  const answers = rowsOf((i) => ({ predicted: sentence(i, 0), answers: i % 3 ? [sentence(i, 1)] : [] }));
  checkBatches(squad2, answers);
  checkBatches(cmrc, answers);
  checkBatches(
    entityF1(),
    rowsOf((i) => ({ expected: tags(i, 0), predicted: tags(i, 1) })),
  );
  checkBatches(
    ranking(),
    rowsOf((i) => ({ ranked: [0, 1, 2, 3].map((a) => permuted(i, a, 4)), relevant: new Set([0, i % 4]) })),
  );
});

test('a batch with a bad row leaves the accumulator as it was', () => {
  const all = accumulate(perplexity);
  all.add([{ nats: 2, tokens: 1 }]);
  expect(() =>
    all.add([
      { nats: 1, tokens: 1 },
      { nats: Number.NaN, tokens: 1 },
    ]),
  ).toThrow('perplexity: nats is NaN');
  expect(all.result().loss).toBe(2);
});

test('perplexity weighs by tokens, and bits per byte and character do not depend on the tokens', () => {
  // Two uniform choices among 8, over 3 + 1 tokens: each costs ln 8.
  const text = '你好, ok';
  const own = measure(perplexity, [
    { nats: 3 * Math.log(8), tokens: 3, bytes: 9, characters: 5 },
    { nats: Math.log(8), tokens: 1, bytes: 2, characters: 1 },
  ]);
  expect(own.perplexity).toBeCloseTo(8, 12);
  expect(own.bitsPerToken).toBeCloseTo(3, 12);
  expect(new TextEncoder().encode(text)).toHaveLength(10);
  expect(own.bitsPerByte).toBeCloseTo(12 / 11, 12);
  expect(own.bitsPerCharacter).toBeCloseTo(12 / 6, 12);
  expect(measure(perplexity, [{ nats: 1, tokens: 1 }])).not.toHaveProperty('bitsPerByte');
});

test('sums are exact where a plain sum loses everything', () => {
  expect(exactSum([1e100, 1, -1e100, 1e-20])).toBe(1);
  expect(exactSum(new Array<number>(10).fill(0.1))).toBe(1);
  expect(exactSum([1e16, 1, 1e-16])).toBe(10000000000000002); // half a unit and a bit more
  expect(exactSum([])).toBe(0);
  expect(exactSum([1, Number.POSITIVE_INFINITY, 2])).toBe(Number.POSITIVE_INFINITY);
  expect(exactSum([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBeNaN();
});

test('the bootstrap interval of a share has the width of the normal approximation', () => {
  const rows = Array.from({ length: 400 }, (_, i) => ({ expected: 1, predicted: i % 4 === 0 ? 0 : 1 }));
  const all = accumulate(accuracy);
  all.add(rows);
  const own = bootstrap(accuracy, all.parts, (share) => share, { samples: 2000, seed: 3 });
  const error = Math.sqrt((0.75 * 0.25) / 400);
  expect(own.score).toBe(0.75);
  expect(own.standardError / error).toBeGreaterThan(0.95);
  expect(own.standardError / error).toBeLessThan(1.05);
  expect((own.high - own.low) / (2 * 1.96 * error)).toBeGreaterThan(0.93);
  expect((own.high - own.low) / (2 * 1.96 * error)).toBeLessThan(1.07);
  expect(bootstrap(accuracy, all.parts, (share) => share, { samples: 2000, seed: 3 })).toEqual(own);
});

test('the paired bootstrap tells a steady gain from noise', () => {
  const noise = (i: number): number => randomNormal(key, i);
  const part = (error: number) => ({ expected: 0, predicted: error });
  const first = Array.from({ length: 100 }, (_, i) => part(3 + noise(i)));
  const better = Array.from({ length: 100 }, (_, i) => part(2.9 + noise(i)));
  const other = Array.from({ length: 100 }, (_, i) => part(3 + noise(1000 + i)));
  const score = (errors: { meanAbsolute: number }): number => -errors.meanAbsolute;
  expect(pairedBootstrap(regressionErrors, first, better, score).pValue).toBeLessThan(0.01);
  expect(pairedBootstrap(regressionErrors, first, other, score).pValue).toBeGreaterThan(0.02);
  expect(() => pairedBootstrap(regressionErrors, first, [], score)).toThrow(
    '100 and 0 rows cannot be compared in pairs',
  );
});
