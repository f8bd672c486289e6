// What the split patterns ask of a character, as bits in one table that fills as characters are met.

/** Bits of a class. `\s` is Unicode's White_Space; upper and lower are the two case classes of the o200k pattern. */
export const isLetter = 1;
export const isNumber = 2;
export const isSpace = 4;
export const isNewline = 8;
/** Lu, Lt, Lm, Lo, M. */
export const isUpper = 16;
/** Ll, Lm, Lo, M. */
export const isLower = 32;
/** Of `kindMask`, no bit: neither letter nor number nor space. */
export const kindMask: number = isLetter | isNumber | isSpace;
const known = 128;

/** Class of every code point; 0: not looked at yet. 1.1 MB, taken at first use. */
let table: Uint8Array | null = null;

export function classTable(): Uint8Array {
  table ??= new Uint8Array(0x11_0000);
  return table;
}

/** The class of a code point, worked out and kept. */
export function classify(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  let found = known;
  if (/\p{L}/u.test(character)) found |= isLetter;
  // White_Space and not \s, which in JavaScript counts U+FEFF in and U+0085 out.
  else if (/\p{N}/u.test(character)) found |= isNumber;
  else if (/\p{White_Space}/u.test(character)) found |= isSpace;
  if (codePoint === 10 || codePoint === 13) found |= isNewline;
  if (/[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]/u.test(character)) found |= isUpper;
  if (/[\p{Ll}\p{Lm}\p{Lo}\p{M}]/u.test(character)) found |= isLower;
  classTable()[codePoint] = found;
  return found;
}
