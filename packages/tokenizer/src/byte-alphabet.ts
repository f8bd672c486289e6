// The byte alphabet of GPT-2 (Radford et al. 2019, §2.2): each byte written as one printable character.

/** Character code of each byte: printable Latin-1 stands for itself, the other 68 bytes follow from U+0100. */
export const byteToCode: Uint16Array = new Uint16Array(256);

/** Byte of each character code below U+0144, or -1. */
export const codeToByte: Int16Array = new Int16Array(324).fill(-1);

let others = 0;
for (let byte = 0; byte < 256; byte++) {
  const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  const code = printable ? byte : 256 + others++;
  byteToCode[byte] = code;
  codeToByte[code] = byte;
}

/** The 256 characters in the order of their bytes: what byte-level vocabularies are written in. */
export const byteAlphabet: readonly string[] = Array.from(byteToCode, (code) => String.fromCharCode(code));

/** The token of a byte in vocabularies that fall back to bytes. */
export function byteToken(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
}

/** Bytes of UTF-8 that the code point needs. */
export function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

/** Byte `index` of the UTF-8 form of the code point. */
export function utf8Byte(codePoint: number, index: number): number {
  const length = utf8Length(codePoint);
  if (length === 1) return codePoint;
  const bits = codePoint >> (6 * (length - 1 - index));
  return index === 0 ? ((0xf00 >> length) & 0xff) | bits : 0x80 | (bits & 0x3f);
}

/** The text with every byte of its UTF-8 form as one character of the byte alphabet. */
export function toByteAlphabet(text: string): string {
  let result = '';
  for (const character of text) {
    const codePoint = character.codePointAt(0)!;
    for (let i = 0, n = utf8Length(codePoint); i < n; i++) result += byteAlphabet[utf8Byte(codePoint, i)];
  }
  return result;
}
