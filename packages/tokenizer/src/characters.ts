// Classes of characters as the reference implementations define them, which is not always as JavaScript does.
import {
  formerMarks,
  formerNonSpacingMarks,
  formerPunctuation,
  laterMark,
  newerThan8,
  newerThan9,
} from './unicode-differences.ts';

/** Unicode's White_Space: unlike JavaScript's `\s` it has U+0085 and has not U+FEFF. */
export const whiteSpaceClass: string = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

/** Whether the code point is white space (Unicode's White_Space). */
export function isWhiteSpace(codePoint: number): boolean {
  if (codePoint < 0x80) return codePoint === 0x20 || (codePoint >= 9 && codePoint <= 13);
  if (codePoint < 0x1680) return codePoint === 0x85 || codePoint === 0xa0;
  return (
    codePoint === 0x1680 ||
    (codePoint >= 0x2000 && codePoint <= 0x200a) ||
    codePoint === 0x2028 ||
    codePoint === 0x2029 ||
    codePoint === 0x202f ||
    codePoint === 0x205f ||
    codePoint === 0x3000
  );
}

/** Whether BERT's normalizer puts spaces around the character: CJK ideographs, not kana or hangul. */
export function isIdeograph(c: number): boolean {
  if (c < 0x3400) return false;
  return (
    (c >= 0x4e00 && c <= 0x9fff) ||
    c <= 0x4dbf ||
    (c >= 0xf900 && c <= 0xfaff) ||
    (c >= 0x20000 && c <= 0x2a6df) ||
    (c >= 0x2a700 && c <= 0x2b81f) ||
    (c >= 0x2b920 && c <= 0x2ceaf) ||
    (c >= 0x2f800 && c <= 0x2fa1f)
  );
}

const punctuation = new RegExp(`^(?:[!-/:-@[-\`{-~${formerPunctuation}]|(?![${newerThan8}])\\p{P})$`, 'u');
const numeric = /^\p{N}$/u;
const other = new RegExp(`^(?![${newerThan8}])[\\p{Cc}\\p{Cf}\\p{Co}]$`, 'u');
const nonSpacingMark = new RegExp(`^(?:[${formerNonSpacingMarks}]|(?![${newerThan8}])\\p{Mn})$`, 'u');
const mark = new RegExp(`^(?:[${formerMarks}]|(?![${newerThan9}${laterMark}])\\p{M})$`, 'u');

/** ASCII punctuation (with the signs `$+<=>^|~` and the backquote) or Unicode's P. */
export function isPunctuation(character: string): boolean {
  return punctuation.test(character);
}

export function isNumeric(character: string): boolean {
  return numeric.test(character);
}

/** Control, format and private-use characters: what BERT's cleaning drops. */
export function isOther(character: string): boolean {
  return other.test(character);
}

export function isNonSpacingMark(character: string): boolean {
  return nonSpacingMark.test(character);
}

export function isMark(character: string): boolean {
  return mark.test(character);
}
