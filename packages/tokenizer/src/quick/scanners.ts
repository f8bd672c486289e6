// The split patterns of well-known tokenizers as scanners over UTF-16 units: the same pieces as the regular expressions,
// several times as fast. `scanners.test.ts` compares each with its expression.
import { gpt2Pattern } from '../byte-level.ts';
import {
  classify,
  classTable,
  isLetter,
  isLower,
  isNewline,
  isNumber,
  isSpace,
  isUpper,
  kindMask,
} from './code-point-classes.ts';

/** The end of the piece of `units` that begins at `from`; the text ends at `to`. Surrogates come in pairs. */
export type Scanner = (units: Uint16Array, from: number, to: number) => number;

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const spaces = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const upper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const lower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';

/** The pattern of cl100k_base and of Llama 3. */
export const cl100kPattern: string = `${contractions}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${spaces}`;

/** The pattern of Qwen 2 and later: numbers digit by digit. */
export const qwen2Pattern: string = cl100kPattern.replace('{1,3}', '');

/** The pattern of o200k_base: words also end where lower case turns to upper. */
export const o200kPattern: string = `[^\\r\\n\\p{L}\\p{N}]?${upper}*${lower}+${contractions}?|[^\\r\\n\\p{L}\\p{N}]?${upper}+${lower}*${contractions}?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${spaces}`;

const scanners: ReadonlyMap<string, () => Scanner> = new Map([
  [gpt2Pattern, gpt2Scanner],
  [cl100kPattern, () => cl100kScanner(3)],
  [qwen2Pattern, () => cl100kScanner(1)],
  [o200kPattern, o200kScanner],
]);

/** The scanner that does what the pattern does, where there is one. */
export function scannerOf(pattern: string): Scanner | null {
  return scanners.get(pattern)?.() ?? null;
}

/** Units of the character at `at`. */
function sizeAt(units: Uint16Array, at: number): 1 | 2 {
  return (units[at]! & 0xfc00) === 0xd800 ? 2 : 1;
}

function classAt(table: Uint8Array, units: Uint16Array, at: number): number {
  const unit = units[at]!;
  const codePoint = (unit & 0xfc00) === 0xd800 ? ((unit - 0xd800) << 10) + units[at + 1]! - 0xdc00 + 0x10000 : unit;
  return table[codePoint]! || classify(codePoint);
}

/** The end of the run, from `at`, of characters whose kind (letter, number, space, other) is `kind`. */
function kindEnd(table: Uint8Array, units: Uint16Array, at: number, to: number, kind: number): number {
  while (at < to) {
    const unit = units[at]!;
    // The usual case without a call: a character of the first plane that was met before.
    const found = table[unit]!;
    if (found !== 0 && (unit & 0xfc00) !== 0xd800) {
      if ((found & kindMask) !== kind) return at;
      at++;
    } else {
      if ((classAt(table, units, at) & kindMask) !== kind) return at;
      at += sizeAt(units, at);
    }
  }
  return at;
}

/** The end of the run of characters with any of the bits. */
function bitsEnd(table: Uint8Array, units: Uint16Array, at: number, to: number, bits: number): number {
  while (at < to && (classAt(table, units, at) & bits) !== 0) at += sizeAt(units, at);
  return at;
}

function gpt2Scanner(): Scanner {
  const table = classTable();
  return (units, from, to) => {
    const first = units[from]!;
    if (first === 0x27) {
      const length = contraction(units, from, to, 0);
      if (length > 0) return from + length;
    }
    let at = from;
    let kind = classAt(table, units, at) & kindMask;
    if (first === 0x20 && at + 1 < to) {
      const next = classAt(table, units, at + 1) & kindMask;
      if (next !== isSpace) {
        at++;
        kind = next;
      }
    }
    const end = kindEnd(table, units, at + sizeAt(units, at), to, kind);
    // Of white space before a word the last character goes with the word, or stands alone.
    return kind === isSpace && end < to && end - from > 1 ? end - 1 : end;
  };
}

