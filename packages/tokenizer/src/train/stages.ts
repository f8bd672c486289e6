// Normalizer and pre-tokenizer as the trainers use them: a text in, the bounds of its words out.
import { AlignedText } from '../aligned-text.ts';
import { TokenizerError } from '../errors.ts';
import type { NormalizerJson, PreTokenizerJson } from '../formats/tokenizer-json.ts';
import { readNormalizer } from '../normalizers.ts';
import { readPreTokenizer } from '../pre-tokenizers.ts';
import type { WordSplitter } from './count-words.ts';
import { gpt2Words } from './gpt2-words.ts';

export interface Stages {
  normalizer: NormalizerJson | null;
  preTokenizer: PreTokenizerJson | null;
  segment: ((text: string) => Iterable<string>) | null;
}

/** What a trainer counts: words as the model sees them, words that will be bytes, single characters. */
export type Counted = 'words' | 'bytes' | 'characters';

/** The splitter of a trainer. */
export function splitterOf(counted: Counted, stages: Stages): WordSplitter {
  if (counted === 'characters') return characterSplitter(stages.normalizer);
  return (counted === 'bytes' && byteLevelSplitter(stages)) || wordSplitter(stages);
}

/** Whether the pre-tokenizer ends in ByteLevel, so that words can be counted before their characters become bytes. */
export function endsInBytes(preTokenizer: PreTokenizerJson | null): boolean {
  return byteLevelSplitter({ normalizer: null, preTokenizer, segment: null }) !== null;
}

/** Every code point as a word. */
function characterSplitter(normalizer: NormalizerJson | null): WordSplitter {
  const normalize = normalizer === null ? null : readNormalizer(normalizer, 'normalizer');
  return (text, word) => {
    const normalized = normalize === null ? text : normalize(new AlignedText(text)).text;
    for (let at = 0; at < normalized.length; ) {
      const next = at + (normalized.codePointAt(at)! > 0xffff ? 2 : 1);
      word(normalized, at, next);
      at = next;
    }
  };
}

/** The words of a text, as the model will see them. */
function wordSplitter({ normalizer, preTokenizer, segment }: Stages): WordSplitter {
  const normalize = normalizer === null ? null : readNormalizer(normalizer, 'normalizer');
  const split = preTokenizer === null ? null : readPreTokenizer(preTokenizer, 'preTokenizer');
  return (text, word) => {
    const cuts = segment === null ? noCuts : boundaries(text, segment);
    const whole = new AlignedText(text);
    const normalized = normalize === null ? whole : normalize(whole);
    for (const piece of split === null ? [normalized] : split(normalized)) {
      cutAt(
        cuts,
        piece.length,
        (i) => piece.start(i),
        (start, end) => word(piece.text, start, end),
      );
    }
  };
}

/**
 * The words of a text that ends in a ByteLevel pre-tokenizer, before their characters become bytes: what counting wants,
 * since it is shorter. Null when the pre-tokenizer is of another kind.
 */
function byteLevelSplitter({ normalizer, preTokenizer, segment }: Stages): WordSplitter | null {
  if (preTokenizer?.type === 'Sequence') {
    const parts = preTokenizer.pretokenizers;
    const last = parts.at(-1);
    const only = last?.type === 'ByteLevel' && last.use_regex === false && last.add_prefix_space === false;
    return only
      ? wordSplitter({ normalizer, segment, preTokenizer: { ...preTokenizer, pretokenizers: parts.slice(0, -1) } })
      : null;
  }
  if (preTokenizer?.type !== 'ByteLevel') return null;
  readPreTokenizer(preTokenizer, 'preTokenizer'); // for its checks
  const { add_prefix_space: prefix = true, use_regex: pattern = true } = preTokenizer;
  const normalize = normalizer === null ? null : readNormalizer(normalizer, 'normalizer');
  return (text, word) => {
    if (text === '') return;
    const cuts = segment === null ? noCuts : boundaries(text, segment);
    const normalized = normalize === null ? null : normalize(new AlignedText(text));
    const plain = normalized?.text ?? text;
    const shift = prefix && !plain.startsWith(' ') ? 1 : 0;
    const whole = shift === 1 ? ` ${plain}` : plain;
    const original = (i: number) => Math.max(0, i - shift);
    const startOf = normalized === null ? original : (i: number) => normalized.start(original(i));
    const emit =
      cuts.length === 0
        ? (start: number, end: number) => word(whole, start, end)
        : (start: number, end: number) =>
            cutAt(
              cuts,
              end - start,
              (i) => startOf(start + i),
              (a, b) => word(whole, start + a, start + b),
            );
    if (pattern) gpt2Words(whole, emit);
    else emit(0, whole.length);
  };
}

const noCuts: readonly number[] = [];

/** Places, in the text, where a segment begins that does not follow white space: spaces stay with the word after them. */
function boundaries(text: string, segment: (text: string) => Iterable<string>): readonly number[] {
  const cuts: number[] = [];
  let at = 0;
  for (const part of segment(text)) {
    if (at > 0 && !/\s/.test(text[at - 1]!)) cuts.push(at);
    if (!text.startsWith(part, at)) break;
    at += part.length;
  }
  if (at !== text.length) {
    throw new TokenizerError(
      'ARGUMENT',
      `segment: the parts must put together the text, which they do up to place ${at} only ("${text.slice(at, at + 20)}"); give every character back, spaces included`,
      { at },
    );
  }
  return cuts;
}

/** Cuts a piece of `length` units where its characters cross a boundary; `startOf(i)` is the place of unit i in the text. */
function cutAt(
  cuts: readonly number[],
  length: number,
  startOf: (i: number) => number,
  word: (start: number, end: number) => void,
): void {
  let start = 0;
  if (cuts.length > 0 && length > 0) {
    let next = firstAfter(cuts, startOf(0));
    for (let i = 1; i < length && next < cuts.length; i++) {
      const place = startOf(i);
      if (place < cuts[next]!) continue;
      word(start, i);
      start = i;
      while (next < cuts.length && cuts[next]! <= place) next++;
    }
  }
  word(start, length);
}

/** Index of the first of ascending numbers that is greater than `place`. */
function firstAfter(numbers: readonly number[], place: number): number {
  let [from, to] = [0, numbers.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (numbers[middle]! <= place) from = middle + 1;
    else to = middle;
  }
  return from;
}
