// What must hold for every text, whatever the vocabulary.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wellFormed } from '../src/aligned-text.ts';
import { byteAlphabet, Tokenizer, type TokenizerJson } from '../src/index.ts';
import { randomNumbers, randomText } from './random-text.ts';
import { tokenizerData } from './shared-data.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.integer().map((seed) => randomText(randomNumbers(seed))),
);

function byteLevel(): TokenizerJson {
  if (tokenizerData !== null)
    return JSON.parse(readFileSync(join(tokenizerData, 'gpt2', 'tokenizer.json'), 'utf8')) as TokenizerJson;
  return {
    version: '1.0',
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(byteAlphabet.map((c, i) => [c, i])), merges: [] },
  };
}

const tokenizer = Tokenizer.fromJson(byteLevel());

describe('byte-level BPE', () => {
  it('decoding gives the text back', () => {
    fc.assert(
      fc.property(text, (s) => {
        expect(tokenizer.decode(tokenizer.encodeIds(s))).toBe(wellFormed(s));
      }),
    );
  });

  it('streaming gives what decoding gives', () => {
    fc.assert(
      fc.property(text, (s) => {
        const ids = tokenizer.encodeIds(s);
        const stream = tokenizer.decodeStream();
        expect([...ids].map((id) => stream.push(id)).join('') + stream.end()).toBe(tokenizer.decode(ids));
      }),
    );
  });

  it('offsets go forward and cover the text', () => {
    fc.assert(
      fc.property(text, (s) => {
        const { offsets, length } = tokenizer.encode(s);
        let covered = 0;
        for (let i = 0; i < length; i++) {
          expect(offsets[2 * i]).toBeLessThanOrEqual(covered);
          expect(offsets[2 * i + 1]).toBeGreaterThanOrEqual(covered);
          covered = offsets[2 * i + 1]!;
        }
        expect(covered).toBe(s.length);
      }),
    );
  });

  it('a batch is the texts one by one, and ids alone are the ids of the whole', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
        const batch = tokenizer.encodeBatch(texts);
        expect(batch).toEqual(texts.map((s) => tokenizer.encode(s)));
        texts.forEach((s, i) => {
          expect(tokenizer.encodeIds(s)).toEqual(batch[i]!.ids);
        });
      }),
    );
  });

  it('windows overlap by the stride and cover all tokens', () => {
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 1, max: 9 }),
        fc.nat({ max: 8 }),
        fc.boolean(),
        (s, maxLength, wanted, left) => {
          const stride = Math.min(wanted, maxLength - 1);
          const whole = [...tokenizer.encode(s).ids];
          const encoding = tokenizer.encode(s, null, {
            truncation: { maxLength, stride, direction: left ? 'Left' : 'Right' },
          });
          const windows = [encoding, ...encoding.overflowing].map(({ ids }) => [...ids]);
          if (left) windows.reverse();
          // The window where cutting ends is cut short; with cutting from the left that is the first one here.
          const tail = windows.slice(2).reduce((sum, ids) => sum + ids.length - stride, 0);
          const joined: number[] = [];
          windows.forEach((ids, i) => {
            const first = left && i === 1 ? joined.length + ids.length + tail - whole.length : stride;
            const overlap = i === 0 ? 0 : first;
            if (overlap > 0) expect(joined.slice(-overlap)).toEqual(ids.slice(0, overlap));
            joined.push(...ids.slice(overlap));
          });
          expect(joined).toEqual(whole);
          for (const ids of windows) expect(ids.length).toBeLessThanOrEqual(maxLength);
        },
      ),
    );
  });
});
