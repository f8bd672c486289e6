// Pre-tokenizers: how normalised text is cut before the model sees it. One row per type of tokenizer.json.
import type { AlignedText } from './aligned-text.ts';
import { bytesOf, gpt2Pattern } from './byte-level.ts';
import { isNumeric, isPunctuation, isWhiteSpace } from './characters.ts';
import { type CheckedJson, readByType } from './checked-json.ts';
import type { PreTokenizerJson, SplitBehavior } from './formats/tokenizer-json.ts';
import { readPattern } from './normalizers.ts';
import { matchRanges, translatePattern } from './regex.ts';
import { scriptOf } from './scripts.ts';

/** One piece to several; empty ones are dropped by the caller. */
export type PreTokenizer = (piece: AlignedText) => AlignedText[];

const behaviors: readonly SplitBehavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

type PreTokenizerType = PreTokenizerJson['type'];

const rows: { readonly [T in PreTokenizerType]: (config: CheckedJson) => PreTokenizer } = {
  BertPreTokenizer: () => {
    const spaces = splitWhere((_, c) => isWhiteSpace(c), 'Removed');
    return inSequence([spaces, splitWhere(isPunctuation, 'Isolated')]);
  },
  Whitespace: () => {
    // The reference uses another regular-expression library here, whose word characters include the joiners.
    const words =
      /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;
    return (piece) => splitAt(piece, matchRanges(words, piece.text), 'Removed', true);
  },
  WhitespaceSplit: () => splitWhere((_, c) => isWhiteSpace(c), 'Removed'),
  ByteLevel: (config) => {
    const prefix = config.boolean('add_prefix_space', true);
    const pattern = config.boolean('use_regex', true) ? translatePattern(gpt2Pattern) : null;
    return (piece) => {
      const whole = prefix && !piece.text.startsWith(' ') ? piece.prepend(' ') : piece;
      const parts = pattern === null ? [whole] : splitAt(whole, matchRanges(pattern, whole.text), 'Isolated', false);
      return parts.map(bytesOf);
    };
  },
  Metaspace: (config) => {
    const { replacement, scheme } = readMetaspace(config);
    const split = config.boolean('split', true);
    const character = replacement.codePointAt(0)!;
    return (piece) => {
      let whole = piece.mapCharacters((_, c) => (c === 0x20 ? replacement : null));
      const prepended = scheme === 'always' || (scheme === 'first' && piece.origin === 0);
      if (prepended && !whole.text.startsWith(replacement)) whole = whole.prepend(replacement);
      return split ? splitWhere((_, c) => c === character, 'MergedWithNext')(whole) : [whole];
    };
  },
  CharDelimiterSplit: readDelimiter,
  Delimiter: readDelimiter,
  Punctuation: (config) => splitWhere(isPunctuation, config.oneOf('behavior', behaviors, 'Isolated')),
  Digits: (config) => splitWhere(isNumeric, config.boolean('individual_digits') ? 'Isolated' : 'Contiguous'),
  UnicodeScripts: () => splitScripts,
  FixedLength: (config) => {
    const length = config.count('length', 5);
    if (length === 0) config.fail('length', 'at least 1');
    return (piece) => splitEvery(piece, length);
  },
  Split: (config) => {
    const pattern = readPattern(config);
    const behavior = config.oneOf('behavior', behaviors);
    const invert = config.boolean('invert', false);
    return (piece) => splitAt(piece, matchRanges(pattern, piece.text), behavior, invert);
  },
  Sequence: (config) => inSequence(config.each('pretokenizers', readPreTokenizer)),
};

/** The pre-tokenizer that a part of tokenizer.json describes; `path` names the part in errors. */
export function readPreTokenizer(json: unknown, path: string): PreTokenizer {
  return readByType(rows, json, path);
}

/** The character and the scheme of a Metaspace component, of today's files and of older ones. */
export function readMetaspace(config: CheckedJson): { replacement: string; scheme: 'always' | 'first' | 'never' } {
  const replacement = config.character('replacement');
  const scheme = config.oneOf('prepend_scheme', ['always', 'first', 'never'], 'always');
  if (config.get('add_prefix_space') !== false) return { replacement, scheme };
  if (config.has('prepend_scheme') && scheme !== 'never')
    config.fail('add_prefix_space', `a value that agrees with prepend_scheme "${scheme}"`);
  return { replacement, scheme: 'never' };
}

