// Random tokenizer.json files through this package and through the Rust library: every column of every text equal.
// YUMO_COMPOSITIONS sets how many (default 25), YUMO_FUZZ_SEED where they begin.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wellFormed } from '../src/aligned-text.ts';
import { type Encoding, Tokenizer, type TokenizerJson } from '../src/index.ts';
import { newerThanReferences, randomNumbers } from './random-text.ts';
import { randomTokenizer, textFor } from './random-tokenizer.ts';
import { reference } from './reference.ts';
import { tokenizerData } from './shared-data.ts';

const count = Number(process.env.YUMO_COMPOSITIONS ?? 25);
const firstSeed = Number(process.env.YUMO_FUZZ_SEED ?? 1);
const textsEach = 12;

type Case = readonly [text: string, pair: string | null, addSpecialTokens: boolean];
interface Columns {
  sequences?: number[];
  attention: number[];
  windows?: Columns[];
}
type Answer = Columns | { error: string };

describe(`${count} random tokenizers give what the Rust library gives`, () => {
  it('ids, tokens, offsets, words, masks, windows and decoded text', { timeout: 60_000 + 4_000 * count }, async () => {
    let rust = reference(5_000);
    let compared = 0;
    for (let seed = firstSeed; seed < firstSeed + count; seed++) {
      const random = randomNumbers(seed);
      const json = randomTokenizer(random, characterMap());
      const texts = Array.from({ length: textsEach }, () => wellFormed(textFor(random, json)));
      const known = texts.filter((text) => !newerThanReferences.test(text));
      const cases = known.map(
        (text, i): Case => [text, i % 3 === 1 ? known[(i + 1) % known.length]! : null, i % 4 !== 3],
      );
      const answers = (await rust.ask({ json: JSON.stringify(json), cases })) as Answer[] | { error: string } | null;
      if (answers === null) {
        // This tokenizer aborts the reference, or keeps it busy for ever.
        rust[Symbol.dispose]();
        rust = reference(5_000);
        continue;
      }
      expect({ seed, ...('error' in answers ? answers : {}) }).toEqual({ seed });
      const tokenizer = Tokenizer.fromJson(json);
      cases.forEach((given, i) => {
        const got = encoded(tokenizer, given);
        const wanted = (answers as Answer[])[i]!;
        compared++;
        if ('error' in wanted && 'error' in got) return;
        for (const columns of [got, wanted] as Columns[]) comparable(columns, json);
        expect({ seed, given, ...got }).toEqual({ seed, given, ...wanted });
      });
    }
    rust[Symbol.dispose]();
    expect(compared).toBeGreaterThan(count * textsEach * 0.5);
  });
});

/** T5's character map, where it is at hand. */
function characterMap(): string | null {
  if (tokenizerData === null) return null;
  const text = readFileSync(join(tokenizerData, 't5-base', 'tokenizer.json'), 'utf8');
  return /"precompiled_charsmap":"([^"]+)"/.exec(text)![1]!;
}

function encoded(tokenizer: Tokenizer, [text, pair, addSpecialTokens]: Case): object {
  const truncation = tokenizer.truncation === null ? null : { ...tokenizer.truncation, rustCompatible: true };
  try {
    const encoding = tokenizer.encode(text, pair, {
      addSpecialTokens,
      truncation,
      specialTokensInText: 'parse',
      offsetUnit: 'codePoint',
    });
    const decode = (skipSpecialTokens: boolean) =>
      encoding.length === 0 ? '' : tokenizer.decode(encoding.ids, { skipSpecialTokens });
    return {
      ...columnsOf(encoding),
      decoded: decode(false),
      plain: decode(true),
      windows: encoding.overflowing.map(columnsOf),
    };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function columnsOf(encoding: Encoding): object {
  return {
    ids: [...encoding.ids],
    tokens: [...encoding.tokens],
    offsets: [...encoding.offsets],
    words: [...encoding.wordIds],
    types: [...encoding.typeIds],
    attention: [...encoding.attentionMask],
    special: [...encoding.specialTokensMask],
    sequences: [...encoding.sequenceIds],
  };
}

/** Where the reference has no idea of sequences (PARITY.md), they are not compared: padding, and windows without a post-processor. */
function comparable(columns: Columns, json: TokenizerJson): void {
  if (columns.sequences !== undefined)
    columns.sequences = columns.sequences.map((sequence, i) => (columns.attention[i] === 0 ? -1 : sequence));
  for (const window of columns.windows ?? []) {
    if (json.post_processor === null) delete window.sequences;
    else comparable(window, json);
  }
}
