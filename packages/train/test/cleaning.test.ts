// Repeats, overlaps and languages of the reference data, against what its READMEs count.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findDuplicates, findOverlap, languageOf } from '../src/data/cleaning/index.ts';
import { type DataRow, readData } from '../src/data/readers/index.ts';
import { sharedFolder } from '../src/shared.node.ts';

const folder = sharedFolder('data');
const rowsOf = async (name: string): Promise<readonly DataRow[]> =>
  (await readData({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) })).rows;
const reviews = async (part: string) =>
  (await rowsOf(`classification/chnsenticorp/${part}.tsv.gz`)).map((row) =>
    row.task === 'record' ? (row.fields.text_a as string) : '',
  );

describe.runIf(existsSync(folder))('the reference data', () => {
  test('ChnSentiCorp as published repeats itself and leaks into its dev set; its clean test set does not', async () => {
    const [train, dev, clean] = [await reviews('train'), await reviews('dev'), await reviews('test')];
    const readme = readFileSync(join(folder, 'classification/README.md'), 'utf8');
    const [, repeats, leaks] = /([\d,]+) training rows are repeats, (\d+) of the dev rows/
      .exec(readme)!
      .map((n) => Number(n.replace(',', '')));
    expect(findDuplicates(train, { likeness: 'identical' })).toHaveLength(repeats!);
    expect(findOverlap(train, dev, { likeness: 'identical' }).shared).toHaveLength(leaks!);
    expect(findOverlap(train, clean, { likeness: 'identical' }).shared).toHaveLength(0);
    const near = findOverlap(train, clean);
    console.log(
      `ChnSentiCorp: ${repeats} repeats in train, ${leaks} dev rows leak; clean test: ${near.shared.length} of ${near.testTexts} near repeats`,
    );
  });

  test('languages are told in sentences of three languages', async () => {
    for (const [language, name] of [
      ['en', 'xquad.en'],
      ['zh', 'xquad.zh'],
      ['de', 'xquad.de'],
    ] as const) {
      const questions = (await rowsOf(`qa/xquad/${name}.json.gz`)).map((row) =>
        row.task === 'question-answering' ? row.question : '',
      );
      const guesses = questions.map((question) => languageOf(question).language);
      const right = guesses.filter((guess) => guess === language).length / guesses.length;
      const wrong = guesses.filter((guess) => guess !== undefined && guess !== language).length / guesses.length;
      console.log(
        `${language}: ${(100 * right).toFixed(1)} % told, ${(100 * wrong).toFixed(1)} % taken for another language, of ${questions.length} questions`,
      );
      expect(right).toBeGreaterThan(0.95);
      expect(wrong).toBeLessThan(0.03);
    }
  });
});
