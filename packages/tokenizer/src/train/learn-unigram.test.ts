import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codePointWords, spell } from './code-point-words.ts';
import { Pace } from './pace.ts';
import { UnigramLattice } from './unigram-lattice.ts';
import { seedPieces } from './unigram-seeds.ts';
import { WordCounts } from './word-counts.ts';

const codePoints = (text: string) => Int32Array.from(text, (c) => c.codePointAt(0)!);

/** Every way to cut a word into pieces; a character that is no piece by itself may stand for piece 0. */
function segmentations(word: string, pieces: ReadonlyMap<string, number>): number[][] {
  if (word === '') return [[]];
  const [first] = word;
  const found: number[][] = pieces.has(first!)
    ? []
    : segmentations(word.slice(first!.length), pieces).map((rest) => [0, ...rest]);
  for (const [piece, id] of pieces) {
    if (word.startsWith(piece))
      found.push(...segmentations(word.slice(piece.length), pieces).map((rest) => [id, ...rest]));
  }
  return found;
}

describe('the lattice of a word', () => {
  const letters = fc.constantFrom('a', 'b', '中', '\u{20000}');
  const vocabulary = fc.uniqueArray(fc.string({ unit: letters, minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 12,
  });
  const cases = fc.tuple(
    vocabulary,
    fc.string({ unit: letters, minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 2 ** 30 }),
  );

  it('gives the probability, the expected counts and the best path that trying all segmentations gives', () => {
    fc.assert(
      fc.property(cases, ([pieces, word, seed]) => {
        // Scores that differ, so that no two segmentations tie.
        const scores = pieces.map((_, i) => -1 - (((seed * (i + 7)) % 9973) / 9973) * 4);
        const unknown = Math.min(...scores) - 10;
        const lattice = new UnigramLattice({
          pieces: [new Int32Array(0), ...pieces.map(codePoints)],
          scores: Float64Array.from([Number.NaN, ...scores]),
        });
        const all = segmentations(word, new Map(pieces.map((piece, i) => [piece, i + 1]))).map((path) => ({
          path,
          score: path.reduce((sum, id) => sum + (id === 0 ? unknown : scores[id - 1]!), 0),
        }));
        const total = all.reduce((sum, { score }) => sum + Math.exp(score), 0);
        const expected = new Float64Array(pieces.length + 1);
        for (const { path, score } of all) for (const id of path) expected[id]! += (3 * Math.exp(score)) / total;

        const read = codePoints(word);
        const counted = new Float64Array(pieces.length + 1);
        lattice.read(read, 0, read.length);
        expect(Math.exp(lattice.expect(3, counted) - Math.log(total))).toBeCloseTo(1, 10);
        for (const [id, count] of expected.entries()) expect(counted[id]).toBeCloseTo(count, 9);
        const best = all.reduce((a, b) => (b.score > a.score ? b : a));
        const found = lattice.best();
        expect(found.reduce((sum, id) => sum + (id === 0 ? unknown : scores[id - 1]!), 0)).toBeCloseTo(best.score, 10);
      }),
      { numRuns: 500 },
    );
  });

  it('tells how a piece is written without itself', () => {
    const pieces = ['ab', 'a', 'b', 'c', 'cd', 'd'];
    const lattice = new UnigramLattice({
      pieces: [new Int32Array(0), ...pieces.map(codePoints)],
      scores: Float64Array.of(Number.NaN, -1, -2, -2, -1, -5, -1),
    });
    const ask = (piece: string) => {
      lattice.read(codePoints(piece), 0, piece.length);
      return lattice.withoutWhole();
    };
    expect(ask('ab')).toEqual({ needed: true, alternative: [3, 2] });
    expect(ask('a')).toEqual({ needed: true, alternative: null });
    expect(ask('cd')).toEqual({ needed: false, alternative: null });
  });
});

describe('seeds', () => {
  it('are the characters, and the repeated substrings that no longer one stands for', async () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\u{20000}'), minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(word, { minLength: 1, maxLength: 12 }), async (list) => {
        const words = new WordCounts();
        for (const each of list) words.add(each, 0, each.length, 2);
        const expected = new Map<string, { times: number; next: Set<string> }>();
        for (const each of list) {
          const characters = [...each];
          for (let from = 0; from < characters.length; from++) {
            for (let to = from + 2; to <= Math.min(characters.length, from + 5); to++) {
              const substring = characters.slice(from, to).join('');
              const seen = expected.get(substring) ?? { times: 0, next: new Set() };
              seen.times++;
              seen.next.add(characters[to] ?? 'end');
              expected.set(substring, seen);
            }
          }
        }
        const repeats = [...expected].filter(([, { next }]) => next.size > 1).map(([substring]) => substring);
        const { pieces, scores } = await seedPieces(codePointWords(words), 5, 1_000_000, new Pace({}));
        const found = pieces.map(spell);
        expect([...found].sort()).toEqual([...repeats, ...new Set(list.join(''))].sort());
        expect(scores.reduce((sum, score) => sum + Math.exp(score), 0)).toBeCloseTo(1, 9);
        const mass = (piece: string) => expected.get(piece)!.times * [...piece].length;
        const order = found.filter((piece) => [...piece].length > 1).map(mass);
        expect(order).toEqual([...order].sort((a, b) => b - a));
      }),
      { numRuns: 300 },
    );
  });
});
