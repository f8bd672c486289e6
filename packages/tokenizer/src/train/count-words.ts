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

/** Counts the words of texts, one text at a time. */
export class WordCounter {
  /** Words so far. */
  words = new WordCounts();
  readonly #split: WordSplitter;
  readonly #maxWordLength: number;
  readonly #maxRemembered: number;

  constructor(split: WordSplitter, options: CountOptions) {
    this.#split = split;
    this.#maxWordLength = options.maxWordLength ?? 16_384;
    this.#maxRemembered = options.maxRemembered ?? 2 ** 24;
    checkRange('maxWordLength', this.#maxWordLength, 2, longestWord);
    checkRange('maxRemembered', this.#maxRemembered, 1024, 2 ** 31);
  }

  read(text: string): void {
    this.#split(text, this.#add);
    for (let times = 1; this.words.length > this.#maxRemembered; times++) {
      this.words = this.words.without(times);
      if (this.words.length <= this.#maxRemembered / 2) break;
    }
  }

  readonly #add = (text: string, start: number, end: number): void => {
    let from = start;
    while (end - from > this.#maxWordLength) {
      const to = from + this.#maxWordLength;
      const piece = splitsPair(text, to) ? to - 1 : to;
      this.words.add(text, from, piece);
      from = piece;
    }
    if (end > from) this.words.add(text, from, end);
  };
}

/** Reads the source once. Memory grows with the distinct words, not with the text. */
export async function countWords(
  texts: TextSource,
  split: WordSplitter,
  options: CountOptions,
  pace: Pace,
): Promise<WordCounts> {
  const counter = new WordCounter(split, options);
  for await (const group of textGroups(texts)) {
    for (const text of group) counter.read(text);
    const pause = pace.step('counting', counter.words.size, null);
    if (pause) await pause;
  }
  pace.finish('counting', counter.words.size);
  return counter.words;
}

/** The source in arrays of strings: `for await` over single lines would wait for the event loop at each. */
export async function* textGroups(texts: TextSource): AsyncGenerator<readonly string[]> {
  if (typeof texts !== 'object' || texts === null || !(Symbol.iterator in texts || Symbol.asyncIterator in texts)) {
    throw new TokenizerError('ARGUMENT', 'texts: give an array or a stream of strings, such as lines or documents');
  }
  let read = 0;
  for await (const item of Symbol.asyncIterator in texts ? texts : grouped(texts)) {
    const group: readonly unknown[] = Array.isArray(item) ? item : [item];
    for (const text of group) {
      if (typeof text !== 'string') {
        throw new TokenizerError('ARGUMENT', `texts: item ${read} is not a string but ${show(text)}`, { item: read });
      }
      read++;
    }
    yield group as readonly string[];
  }
}

function* grouped(texts: Iterable<string | readonly string[]>): Iterable<string[]> {
  let group: string[] = [];
  let units = 0;
  for (const text of texts) {
    if (Array.isArray(text)) group.push(...text);
    else group.push(text as string);
    units += text.length;
    if (units < 16_384 && group.length < 1024) continue;
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
