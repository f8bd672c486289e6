// The pieces from which a Unigram vocabulary is pruned: every character, and substrings that occur more than once.
//
// Kudo 2018 (arXiv:1804.10959, §3.2) takes the frequent substrings from an enhanced suffix array. Pieces are short
// (16 characters), so sorting the suffixes by their first 17 characters is enough: the groups of that sort, read while
// they are made, are the inner nodes of the suffix tree.
import type { CodePointWords } from './code-point-words.ts';
import type { Pace } from './pace.ts';

/** Pieces as code points, and their logarithms of probability. */
export interface ScoredPieces {
  pieces: Int32Array[];
  scores: Float64Array;
}

/**
 * All characters by falling count, then substrings by falling (number of occurrences in the distinct words · length).
 * A substring counts only if it is followed by at least two different characters or ends: else a longer one stands for it.
 *
 * @param maxPieceLength in code points.
 * @param seedSize pieces in all, at most.
 */
export async function seedPieces(
  words: CodePointWords,
  maxPieceLength: number,
  seedSize: number,
  pace: Pace,
): Promise<ScoredPieces> {
  const { codePoints, ends, weights } = words;
  const counts = new Map<number, number>();
  for (let word = 0, at = 0; word < ends.length; word++) {
    for (; at < ends[word]!; at++) counts.set(codePoints[at]!, (counts.get(codePoints[at]!) ?? 0) + weights[word]!);
  }
  const single = [...counts].sort(([a, timesA], [b, timesB]) => timesB - timesA || b - a);

  const repeats = await repeatedSubstrings(words, [...counts.keys()], maxPieceLength, pace);
  repeats.sort((a, b) => b.times * b.length - a.times * a.length || compare(codePoints, b, a));
  repeats.length = Math.min(repeats.length, Math.max(0, seedSize - single.length));

  const pieces = [
    ...single.map(([codePoint]) => Int32Array.of(codePoint)),
    ...repeats.map(({ at, length }) => codePoints.slice(at, at + length)),
  ];
  const masses = [...single.map(([, times]) => times), ...repeats.map(({ times, length }) => times * length)];
  const logSum = Math.log(masses.reduce((sum, mass) => sum + mass, 0));
  return { pieces, scores: Float64Array.from(masses, (mass) => Math.log(mass) - logSum) };
}

interface Repeat {
  at: number;
  length: number;
  times: number;
}

/** Substrings of 2 … maxLength characters that occur at least twice and have at least two different continuations. */
async function repeatedSubstrings(
  { codePoints, ends }: CodePointWords,
  alphabet: number[],
  maxLength: number,
  pace: Pace,
): Promise<Repeat[]> {
  // Characters as ranks, which fit into buckets; 0 after each word.
  const rankOf = new Map(alphabet.sort((a, b) => a - b).map((codePoint, i) => [codePoint, i + 1]));
  const ranks = new Int32Array(codePoints.length + ends.length);
  const suffixes = new Int32Array(codePoints.length);
  for (let word = 0, at = 0; word < ends.length; word++) {
    for (; at < ends[word]!; at++) {
      suffixes[at] = at + word;
      ranks[at + word] = rankOf.get(codePoints[at]!)!;
    }
  }
  // A place in `ranks` less the number of words before it is a place in `codePoints`.
  const wordsBefore = (at: number) => {
    let [from, to] = [0, ends.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (ends[middle]! + middle < at) from = middle + 1;
      else to = middle;
    }
    return from;
  };

  const sort = new CharacterSort(ranks, suffixes, alphabet.length + 1);
  const found: Repeat[] = [];
  let sorted = 0;
  const groups: [from: number, to: number, depth: number][] = [[0, suffixes.length, 0]];
  for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
    const [from, to, depth] = group;
    const sizes = sort.sort(from, to, depth);
    const first = suffixes[from]!;
    if (sizes.length > 1 && depth >= 2) found.push({ at: first - wordsBefore(first), length: depth, times: to - from });
    if ((++sorted & 0xff) === 0 || to - from > 65_536) {
      const pause = pace.step('seeding', found.length, null);
      if (pause) await pause;
    }
    if (depth === maxLength) continue;
    let start = from;
    for (const size of sizes) {
      // A group of one is no repeat, and a word that has ended does not go on.
      if (size > 1 && ranks[suffixes[start]! + depth] !== 0) groups.push([start, start + size, depth + 1]);
      start += size;
    }
  }
  return found;
}

/** Sorts ranges of suffixes by one character: a bucket sort, whose buckets are used again. */
class CharacterSort {
  readonly #ranks: Int32Array;
  readonly #suffixes: Int32Array;
  readonly #sorted: Int32Array;
  readonly #buckets: Int32Array;

  constructor(ranks: Int32Array, suffixes: Int32Array, alphabetSize: number) {
    this.#ranks = ranks;
    this.#suffixes = suffixes;
    this.#sorted = new Int32Array(suffixes.length);
    this.#buckets = new Int32Array(alphabetSize);
  }

  /** Sorts suffixes from … to by their character at `depth`, stably; gives the sizes of the groups of equals. */
  sort(from: number, to: number, depth: number): number[] {
    const [ranks, suffixes, sorted, buckets] = [this.#ranks, this.#suffixes, this.#sorted, this.#buckets];
    const met: number[] = [];
    for (let i = from; i < to; i++) {
      const rank = ranks[suffixes[i]! + depth]!;
      if (buckets[rank]!++ === 0) met.push(rank);
    }
    met.sort((a, b) => a - b);
    const sizes = met.map((rank) => buckets[rank]!);
    if (met.length > 1) {
      let start = from;
      for (const [i, rank] of met.entries()) {
        buckets[rank] = start;
        start += sizes[i]!;
      }
      for (let i = from; i < to; i++) {
        const suffix = suffixes[i]!;
        sorted[buckets[ranks[suffix + depth]!]!++] = suffix;
      }
      suffixes.set(sorted.subarray(from, to), from);
    }
    for (const rank of met) buckets[rank] = 0;
    return sizes;
  }
}

/** Order of two substrings by code points, a shorter one before what it begins. */
function compare(codePoints: Int32Array, a: Repeat, b: Repeat): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = codePoints[a.at + i]! - codePoints[b.at + i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
