// ROUGE against the examples of Lin's paper and of rouge_score; Porter's stemmer against NLTK.

import { expect, test } from 'vitest';
import { golden } from '../../test/metrics-golden.ts';
import { measure } from './metric.ts';
import { stem } from './porter.ts';
import { rouge } from './rouge.ts';

const of = (predicted: string, reference: string, options = {}) =>
  measure(rouge(options), [{ predicted, references: [reference] }]);

test('the example of rouge_score gives its numbers', () => {
  const own = of('The quick brown dog jumps on the log.', 'The quick brown fox jumps over the lazy dog', {
    stemmer: true,
  });
  // 6 of 8 and of 9 words; the longest common subsequence is "the quick brown jumps the".
  expect(own.rouge1.precision).toBeCloseTo(6 / 8, 12);
  expect(own.rouge1.recall).toBeCloseTo(6 / 9, 12);
  expect(own.rouge1.f).toBeCloseTo(12 / 17, 12);
  expect(own.rougeL.precision).toBeCloseTo(5 / 8, 12);
  expect(own.rougeL.f).toBeCloseTo(10 / 17, 12);
  expect(own.rouge2.f).toBeCloseTo((2 * 2) / (7 + 8), 12);
});

test('ROUGE-L ranks the sentences of Lin 2004, §3.1 as the paper does', () => {
  const reference = 'police killed the gunman';
  expect(of('police kill the gunman', reference).rougeL.f).toBeCloseTo(3 / 4, 12);
  expect(of('the gunman kill police', reference).rougeL.f).toBeCloseTo(2 / 4, 12);
  expect(of('the gunman kill police', reference).rouge2.f).toBe(of('police kill the gunman', reference).rouge2.f);
});

test('ROUGE-Lsum takes the union over sentences, as in Lin 2004, §3.2', () => {
  const own = of('w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5', 'w1 w2 w3 w4 w5');
  expect(own.rougeLsum.recall).toBeCloseTo(4 / 5, 12);
  expect(own.rougeLsum.precision).toBeCloseTo(4 / 10, 12);
});

test('a token that a summary says once counts once in ROUGE-Lsum', () => {
  const own = of('w1 w2', 'w1 w3\nw1 w4');
  expect(own.rougeLsum.recall).toBeCloseTo(1 / 4, 12);
});

test('where two subsequences are equally long, ROUGE-Lsum takes the one that rouge_score takes', () => {
  // Of "a b" against "b a" both "a" and "b" are longest. It takes "a", and the second line brings nothing new.
  expect(of('b a\na', 'a b').rougeLsum).toMatchObject({ precision: 1 / 3, recall: 1 / 2 });
});

test('stemming makes word forms meet, short words stay', () => {
  expect(of('he is running', 'he was runs').rouge1.f).toBeCloseTo(1 / 3, 12);
  expect(of('he is running', 'he was runs', { stemmer: true }).rouge1.f).toBeCloseTo(2 / 3, 12);
});

test('Chinese is compared by character, other words stay whole; as English nothing would be left', () => {
  const own = of('今天BERT很好', '今天的BERT好', { language: 'characters' });
  expect(own.rouge1.f).toBeCloseTo((2 * 4) / (5 + 5), 12);
  expect(own.rouge2.f).toBeCloseTo((2 * 1) / (4 + 4), 12);
  expect(own.rougeL.f).toBeCloseTo((2 * 4) / (5 + 5), 12);
  expect(of('今天很好', '今天很好').rouge1.f).toBe(0);
});

test('of several references the best counts, for each measure apart', () => {
  const own = measure(rouge(), [{ predicted: 'a b c', references: ['c b a', 'a b x y'] }]);
  expect(own.rouge1.f).toBe(1);
  expect(own.rouge2.f).toBeCloseTo(2 / 5, 12);
});

test('an empty summary scores 0', () => {
  expect(of('', 'something').rougeL).toEqual({ precision: 0, recall: 0, f: 0 });
});

test('the stems are those of NLTK', () => {
  const { stems } = golden();
  expect(Object.fromEntries(Object.keys(stems).map((word) => [word, stem(word)]))).toEqual(stems);
});
