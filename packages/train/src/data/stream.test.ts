// Streaming: rows of files, the split by hash, ids on disk, shuffling with a bounded buffer.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isYumoError } from '@yumo/core';
import { type Tokenizer, trainByteLevelBpe } from '@yumo/tokenizer';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { isTrainingRow } from './row-split.ts';
import { type StreamedCorpusOptions, streamedCorpus } from './streamed-corpus.node.ts';
import { streamTextRows, type TextRow, type TextStreamOptions } from './text-stream.node.ts';
import { bufferedRows, memorySource, orderedSourceRows } from './token-source.ts';

const place = mkdtempSync(join(tmpdir(), 'yumo-stream-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(place, name);
  writeFileSync(path, content);
  return path;
};
async function rowsOf(path: string, options: TextStreamOptions = {}): Promise<TextRow[]> {
  const all: TextRow[] = [];
  for await (const rows of streamTextRows(path, options)) all.push(...rows);
  return all;
}
const failure = async (run: () => Promise<unknown>): Promise<{ code: string; message: string }> => {
  try {
    await run();
  } catch (error) {
    if (isYumoError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

/** Enough lines for several blocks, of every length of UTF-8. */
const lines = Array.from({ length: 30_000 }, (_, i) => `${i} 墨水 é 🖋 ${'x'.repeat(i % 50)}${i % 7 === 6 ? '\n' : ''}`);
const text = `${lines.join('\n')}\n`;

describe('rows of a text file', () => {
  const paragraphs = text.split(/\n\n+/).map((p) => p.replace(/\n$/, ''));

  it.each([
    ['plain.txt', text],
    ['packed.txt.gz', gzipSync(text)],
    ['windows.txt', text.replaceAll('\n', '\r\n')],
    ['marked.txt', `\ufeff${text}`],
    ['wide.txt', Buffer.from(`\ufeff${text}`, 'utf16le')],
  ])('are the paragraphs that splitting the whole text gives, with their lines: %s', async (name, content) => {
    const path = file(name, content);
    const rows = await rowsOf(path);
    expect(rows.map((r) => r.text)).toEqual(paragraphs);
    const at = text.split('\n');
    for (const row of [rows[0]!, rows[17]!, rows.at(-1)!]) expect(row.text.startsWith(at[row.line - 1]!)).toBe(true);
    const single = await rowsOf(path, { unit: 'line' });
    expect(single.map((r) => r.text)).toEqual(at.filter((l) => l !== ''));
    expect(at[single.at(-1)!.line - 1]).toBe(single.at(-1)!.text);
  });

  it('a paragraph longer than a block is cut at line breaks, and its pieces joined are the paragraph', async () => {
    const long = Array.from({ length: 4000 }, (_, i) => `line ${i} of one long paragraph without a blank line`).join(
      '\n',
    );
    const rows = await rowsOf(file('long.txt', `${long}\n\nnext\n`));
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.map((r) => r.cut)).toEqual(rows.map((_, i) => i < rows.length - 2));
    expect(
      rows
        .slice(0, -1)
        .map((r) => r.text)
        .join(''),
    ).toBe(long);
    expect(rows.at(-1)!.text).toBe('next');
  });

  it('of .jsonl are its text fields; a wrong row is named with file, line and field', async () => {
    const rows = lines.map((l) => JSON.stringify({ text: l, n: 1 })).join('\n');
    expect((await rowsOf(file('rows.jsonl', rows))).map((r) => r.text)).toEqual(lines.filter((l) => l.trim() !== ''));
    const wrong = file('wrong.jsonl', `${rows}\n{"txt": "x"}`);
    const error = await failure(() => rowsOf(wrong));
    expect(error).toMatchObject({ code: 'DATA', message: `${wrong}:30001: no field "text"; did you mean "txt"?` });
  });

  it.each([
    [
      'gbk.txt',
      Buffer.from('d6d0cec4b5c4d7d6b7fbcac7d2bbd6d6b1e0c2eba3acb2bbcac7d6d0b9fab5c4', 'hex'),
      'gbk.txt:3: not UTF-8 text, it looks like GBK (gb18030); convert it first: iconv -f gb18030 -t utf-8 gbk.txt > utf8-gbk.txt',
    ],
    ['big5.txt', Buffer.from('a4a4a4e5aabaa672b2c5acb0a440bad8a67ba6b3a4a3acb0b0eaaaba', 'hex'), 'it looks like big5'],
    [
      'latin.txt',
      Buffer.from('Das M\u00fcsli ist f\u00fcr alle, die s\u00fc\u00df m\u00f6gen', 'latin1'),
      'it looks like windows-1252',
    ],
    ['wide.txt', Buffer.from('no mark', 'utf16le'), 'it looks like utf-16le'],
  ])('in another encoding are refused with its name, the line and the way out: %s', async (name, bytes, message) => {
    const path = file(name, Buffer.concat([Buffer.from('fine\nfine\n'), bytes]));
    const error = await failure(() => rowsOf(path));
    expect(error.code).toBe('DATA');
    expect(error.message).toContain(message);
  });

  it('a line of 10 MB is read; one longer than the limit is named with its number', async () => {
    const path = file('line.txt', `a\nb\n${'word '.repeat(2_000_000)}\n`);
    expect((await rowsOf(path, { unit: 'line' })).at(-1)!.text.length).toBe(10_000_000);
    const error = await failure(() => rowsOf(path, { maxLineBytes: 2 ** 20 }));
    expect(error.message).toBe(
      `${path}:3: a line of more than 1048576 bytes; put line breaks into the file, or split it`,
    );
  });

  it('a damaged archive is named', async () => {
    const path = file('cut.txt.gz', gzipSync(text).subarray(0, 5000));
    expect(await failure(() => rowsOf(path))).toMatchObject({
      code: 'DATA',
      message: expect.stringContaining('damaged gzip'),
    });
  });
});

test('the split by hash keeps equal rows together and the share, whatever the order', () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `row ${i % 10_000} of this`);
  const parts = rows.map((r) => isTrainingRow(r, 0.9));
  expect(parts.slice(0, 10_000)).toEqual(parts.slice(10_000));
  const share = parts.filter(Boolean).length / parts.length;
  expect(Math.abs(share - 0.9)).toBeLessThan(4 * Math.sqrt((0.9 * 0.1) / 10_000)); // four standard errors
});

describe('a streamed corpus', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await trainByteLevelBpe(lines.slice(0, 2000), { vocabularySize: 400 });
  });
  const options = (changes: Partial<StreamedCorpusOptions> = {}): StreamedCorpusOptions => ({
    unit: 'paragraph',
    field: 'text',
    separator: '\n\n',
    trainShare: 0.8,
    cache: join(place, 'cache'),
    threads: 0,
    ...changes,
  });
  const both = async (paths: readonly string[], changes: Partial<StreamedCorpusOptions> = {}) => {
    const corpus = await streamedCorpus(paths, tokenizer, 16, options(changes));
    const [training, validation] = [
      await corpus.training.read(0, corpus.training.length),
      await corpus.validation.read(0, corpus.validation.length),
    ];
    await corpus.close();
    return { ...corpus, training, validation };
  };

  it('holds the ids of each part as encoding its rows one by one gives, and the same from the cache', async () => {
    const paths = [file('a.txt', text), file('b.txt.gz', gzipSync('Another file.\n\nWith two rows.'))];
    const rows = (await Promise.all(paths.map((p) => rowsOf(p)))).flat().map((r) => r.text);
    const ids = (training: boolean): number[] =>
      rows.filter((r) => isTrainingRow(r, 0.8) === training).flatMap((r) => [...tokenizer.encodeIds(`${r}\n\n`)]);
    const made = await both(paths);
    expect(made.cached).toBe(0);
    expect([...made.training]).toEqual(ids(true));
    expect([...made.validation]).toEqual(ids(false));
    expect(made.trainingRows + made.validationRows).toBe(rows.length);
    const kept = rows.filter((r) => !isTrainingRow(r, 0.8)).reduce((n, r) => n + Array.from(`${r}\n\n`).length, 0);
    expect(made.validationCharacters).toBe(kept - Array.from(tokenizer.decode([made.validation[0]!])).length);
    const again = await both(paths);
    expect(again.cached).toBe(2);
    expect(again).toMatchObject({
      training: made.training,
      validation: made.validation,
      fingerprint: made.fingerprint,
    });
  });

  it('is made anew for another tokenizer, separator or share, and where the cache was damaged', async () => {
    const path = file('c.txt', text);
    const first = await both([path], { cache: join(place, 'other') });
    expect((await both([path], { cache: join(place, 'other'), separator: '\n' })).cached).toBe(0);
    expect((await both([path], { cache: join(place, 'other'), trainShare: 0.7 })).cached).toBe(0);
    for (const entry of readdirSync(join(place, 'other'))) {
      const ids = join(place, 'other', entry, 'training.ids');
      const bytes = readFileSync(ids);
      bytes[1000]! ^= 1;
      writeFileSync(ids, bytes);
    }
    const repaired = await both([path], { cache: join(place, 'other') });
    expect(repaired.cached).toBe(0);
    expect(repaired.training).toEqual(first.training);
    expect((await both([path], { cache: join(place, 'other') })).cached).toBe(1);
    expect(readdirSync(join(place, 'other')).filter((n) => n.endsWith('.partial'))).toEqual([]);
  });

  it('is the same when several make it at once', async () => {
    const path = file('d.txt', text);
    const corpora = await Promise.all([1, 2, 3].map(() => both([path], { cache: join(place, 'race') })));
    for (const corpus of corpora) expect(corpus.training).toEqual(corpora[0]!.training);
    expect(readdirSync(join(place, 'race')).length).toBe(1);
  });

  it('one row is too little, and said so', async () => {
    const error = await failure(() => both([file('one.txt', 'one row '.repeat(50))], { trainShare: 0.99 }));
    expect(error.code).toBe('DATA');
    expect(error.message).toMatch(
      /the validation part has 0 tokens \(.*one.txt, rows divided by their hash, trainShare 0.99\); give more rows/,
    );
  });
});

