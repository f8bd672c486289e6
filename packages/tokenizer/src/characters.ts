// Classes of characters as the reference implementations define them, which is not always as JavaScript does.
import {
  formerMarks,
  formerNonSpacingMarks,
  formerPunctuation,
  laterMark,
  newerThan8,
  newerThan9,
} from './unicode-differences.ts';

const whiteSpace = /\p{White_Space}/u;

/** Whether the code point is white space: Unicode's White_Space, which unlike JavaScript's `\s` has U+0085 and has not U+FEFF. */
export function isWhiteSpace(codePoint: number): boolean {
  if (codePoint < 0x80) return codePoint === 0x20 || (codePoint >= 9 && codePoint <= 13);
  // None is above the ideographic space.
  return codePoint <= 0x3000 && whiteSpace.test(String.fromCharCode(codePoint));
}

/** Characters that BERT's normalizer puts spaces around: CJK ideographs, not kana or hangul. */
export const isIdeograph: (character: string) => boolean = /* @__PURE__ */ oneOf(
  '[\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b81f}\\u{2b920}-\\u{2ceaf}\\u{2f800}-\\u{2fa1f}]',
);

/** ASCII punctuation (with the signs `$+<=>^|~` and the backquote) or Unicode's P. */
export const isPunctuation: (character: string) => boolean = /* @__PURE__ */ oneOf(
  `[!-/:-@[-\`{-~${formerPunctuation}]|(?![${newerThan8}])\\p{P}`,
);

export const isNumeric: (character: string) => boolean = /* @__PURE__ */ oneOf('\\p{N}');

/** Control, format and private-use characters: what BERT's cleaning drops. */
export const isOther: (character: string) => boolean = /* @__PURE__ */ oneOf(
  `(?![${newerThan8}])[\\p{Cc}\\p{Cf}\\p{Co}]`,
);

export const isNonSpacingMark: (character: string) => boolean = /* @__PURE__ */ oneOf(
  `[${formerNonSpacingMarks}]|(?![${newerThan8}])\\p{Mn}`,
);

export const isMark: (character: string) => boolean = /* @__PURE__ */ oneOf(
  `[${formerMarks}]|(?![${newerThan9}${laterMark}])\\p{M}`,
);

function oneOf(source: string): (character: string) => boolean {
  const pattern = new RegExp(`^(?:${source})$`, 'u');
  return (character) => pattern.test(character);
}
