// How BLEU cuts text into tokens: the tokenizers of sacreBLEU under their names.

import { splitBlanks, strip } from './python-text.ts';

export type BleuTokenizer = '13a' | 'zh' | 'char' | 'none';

/** Each takes a line without trailing blanks. */
export const bleuTokenizers: { readonly [K in BleuTokenizer]: (line: string) => string[] } = {
  /** mteval-v13a, which WMT used. */
  '13a': (line) =>
    western(` ${unescaped(line.replaceAll('<skipped>', '').replaceAll('-\n', '').replaceAll('\n', ' '))} `),
  /** Every Chinese character apart, the rest as in 13a. */
  zh: (line) => western(Array.from(strip(line), (c) => (isApart(c.codePointAt(0)!) ? ` ${c} ` : c)).join('')),
  /** Every character apart. */
  char: (line) => splitBlanks(Array.from(line).join(' ')),
  /** The text is tokenized already. */
  none: splitBlanks,
};

const unescaped = (line: string): string =>
  line.replaceAll('&quot;', '"').replaceAll('&amp;', '&').replaceAll('&lt;', '<').replaceAll('&gt;', '>');

/** ASCII marks apart, but for the hyphen, and the period and comma of numbers; the hyphen after a digit. */
function western(line: string): string[] {
  return splitBlanks(
    line
      .replace(/[{-~[-` -&(-+:-@/]/g, ' $& ')
      .replace(/([^0-9])([.,])/gu, '$1 $2 ')
      .replace(/([.,])([^0-9])/gu, ' $1 $2')
      .replace(/([0-9])-/g, '$1 - '),
  );
}

/**
 * The code points that `zh` sets apart, first and last. Two ranges are not what one would expect: the reference means U+20000–2A6D6 and
 * U+2F800–2FA1D, but writes them so that they act as U+2001–2A6D (general punctuation to mathematics) and U+2F81–2FA1. Scores are
 * comparable only with the ranges that act.
 */
const apart: readonly (readonly [number, number])[] = [
  [0x2001, 0x2a6d],
  [0x2e80, 0x2fdf],
  [0x2ff0, 0x303f],
  [0x3100, 0x312f],
  [0x31a0, 0x31bf],
  [0x31c0, 0x31ef],
  [0x3200, 0x4db5],
  [0x4e00, 0x9fbb],
  [0xf900, 0xfa2d],
  [0xfa30, 0xfa6a],
  [0xfa70, 0xfad9],
  [0xfe10, 0xfe1f],
  [0xfe30, 0xfe4f],
  [0xff00, 0xffef],
];

const isApart = (codePoint: number): boolean => apart.some(([first, last]) => codePoint >= first && codePoint <= last);
