// Cleaning on small texts: normal forms, languages, repeats, reports.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanTexts } from './clean.ts';
import { findDuplicates, findOverlap } from './duplicates.ts';
import { jaccard, shinglesOf, signatureOf, textKey } from './fingerprint.ts';
import { languageOf } from './language.ts';
import { normalizeText } from './normalize.ts';
import { stopWords, withoutStopWords } from './stop-words.ts';

test('normalising composes, drops what cannot be seen and evens out blanks', () => {
  expect(normalizeText('\ufeffcafe\u0301\u200b \u00a0 x \r\n\r\n\r\n\r\ny\u0000\t')).toBe('caf\u00e9 x\n\ny');
  expect(normalizeText('ＡＢＣ１２３', { form: 'NFKC' })).toBe('ABC123');
  expect(normalizeText('  a  ', { blanks: false, invisible: false })).toBe('  a  ');
  expect(normalizeText('👨‍👩‍👧')).toBe('👨‍👩‍👧');
  expect(normalizeText('a\ud800b')).toBe('a\ufffdb');
});

test('normalising twice changes nothing more', () => {
  const text = fc.string({
    unit: fc.constantFrom(
      'a',
      ' ',
      '\n',
      '\r',
      '\t',
      '\u0301',
      '\u200b',
      '\u00ad',
      '\ufeff',
      '\u3000',
      '好',
      '\u0000',
      '\u2028',
      'ﬁ',
      '\u1100',
      '\u1161',
    ),
  });
  fc.assert(
    fc.property(text, fc.constantFrom('NFC' as const, 'NFKC' as const), (t, form) => {
      const once = normalizeText(t, { form });
      expect(normalizeText(once, { form })).toBe(once);
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test.each([
  ['我们今天使用TensorFlow训练模型', 'zh'],
  ['これは日本の文章です', 'ja'],
  ['한국어 문장입니다', 'ko'],
  ['Это русский текст', 'ru'],
  ['The cat is on the mat', 'en'],
  ['Die Katze ist auf dem Dach', 'de'],
  ['Le chat est sur la table avec nous', 'fr'],
  ['12345 !!', undefined],
  ['Xyzzy plugh', undefined],
])('%s is %s', (text, language) => {
  expect(languageOf(text).language).toBe(language);
});

test('the similarity of texts is that of their runs of five characters', () => {
  const of = (a: string, b: string) => jaccard(shinglesOf(a), shinglesOf(b));
  expect(of('abcdefg', 'abcdefg')).toBe(1);
  expect(of('abcdefg', 'abcdefx')).toBeCloseTo(2 / 4, 12); // abcde bcdef | cdefg | cdefx
  expect(of('abcdef', 'uvwxyz')).toBe(0);
  expect(of('Ab, cd-EF', 'abcdef')).toBe(1);
  expect(of('你好', '你好！')).toBe(1);
});

test('equal shares of a signature estimate the similarity', () => {
  const letters = Array.from({ length: 1200 }, (_, i) => String.fromCodePoint(0x4e00 + ((i * 7919) % 20000)));
  const [a, b] = [shinglesOf(letters.slice(0, 1000).join('')), shinglesOf(letters.slice(200).join(''))];
  const [x, y] = [signatureOf(a), signatureOf(b)];
  const equal = x.filter((value, i) => value === y[i]).length / x.length;
  expect(Math.abs(equal - jaccard(a, b))).toBeLessThan(0.13); // three deviations of 128 draws
});

const sentence = 'The quick brown fox jumps over the lazy dog near the river bank on a sunny day in May';

test('identical, exact and near repeats point at the first text like them', () => {
  const texts = [
    sentence,
    `${sentence.toUpperCase()}!`,
    sentence,
    `${sentence} 2024`,
    'something else altogether here',
  ];
  expect(findDuplicates(texts, { likeness: 'identical' })).toEqual([{ index: 2, of: 0, similarity: 1 }]);
  expect(findDuplicates(texts, { likeness: 'exact' }).map((d) => [d.index, d.of])).toEqual([
    [1, 0],
    [2, 0],
  ]);
  const near = findDuplicates(texts);
  expect(near.map((d) => [d.index, d.of])).toEqual([
    [1, 0],
    [2, 0],
    [3, 0],
  ]);
  expect(near[2]!.similarity).toBeCloseTo(jaccard(shinglesOf(sentence), shinglesOf(`${sentence} 2024`)), 12);
});

test('near repeats are the pairs that a comparison of all finds', () => {
  const words = ['红', '楼', '梦', '三', '国', '水', '浒', '西', '游', '记'];
  const texts = Array.from({ length: 120 }, (_, i) =>
    Array.from({ length: 60 }, (_, k) => words[(k * (1 + (i % 12)) + (k % (7 + (i % 5)) === i % 7 ? i : 0)) % 10]).join(
      '',
    ),
  );
  const kept: number[] = [];
  const expected: number[] = [];
  texts.forEach((text, i) => {
    if (kept.some((j) => jaccard(shinglesOf(texts[j]!), shinglesOf(text)) >= 0.7)) expected.push(i);
    else kept.push(i);
  });
  expect(expected.length).toBeGreaterThan(10);
  expect(expected.length).toBeLessThan(110);
  expect(findDuplicates(texts, { threshold: 0.7 }).map((d) => d.index)).toEqual(expected);
});

test('of several texts that are near, the most similar is named', () => {
  const [a, b] = ['abcdefghijklmnopqrst', '0123456789uvwxyzABCD'];
  const both = `${a}${b}`;
  const like = findDuplicates([`${both}12`, a, `${both}1`], { threshold: 0.4 });
  expect(like.map((d) => [d.index, d.of])).toEqual([
    [1, 0],
    [2, 0],
  ]);
  const nearest = findOverlap([a + b.slice(0, 8), a.slice(12) + b], [a + b.slice(0, 10)], { threshold: 0.36 });
  expect(nearest.shared).toMatchObject([{ of: 0 }]);
  const turned = findOverlap([a.slice(12) + b, a + b.slice(0, 8)], [a + b.slice(0, 10)], { threshold: 0.36 });
  expect(turned.shared).toMatchObject([{ of: 1 }]);
});

test('a test set that overlaps is counted and warned of', () => {
  const overlap = findOverlap(['a', sentence, 'b'], [`${sentence}.`, 'c']);
  expect(overlap).toMatchObject({ trainTexts: 3, testTexts: 2, shared: [{ index: 0, of: 1, similarity: 1 }] });
  expect(overlap.warning).toContain('1 of 2 test rows (50.0 %) are also in the training data');
  expect(findOverlap(['a'], ['b'])).not.toHaveProperty('warning');
});

test('texts of marks alone are told apart', () => {
  expect(textKey('?!')).toBe('?!');
  expect(findDuplicates(['?!', '...', ''])).toEqual([]);
});

test('cleaning reports every row that it drops, and why', () => {
  const texts = [
    '  Good  day to you all ',
    '',
    'ok',
    'Das ist ein Satz auf Deutsch mit Verb',
    'good day to you all!',
    'x'.repeat(90),
    '12345 67890',
    'This is as it was',
  ];
  const { rows, report } = cleanTexts(texts, {
    minCharacters: 5,
    maxCharacters: 80,
    languages: ['en', 'zh'],
    duplicates: {},
  });
  expect(rows).toEqual([
    { index: 0, text: 'Good day to you all' },
    { index: 6, text: '12345 67890' },
    { index: 7, text: 'This is as it was' },
  ]);
  expect(report).toMatchObject({ texts: 8, kept: 3, changed: 1, unclearLanguage: 1 });
  expect([...report.dropped].sort()).toEqual([
    ['duplicate', 1],
    ['empty', 1],
    ['language', 1],
    ['too long', 1],
    ['too short', 1],
  ]);
  expect(report.examples).toContainEqual({ index: 4, reason: 'duplicate', detail: 'like row 1 (1.00)' });
  expect(report.examples).toContainEqual({ index: 3, reason: 'language', detail: 'de' });
  expect(() => cleanTexts([], { languages: ['english' as 'en'] })).toThrow('cleaning: no language "english"');
  expect(() => cleanTexts([], { minCharacters: 9, maxCharacters: 3 })).toThrow('no text could stay');
});

test('stop words are taken out as whole tokens', () => {
  expect(withoutStopWords(['The', 'theory', 'of', 'Everything'], 'en')).toEqual(['theory', 'Everything']);
  expect(withoutStopWords(['我们', '的', '学校', '很', '大'], 'zh', ['大'])).toEqual(['学校']);
  expect(stopWords('zh').has('的')).toBe(true);
});
