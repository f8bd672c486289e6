import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learnBpe } from './learn-bpe.ts';
import { Pace } from './pace.ts';
import { WordCounts } from './word-counts.ts';

const usual = {
  vocabularySize: 1000,
  minFrequency: 0,
  specialTokens: [],
  limitAlphabet: null,
  initialAlphabet: [],
  continuingSubwordPrefix: '',
  endOfWordSuffix: '',
  maxTokenLength: Number.POSITIVE_INFINITY,
};

function counted(words: Iterable<readonly [string, number]>): WordCounts {
  const counts = new WordCounts();
  for (const [word, times] of words) counts.add(word, 0, word.length, times);
  return counts;
}

/** The algorithm as the paper tells it (Sennrich et al. 2016, figure 1): count all pairs anew at every merge. */
function slowly(words: ReadonlyMap<string, number>, most: number): string[] {
  const alphabet = [...new Set([...words.keys()].join(''))].sort();
  const ids = new Map(alphabet.map((character, id) => [character, id]));
  let split = [...words].map(([word, times]) => ({ tokens: [...word], times }));
  const merges: string[] = [];
  while (merges.length < most) {
    const counts = new Map<string, { left: string; right: string; times: number }>();
    for (const { tokens, times } of split) {
      for (let i = 1; i < tokens.length; i++) {
        const [left, right] = [tokens[i - 1]!, tokens[i]!];
        const pair = counts.get(`${left} ${right}`) ?? { left, right, times: 0 };
        counts.set(`${left} ${right}`, { ...pair, times: pair.times + times });
      }
    }
    const best = [...counts.values()].sort(
      (a, b) => b.times - a.times || ids.get(a.left)! - ids.get(b.left)! || ids.get(a.right)! - ids.get(b.right)!,
    )[0];
    if (best === undefined) break;
    const joined = best.left + best.right;
    // A token spelled by two merges is where the reference trainer departs from the paper.
    if (ids.has(joined)) return merges;
    ids.set(joined, ids.size);
    merges.push(`${best.left} ${best.right}`);
    split = split.map(({ tokens, times }) => {
      const next: string[] = [];
      for (const token of tokens) {
        if (token === best.right && next.at(-1) === best.left) next.splice(-1, 1, joined);
        else next.push(token);
      }
      return { tokens: next, times };
    });
  }
  return merges;
}

async function merges(words: ReadonlyMap<string, number>, settings = {}): Promise<string[]> {
  const learned = await learnBpe(counted(words), { ...usual, ...settings }, new Pace({}));
  return learned.merges.map((pair) => pair.join(' '));
}

describe('learning merges', () => {
  it('finds the merges of the well-known example: low lower newest widest', async () => {
    const words = new Map([
      ['low', 5],
      ['lower', 2],
      ['newest', 6],
      ['widest', 3],
    ]);
    expect((await merges(words)).slice(0, 5)).toEqual(['e s', 'es t', 'l o', 'lo w', 'e w']);
  });

  it('merges as the plain algorithm does, which counts anew each time', async () => {
    const word = fc.string({ unit: fc.constantFrom(...'abcdeé中'), minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 600 })), { maxLength: 30, selector: (p) => p[0] }),
        async (pairs) => {
          const words = new Map(pairs);
          const expected = slowly(words, 40);
          expect((await merges(words)).slice(0, expected.length)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('joins a run of one letter from the left, and a longer run in time that grows with its length', async () => {
    expect(await merges(new Map([['aaaaa', 3]]))).toEqual(['a a', 'aa a', 'aa aaa']);
    expect((await merges(new Map([['a'.repeat(20_000), 1]])))[11]).toBe(`${'a'.repeat(2048)} ${'a'.repeat(2048)}`);
  });

  it('stops at the least frequency, at the longest token and at the size of the vocabulary', async () => {
    const words = new Map([
      ['abcd', 5],
      ['abx', 3],
      ['yz', 2],
    ]);
    expect(await merges(words, { minFrequency: 5 })).toEqual(['a b', 'c d', 'ab cd']);
    expect(await merges(words, { maxTokenLength: 2 })).toEqual(['a b', 'c d', 'y z']);
    expect(await merges(words, { maxTokenLength: 3 })).toEqual(['a b', 'c d', 'ab x', 'y z']);
    expect(await merges(words, { vocabularySize: 9 })).toEqual(['a b', 'c d']);
  });

  it('works on vocabularies beyond two bytes', async () => {
    const words = new Map(Array.from({ length: 70_000 }, (_, i) => [`${String.fromCodePoint(0x10000 + i)}xy`, 1]));
    expect((await merges(words, { vocabularySize: 70_010 })).slice(0, 1)).toEqual(['x y']);
  });
});