function readDelimiter(config: CheckedJson): PreTokenizer {
  const delimiter = config.character('delimiter');
  return splitWhere((character) => character === delimiter, 'Removed');
}

function inSequence(parts: readonly PreTokenizer[]): PreTokenizer {
  return (piece) => {
    let pieces = [piece];
    for (const part of parts) {
      const next: AlignedText[] = [];
      for (const each of pieces) for (const cut of part(each)) if (cut.length > 0) next.push(cut);
      pieces = next;
    }
    return pieces;
  };
}

/** Cuts around every character of which `test` is true. */
function splitWhere(test: (character: string, codePoint: number) => boolean, behavior: SplitBehavior): PreTokenizer {
  return (piece) => {
    const { text } = piece;
    const ranges: number[] = [];
    for (let i = 0, size = 1; i < text.length; i += size) {
      const codePoint = text.codePointAt(i)!;
      size = codePoint > 0xffff ? 2 : 1;
      if (test(size === 1 ? text[i]! : text.slice(i, i + 2), codePoint)) ranges.push(i, i + size);
    }
    return splitAt(piece, ranges, behavior, false);
  };
}

/**
 * Cuts a piece at its matches (flat [from, to) pairs); `invert` makes the rest the matches.
 * Of `the-final--countdown` cut at `-`: Removed `the final countdown`; Isolated `the - final - - countdown`;
 * MergedWithPrevious `the- final- - countdown`; MergedWithNext `the -final - -countdown`; Contiguous `the - final -- countdown`.
 */
function splitAt(
  piece: AlignedText,
  ranges: readonly number[],
  behavior: SplitBehavior,
  invert: boolean,
): AlignedText[] {
  const parts: { from: number; to: number; match: boolean }[] = [];
  let end = 0;
  for (let r = 0; r < ranges.length; r += 2) {
    const from = ranges[r]!;
    const to = ranges[r + 1]!;
    if (from > end) parts.push({ from: end, to: from, match: invert });
    parts.push({ from, to, match: !invert });
    end = to;
  }
  if (end < piece.length) parts.push({ from: end, to: piece.length, match: invert });
  const result: AlignedText[] = [];
  const add = (from: number, to: number) => {
    if (from < to) result.push(piece.slice(from, to));
  };
  if (behavior === 'Removed') for (const part of parts) part.match || add(part.from, part.to);
  else if (behavior === 'Isolated') for (const part of parts) add(part.from, part.to);
  else merge(parts, behavior, add);
  return result;
}

function merge(
  parts: readonly { from: number; to: number; match: boolean }[],
  behavior: 'Contiguous' | 'MergedWithPrevious' | 'MergedWithNext',
  add: (from: number, to: number) => void,
): void {
  const ordered = behavior === 'MergedWithNext' ? [...parts].reverse() : parts;
  const merged: { from: number; to: number }[] = [];
  let previous = false;
  for (const { from, to, match } of ordered) {
    const last = merged.at(-1);
    const joins = behavior === 'Contiguous' ? match === previous : match && !previous;
    if (joins && last !== undefined) {
      last.from = Math.min(last.from, from);
      last.to = Math.max(last.to, to);
    } else {
      merged.push({ from, to });
    }
    previous = match;
  }
  if (behavior === 'MergedWithNext') merged.reverse();
  for (const { from, to } of merged) add(from, to);
}

function splitEvery(piece: AlignedText, length: number): AlignedText[] {
  const cuts = [0];
  let characters = 0;
  let at = 0;
  for (const character of piece.text) {
    at += character.length;
    if (++characters % length === 0) cuts.push(at);
  }
  if (cuts.at(-1) !== piece.length) cuts.push(piece.length);
  return cuts.slice(1).map((cut, i) => piece.slice(cuts[i]!, cut));
}

/** Cuts where the script changes; kana count as Han, and spaces belong to any script. */
function splitScripts(piece: AlignedText): AlignedText[] {
  const cuts: number[] = [];
  let last: string | null = null;
  let at = 0;
  for (const character of piece.text) {
    const script = scriptOf(character);
    if (script !== 'Any') {
      if (last !== script) cuts.push(at);
      last = script;
    }
    at += character.length;
  }
  cuts.push(piece.length);
  return cuts.slice(1).map((cut, i) => piece.slice(cuts[i]!, cut));
}
