import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countWords, type WordSplitter } from './count-words.ts';
import { Pace } from './pace.ts';
import { WordCounts } from './word-counts.ts';

const whole: WordSplitter = (text, word) => word(text, 0, text.length);
const spaced: WordSplitter = (text, word) => {
  for (const { index, 0: match } of text.matchAll(/\S+/g)) word(text, index, index + match.length);
};

function entries(words: WordCounts): [string, number][] {
  return Array.from({ length: words.size }, (_, i) => [words.word(i), words.counts[i]!]);
}

describe('counting words', () => {
  it('counts as a Map does, in first-seen order', () => {
    const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom('', 'a', 'ab', '__proto__'));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 2000 }), (words) => {
        const [ours, map] = [new WordCounts(), new Map<string, number>()];
        for (const each of words) {
          ours.add(`<${each}>`, 1, 1 + each.length);
          map.set(each, (map.get(each) ?? 0) + 1);
        }
        expect(entries(ours)).toEqual([...map]);
      }),
    );
  });

  it('cuts words that are too long between characters, and loses none', async () => {
    const long = '\u{1f600}'.repeat(50);
    const words = await countWords([long], whole, { maxWordLength: 7 }, new Pace({}));
    expect(entries(words)).toEqual([
      ['\u{1f600}'.repeat(3), 16],
      ['\u{1f600}'.repeat(2), 1],
    ]);
  });

  it('remembers no more than it may, and keeps the words that are seen often', async () => {
    const texts = Array.from({ length: 5000 }, (_, i) => `often common number-${i}`);
    const words = await countWords(texts, spaced, { maxRemembered: 4096 }, new Pace({}));
    expect(words.length).toBeLessThanOrEqual(4096 + 22);
    expect(entries(words).slice(0, 2)).toEqual([
      ['often', 5000],
      ['common', 5000],
    ]);
  });

  it('holds the distinct words, not the text', async () => {
    const line = 'the same words again and again';
    const [once, often] = await Promise.all(
      [1, 50_000].map((times) => countWords(new Array(times).fill(line), spaced, {}, new Pace({}))),
    );
    expect(often!.bytes).toBe(once!.bytes);
    expect(often!.counts[0]).toBe(50_000);
  });
});
