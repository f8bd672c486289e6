// What inspection finds, on rows whose answers are known.

import { trainCharacters } from '@yumo/tokenizer';
import { describe, expect, test } from 'vitest';
import { cleanRows } from './clean-rows.ts';
import { inspectData, lengthsOf, textOfRow } from './inspect.ts';
import { readData } from './readers/read.ts';

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text));
const read = (name: string, text: string) => readData({ name, bytes: bytes(text) });

describe('inspection', () => {
  test('quantiles and the histogram of lengths are those of the definition', () => {
    const lengths = lengthsOf(Array.from({ length: 101 }, (_, i) => i));
    expect(lengths.mean).toBe(50);
    expect(lengths.quantiles).toEqual({ '0': 0, '25': 25, '50': 50, '75': 75, '95': 95, '99': 99, '100': 100 });
    expect(lengths.histogram.map((r) => [r.from, r.to, r.count])).toEqual([
      ...[
        [0, 1, 1],
        [1, 2, 1],
        [2, 4, 2],
        [4, 8, 4],
        [8, 16, 8],
        [16, 32, 16],
        [32, 64, 32],
        [64, 128, 37],
      ],
    ]);
  });

  test('labels are found by name, by few values, in tags and spans', async () => {
    const table = await read(
      'a.csv',
      `text,sentiment\n${Array.from({ length: 20 }, (_, i) => `row number ${i},${i % 4 ? 'up' : 'down'}`).join('\n')}\n`,
    );
    const tags = await read('b.conll', 'EU B-ORG\nrejects O\nGerman B-MISC\ncall I-MISC\n\nPeter B-PER\nsaid O\n');
    const { files } = inspectData([table, tags]);
    expect(files[0]!.labels).toEqual({ up: 15, down: 5 });
    expect(files[1]!.labels).toEqual({ ORG: 1, MISC: 1, PER: 1 });
  });

  test('a tokenizer’s coverage counts tokens, what does not come back, and the vocabulary that is used', async () => {
    const tokenizer = await trainCharacters(['abc ']);
    const file = await read('t.txt', 'abca\nabxd\n');
    const { tokens } = inspectData([file], { tokenizer }).files[0]!;
    expect(tokens).toMatchObject({ tokens: 6, changed: 1, used: 3, vocabulary: 4, unknown: 0 });
    expect(tokens!.charactersPerToken).toBeCloseTo(8 / 6, 12);
  });

  test('the text of a row is what a model would see of it', () => {
    expect(textOfRow({ task: 'tagging', tokens: ['浙', '江'], tags: ['B', 'I'] })).toBe('浙江');
    expect(textOfRow({ task: 'pair', first: 'a', second: 'b' })).toBe('a\nb');
    expect(
      textOfRow({ task: 'record', line: 1, fields: { label: '1', text: 'a long enough text to be the text' } }),
    ).toBe('a long enough text to be the text');
    const nested = { tokens: ['Ada', 'runs'], translation: { en: 'Ada runs', zh: '艾达跑步' }, tags: [1, 0] };
    expect(textOfRow({ task: 'record', line: 1, fields: nested })).toBe('Ada runs\nAda runs 艾达跑步');
  });
});

test('cleaning keeps the other fields of a row, and names a field that is not there', async () => {
  const file = await read('r.jsonl', '{"id":1,"body":"one  two"}\n{"id":2,"body":"one two"}\n');
  const { content, report } = cleanRows(file, { field: 'body', duplicates: { likeness: 'exact' } });
  expect(content).toBe('{"id":1,"body":"one two"}\n');
  expect(report).toMatchObject({ texts: 2, kept: 1 });
  expect(() => cleanRows(file, { field: 'bdy' })).toThrow('r.jsonl: row 1 has no text in "bdy"; did you mean "body"?');
});
