import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cut } from 'jieba-wasm';
import { describe, expect, it } from 'vitest';
import { type Tokenizer, trainByteLevelBpe, trainUnigram } from '../src/index.ts';

const folder = join(
  process.env.YUMO_SHARED ?? resolve(import.meta.dirname, '../../../../shared'),
  'data/lm/chinese-classics',
);
const there = existsSync(folder);
if (!there) console.log(`skipped: the Chinese classics are not in ${folder}; set YUMO_SHARED`);

const books = there
  ? readdirSync(folder)
      .filter((f) => f.endsWith('.gz'))
      .map((f) => gunzipSync(readFileSync(join(folder, f))))
  : [];
const bytes = books.reduce((sum, book) => sum + book.length, 0);
const linesOf = (book: Buffer): string[] => book.toString('utf8').match(/[^\n]*\n|[^\n]+$/g)!;

/** Tokens that decode to several Han characters. */
function hanTokens(tokenizer: Tokenizer): string[] {
  const texts = Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.decode([id]));
  return texts.filter((text) => /^\p{Script=Han}{2,}$/u.test(text));
}

describe.runIf(there)('the four classic novels', () => {
  it('take at most 30 MB of arrays per MB of text, though hardly a clause repeats (byte-level BPE, 8,192 tokens)', async () => {
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const tokenizer = await trainByteLevelBpe(books.flatMap(linesOf), {
      vocabularySize: 8192,
      onProgress: () => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      },
    });
    console.log(`${(bytes / 1e6).toFixed(1)} MB of text, ${(most / bytes).toFixed(1)} MB of arrays per MB of text`);
    expect(most / bytes).toBeLessThan(30);
    const text = books[0]!.toString('utf8').slice(0, 20_000);
    const ids = tokenizer.encodeIds(text);
    expect(tokenizer.decode(ids)).toBe(text);
    // 8,192 tokens know the characters of the books and their names: less than a token for a character.
    expect(ids.length / text.length).toBeLessThan(1);
    expect(tokenizer.encodeIds('贾宝玉').length).toBeLessThanOrEqual(2);
  });

  it('give words that jieba knows as tokens, when it cuts the text', async () => {
    const lines = linesOf(books[0]!).slice(0, 1500);
    const segment = (text: string) => cut(text, true);
    const dictionary = new Set(lines.flatMap(segment));
    const inDictionary = (token: string) => [...dictionary].some((word) => word.includes(token));
    const segmented = hanTokens(await trainByteLevelBpe(lines, { vocabularySize: 4000, segment }));
    expect(segmented.length).toBeGreaterThan(200);
    expect(segmented.filter((token) => !inDictionary(token))).toEqual([]);
    const free = hanTokens(await trainByteLevelBpe(lines, { vocabularySize: 4000 }));
    expect(free.filter((token) => !inDictionary(token)).length).toBeGreaterThan(20);
  });

  it('give a Unigram vocabulary with the names of the people in it', async () => {
    const lines = linesOf(books[0]!).slice(0, 1500);
    const tokenizer = await trainUnigram(lines, { vocabularySize: 8000 });
    const { tokens } = tokenizer.encode('宝玉笑道');
    expect(tokens.some((token) => token.includes('宝玉'))).toBe(true);
    expect(tokenizer.decode(tokenizer.encodeIds('宝玉笑道'))).toBe('宝玉笑道');
  });
});
