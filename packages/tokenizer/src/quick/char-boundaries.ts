// Where no token of a byte-level vocabulary can reach over the boundary between two characters.
import { codeToByte } from '../byte-alphabet.ts';

const pairMask = (1 << 18) - 1;

/**
 * Byte-pair encoding never joins over a boundary that no token spans, so that the text may be cut there and each part be
 * encoded, and remembered, by itself. Chinese has no spaces: with most vocabularies this cuts its clauses into single
 * characters and the few words that are tokens. Looked at are boundaries between characters from U+0800 on.
 */
export class CharBoundaries {
  /** Hashed pairs of whole characters that some token spans. */
  readonly #pairs = new Uint8Array((pairMask + 1) >> 3);
  /** Pairs of (last byte, first byte) that a token spans which has but a part of one of the two characters. */
  readonly #bytes = new Uint8Array(1 << 13);

  /** @param tokens written in the byte alphabet; others span nothing that is looked at. */
  constructor(tokens: Iterable<string>) {
    for (const token of tokens) if (/[^\0-\x7f]/.test(token)) this.#mark(token);
  }

  #mark(token: string): void {
    const bytes = Array.from(token, (character) => codeToByte[character.charCodeAt(0)] ?? -1);
    for (let at = 1; at < bytes.length; at++) {
      const [last, first] = [bytes[at - 1]!, bytes[at]!];
      if (first < 0xe0 || last < 0x80) continue;
      const left = at >= 3 ? wholeCharacter(bytes, at - 3) : -1;
      const right = wholeCharacter(bytes, at);
      if (left > 0 && right > 0) set(this.#pairs, pairHash(left, right));
      else set(this.#bytes, ((last & 0x7f) << 7) | (first & 0x7f));
    }
  }

  /** Whether the text may be cut between the units `left` and `right`, both from U+0800 on. */
  separates(left: number, right: number): boolean {
    // Not inside a surrogate pair.
    if ((right & 0xfc00) === 0xdc00) return false;
    const last = 0x80 | (left & 0x3f);
    const high = (right & 0xfc00) === 0xd800;
    const first = high ? 0xf0 | (((right & 0x3ff) + 0x40) >> 8) : 0xe0 | (right >> 12);
    if (has(this.#bytes, ((last & 0x7f) << 7) | (first & 0x7f))) return false;
    return high || (left & 0xfc00) === 0xdc00 || !has(this.#pairs, pairHash(left, right));
  }
}

/** The code point of the three bytes from `at`, if they are a whole character of three; else -1. */
function wholeCharacter(bytes: readonly number[], at: number): number {
  const [first, second = 0, third = 0] = [bytes[at]!, bytes[at + 1], bytes[at + 2]];
  if ((first & 0xf0) !== 0xe0 || (second & 0xc0) !== 0x80 || (third & 0xc0) !== 0x80) return -1;
  return ((first & 15) << 12) | ((second & 63) << 6) | (third & 63);
}

function pairHash(left: number, right: number): number {
  const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & pairMask;
}

function set(bits: Uint8Array, at: number): void {
  bits[at >> 3]! |= 1 << (at & 7);
}

function has(bits: Uint8Array, at: number): boolean {
  return (bits[at >> 3]! & (1 << (at & 7))) !== 0;
}
