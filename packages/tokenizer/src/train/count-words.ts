// Text in, distinct words with their counts out: the first half of every trainer.
import { show, TokenizerError } from '../errors.ts';
import type { Pace } from './pace.ts';
import { WordCounts } from './word-counts.ts';

/** Documents or lines, one by one or in arrays: each string is split on its own, so that no word spans two of them. */
export type TextSource = Iterable<string | readonly string[]> | AsyncIterable<string | readonly string[]>;

/** Calls `word` with a text (normalised, perhaps) and the bounds of each word in it, in UTF-16 code units. */
export type WordSplitter = (text: string, word: (text: string, start: number, end: number) => void) => void;

export interface CountOptions {
  /** Longer words are cut into pieces of this many code units (default 16,384, at most 21,845), between code points. */
  maxWordLength?: number;
  /**
   * Code units of distinct words to remember, default 2²⁴. When there are more, the words seen least are forgotten
   * (once, then twice, …) until half is free. Text with spaces never comes near it; Chinese clauses, nearly all
   * distinct, do at about 50 MB of text, and would take memory without end: with the default a training stays near 1 GB.
   */
  maxRemembered?: number;
}

/** The longest word whose UTF-8 form has fewer than 2¹⁶ bytes, whatever its characters. */
const longestWord = 21_845;

/** Reads the source once. Memory grows with the distinct words, not with the text. */
export async function countWords(
  texts: TextSource,
  split: WordSplitter,
  options: CountOptions,
  pace: Pace,
): Promise<WordCounts> {
  const { maxWordLength = 16_384, maxRemembered = 2 ** 24 } = options;
  checkRange('maxWordLength', maxWordLength, 2, longestWord);
  checkRange('maxRemembered', maxRemembered, 1024, 2 ** 31);
  let words = new WordCounts();
  let read = 0;

  const add = (text: string, start: number, end: number) => {
    let from = start;
    while (end - from > maxWordLength) {
      const to = from + maxWordLength;
      const piece = splitsPair(text, to) ? to - 1 : to;
      words.add(text, from, piece);
      from = piece;
    }
    if (end > from) words.add(text, from, end);
  };
  const take = (text: string) => {
    if (typeof text !== 'string') {
      throw new TokenizerError('ARGUMENT', `texts: item ${read} is not a string but ${show(text)}`, { item: read });
    }
    read++;
    split(text, add);
    for (let times = 1; words.length > maxRemembered; times++) {
      words = words.without(times);
      if (words.length <= maxRemembered / 2) break;
    }
  };
  // Not `for await` over everything: it would wait for the event loop's queue at each line of an array.
  for await (const item of batches(texts)) {
    if (Array.isArray(item)) for (const text of item) take(text);
    else take(item as string);
    const pause = pace.step('counting', words.size, null);
    if (pause) await pause;
  }
  pace.finish('counting', words.size);
  return words;
}

/** A plain iterable in arrays of a few strings; a stream as it comes. */
function batches(texts: TextSource): TextSource | Iterable<string[]> {
  if (typeof texts === 'string' || !(Symbol.iterator in texts || Symbol.asyncIterator in texts)) {
    throw new TokenizerError('ARGUMENT', 'texts: give an array or a stream of strings, such as lines or documents');
  }
  return Symbol.asyncIterator in texts ? texts : grouped(texts);
}

function* grouped(texts: Iterable<string | readonly string[]>): Iterable<string[]> {
  let group: string[] = [];
  let units = 0;
  for (const text of texts) {
    if (Array.isArray(text)) group.push(...text);
    else group.push(text as string);
    units += text.length;
    if (units < 16_384 && group.length < 4096) continue;
    yield group;
    group = [];
    units = 0;
  }
  if (group.length > 0) yield group;
}

/** Whether a cut at this place would part a surrogate pair. */
function splitsPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
}

/** Throws unless `value` is a whole number in [from, to]. */
export function checkRange(option: string, value: unknown, from: number, to: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return;
  const bounds = to === Number.MAX_SAFE_INTEGER ? `at least ${from}` : `from ${from} to ${to}`;
  throw new TokenizerError('ARGUMENT', `${option}: ${show(value)} is not a whole number ${bounds}`, { option, value });
}

/** Throws unless 0 < `value` < 1. */
export function checkShare(option: string, value: unknown): void {
  if (typeof value === 'number' && value > 0 && value < 1) return;
  throw new TokenizerError('ARGUMENT', `${option}: ${show(value)} is not a number above 0 and below 1`, {
    option,
    value,
  });
}
