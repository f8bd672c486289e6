// Text as the reference implementations see it: they are written in Python, whose blanks, punctuation and letters are not JavaScript's.

/** What `str.split()` and `str.strip()` take as blank: also the information separators and U+0085, and not U+FEFF. */
const separators = `${String.fromCharCode(0x1c)}-${String.fromCharCode(0x1f)}`;
const blanks = new RegExp(`[\\p{White_Space}${separators}]+`, 'u');
const blanksAtStart = new RegExp(`^${blanks.source}`, 'u');
const blanksAtEnd = new RegExp(`${blanks.source}$`, 'u');

/** `text.split()`: the words between blanks. */
export const splitBlanks = (text: string): string[] => text.split(blanks).filter((word) => word !== '');

/** `text.rstrip()`. */
export const stripEnd = (text: string): string => {
  // By hand from the end: an expression that ends in `$` looks at every run of blanks in the text.
  let end = text.length;
  while (end > 0 && blanksAtEnd.test(text[end - 1]!)) end--;
  return text.slice(0, end);
};

/** `text.strip()`. */
export const strip = (text: string): string => stripEnd(text.replace(blanksAtStart, ''));

/** `string.punctuation`. */
export const isPunctuation = (character: string): boolean => /^[!-/:-@[-`{-~]$/.test(character);

/** A letter, digit or underscore: `\w`. */
export const word = '[\\p{L}\\p{N}_]';