function cl100kScanner(digits: number): Scanner {
  const table = classTable();
  return (units, from, to) => {
    const first = units[from]!;
    if (first === 0x27) {
      const length = contraction(units, from, to, 0x20);
      if (length > 0) return from + length;
    }
    const found = classAt(table, units, from);
    const next = from + sizeAt(units, from);
    if ((found & isLetter) !== 0) return kindEnd(table, units, next, to, isLetter);
    if ((found & isNumber) !== 0) return numberEnd(table, units, next, to, digits);
    const nextClass = next < to ? classAt(table, units, next) : -1;
    if (nextClass !== -1 && (nextClass & isLetter) !== 0 && (found & isNewline) === 0)
      return kindEnd(table, units, next, to, isLetter);
    return signsEnd(table, units, from, to, found, nextClass, -1);
  };
}

function o200kScanner(): Scanner {
  const table = classTable();
  return (units, from, to) => {
    const found = classAt(table, units, from);
    const next = from + sizeAt(units, from);
    const prefixed = (found & (isLetter | isNumber | isNewline)) === 0;
    const cased = isUpper | isLower;
    if ((found & cased) !== 0 || (prefixed && next < to && (classAt(table, units, next) & cased) !== 0)) {
      // In the order of the expression: each alternative first with a character before the word, then without.
      let end = prefixed ? lowerWordEnd(table, units, next, to) : -1;
      if (end < 0) end = lowerWordEnd(table, units, from, to);
      if (end < 0 && prefixed) end = upperWordEnd(table, units, next, to);
      if (end < 0) end = upperWordEnd(table, units, from, to);
      if (end >= 0) return end < to && units[end] === 0x27 ? end + contraction(units, end, to, 0x20) : end;
    }
    if ((found & isNumber) !== 0) return numberEnd(table, units, next, to, 3);
    return signsEnd(table, units, from, to, found, next < to ? classAt(table, units, next) : -1, 0x2f);
  };
}

/** The end of `upper* lower+` from `from`, or -1: upper takes all it can, then gives back as little as it must. */
function lowerWordEnd(table: Uint8Array, units: Uint16Array, from: number, to: number): number {
  const turn = bitsEnd(table, units, from, to, isUpper);
  const end = bitsEnd(table, units, turn, to, isLower);
  if (end > turn) return end;
  for (let at = turn; at > from; ) {
    const before = at - ((units[at - 1]! & 0xfc00) === 0xdc00 ? 2 : 1);
    if ((classAt(table, units, before) & isLower) !== 0) return at;
    at = before;
  }
  return -1;
}

/** The end of `upper+ lower*` from `from`, or -1. */
function upperWordEnd(table: Uint8Array, units: Uint16Array, from: number, to: number): number {
  const turn = bitsEnd(table, units, from, to, isUpper);
  return turn > from ? bitsEnd(table, units, turn, to, isLower) : -1;
}

function numberEnd(table: Uint8Array, units: Uint16Array, next: number, to: number, digits: number): number {
  let at = next;
  for (let n = 1; n < digits && at < to && (classAt(table, units, at) & isNumber) !== 0; n++) at += sizeAt(units, at);
  return at;
}

/** ` ?[^\s\p{L}\p{N}]+[\r\n]*` (and `also` in the last class) or else white space. */
function signsEnd(
  table: Uint8Array,
  units: Uint16Array,
  from: number,
  to: number,
  found: number,
  nextClass: number,
  also: number,
): number {
  const spaced = units[from] === 0x20 && nextClass !== -1 && (nextClass & kindMask) === 0;
  if (spaced || (found & kindMask) === 0) {
    let at = kindEnd(table, units, spaced ? from + 1 : from, to, 0);
    while (at < to && (units[at] === 10 || units[at] === 13 || units[at] === also)) at++;
    return at;
  }
  const end = kindEnd(table, units, from, to, isSpace);
  for (let at = end; at > from; at--) if (units[at - 1] === 10 || units[at - 1] === 13) return at;
  return end < to && end - from > 1 ? end - 1 : end;
}

/** Length of an English contraction at the apostrophe `at`, or 0. `fold` 0x20 ignores case. */
function contraction(units: Uint16Array, at: number, to: number, fold: number): number {
  if (at + 1 >= to) return 0;
  const unit = units[at + 1]!;
  const first = unit < 0x80 ? unit | fold : unit;
  // The long s folds to s.
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64 || (fold !== 0 && unit === 0x17f)) return 2;
  if (at + 2 >= to || units[at + 2]! >= 0x80) return 0;
  const second = units[at + 2]! | fold;
  if (first === 0x6c) return second === 0x6c ? 3 : 0;
  return (first === 0x72 || first === 0x76) && second === 0x65 ? 3 : 0;
}
