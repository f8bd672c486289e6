// The characters that merging starts from.
import type { WordCounts } from './word-counts.ts';

export interface AlphabetOptions {
  /** Keep the commonest so many characters; the others are left out of words (as the Rust trainer does). */
  limitAlphabet: number | null;
  /** Characters that belong to the alphabet whether they occur or not. Never the first to go when it is limited. */
  initialAlphabet: Iterable<string>;
}

/** How often each code point occurs, in first-seen order, words weighted by their counts. Lone surrogates count as U+FFFD. */
export function countCharacters(words: WordCounts): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < words.size; i++) {
    const times = words.counts[i]!;
    const end = words.starts[i + 1]!;
    for (let at = words.starts[i]!; at < end; ) {
      const codePoint = codePointIn(words, at, end);
      counts.set(codePoint, (counts.get(codePoint) ?? 0) + times);
      at += codePoint > 0xffff ? 2 : 1;
    }
  }
  return counts;
}

/** The kept code points, ascending: that order gives them their ids. */
export function chooseAlphabet(counts: ReadonlyMap<number, number>, options: AlphabetOptions): number[] {
  const all = new Map(counts);
  for (const character of options.initialAlphabet) {
    const first = character.codePointAt(0);
    if (first !== undefined) all.set(first, Number.POSITIVE_INFINITY);
  }
  let kept = [...all];
  if (options.limitAlphabet !== null && kept.length > options.limitAlphabet) {
    // Of characters equally rare those seen first stay: the sort is stable, and the map in first-seen order.
    kept.sort(([, timesA], [, timesB]) => (timesA === timesB ? 0 : timesB - timesA));
    kept = kept.slice(0, options.limitAlphabet);
  }
  return kept.map(([codePoint]) => codePoint).sort((a, b) => a - b);
}

/** The code point at a place of `words.units`, in a word that ends at `end`. A lone surrogate is read as U+FFFD. */
export function codePointIn(words: WordCounts, at: number, end: number): number {
  const unit = words.units[at]!;
  if ((unit & 0xf800) !== 0xd800) return unit;
  const low = at + 1 < end ? words.units[at + 1]! : 0;
  return (unit & 0xfc00) === 0xd800 && (low & 0xfc00) === 0xdc00
    ? 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff)
    : 0xfffd;
}