describe('shuffling with a bounded buffer', () => {
  const stream = Int32Array.from({ length: 10_000 }, (_, i) => i);
  const context = 7;

  it.each([128, 640, 100_000])(
    'shows every row of an epoch once, in another order each epoch; buffer of %i rows',
    async (buffer) => {
      const order = bufferedRows(memorySource(stream), 1, context, 3, buffer);
      const epochs: number[][] = [];
      for (let epoch = 0; epoch < 2; epoch++) {
        const starts: number[] = [];
        for (let i = 0; i < order.rowsPerEpoch; i++) {
          const { inputIds, labels } = await order.batch(epoch * order.rowsPerEpoch + i);
          expect([...labels]).toEqual([...inputIds].map((x) => x + 1)); // neighbours in the stream
          starts.push(inputIds[0]!);
        }
        const sorted = [...starts].sort((a, b) => a - b);
        expect(sorted).toEqual(sorted.map((_, i) => sorted[0]! + i * context));
        epochs.push(starts);
      }
      expect(epochs[0]).not.toEqual(epochs[1]);
      // Spearman-like: a shuffled order has no correlation with the order of the stream beyond 4 standard errors.
      const n = order.rowsPerEpoch;
      const ranks = epochs[0]!.map((s) => s / context);
      const mean = (n - 1) / 2;
      const covariance = ranks.reduce(
        (sum, r, i) => sum + (r - ranks.reduce((a, b) => Math.min(a, b)) - mean) * (i - mean),
        0,
      );
      const correlation = covariance / ((n * (n * n - 1)) / 12);
      if (buffer >= 1000) expect(Math.abs(correlation)).toBeLessThan(4 / Math.sqrt(n));
    },
  );

  it('gives the same batch for the same number whatever was asked before, which is what resuming needs', async () => {
    const whole = bufferedRows(memorySource(stream), 5, context, 3, 128);
    const expected = [];
    for (let i = 0; i < 700; i++) expected.push(await whole.batch(i));
    for (const from of [0, 1, 57, 283, 286, 571]) {
      const resumed = bufferedRows(memorySource(stream), 5, context, 3, 128);
      for (let i = from; i < Math.min(700, from + 60); i++) expect(await resumed.batch(i)).toEqual(expected[i]);
    }
  });

  it('reads no more at once than the buffer holds', async () => {
    let most = 0;
    const source = {
      length: stream.length,
      read: async (start: number, count: number) => {
        most = Math.max(most, count);
        return stream.subarray(start, start + count);
      },
    };
    const order = bufferedRows(source, 4, context, 1, 64);
    for (let i = 0; i < 100; i++) await order.batch(i);
    expect(most).toBe(64 * context + 1);
  });

  it('validation in order predicts every token but the first once', async () => {
    const labels: number[] = [];
    for await (const batch of orderedSourceRows(memorySource(stream.subarray(0, 100)), 3, context, -100))
      labels.push(...batch.labels.filter((l) => l !== -100));
    expect(labels).toEqual(Array.from({ length: 99 }, (_, i) => i + 1));
  });
});
