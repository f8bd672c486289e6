// SentencePiece's precompiled character map: a double-array trie of byte strings and the texts that replace them.
import type { AlignedText } from './aligned-text.ts';
import { utf8Byte, utf8Length } from './byte-alphabet.ts';
import { TokenizerError } from './errors.ts';

/**
 * A map from byte strings to texts, as `normalizer_spec.precompiled_charsmap` holds it: the size of the trie in bytes, its
 * units (32 bits, little-endian, Darts layout), then the replacements, each ended by a zero byte.
 */
export class CharacterMap {
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  readonly #decoder = new TextDecoder();

  constructor(bytes: Uint8Array, path: string) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
    if (size < 4 || size % 4 !== 0 || 4 + size > bytes.length) {
      throw new TokenizerError(
        'FORMAT',
        `${path}: not a precompiled character map: ${bytes.length} bytes, trie of ${size} bytes`,
        {
          path,
          bytes: bytes.length,
          size,
        },
      );
    }
    this.#units = new Uint32Array(size / 4);
    for (let i = 0; i < this.#units.length; i++) this.#units[i] = view.getUint32(4 + 4 * i, true);
    this.#replacements = bytes.subarray(4 + size);
  }

  /**
   * The replacement of a prefix of `text` that begins at unit `from`, and how many UTF-16 units the prefix has; null: none.
   * `longest` as SentencePiece wants it; the Rust library takes the shortest.
   */
  prefix(text: string, from: number, longest: boolean): { units: number; replacement: string } | null {
    let unit = this.#units[0]!;
    let node = offset(unit);
    let found: { units: number; value: number } | null = null;
    for (let i = from; i < text.length; ) {
      const codePoint = text.codePointAt(i)!;
      if (codePoint === 0) break;
      i += codePoint > 0xffff ? 2 : 1;
      for (let b = 0, n = utf8Length(codePoint); b < n; b++) {
        const byte = utf8Byte(codePoint, b);
        node ^= byte;
        unit = this.#units[node] ?? 0;
        if ((unit & 0x800000ff) >>> 0 !== byte) return this.#result(found);
        node ^= offset(unit);
        if ((unit & 0x100) !== 0) {
          // The reference counts a match at any byte; replacements end at character boundaries.
          found = { units: i - from, value: (this.#units[node] ?? 0) & 0x7fffffff };
          if (!longest) return this.#result(found);
        }
      }
    }
    return this.#result(found);
  }

  #result(found: { units: number; value: number } | null): { units: number; replacement: string } | null {
    if (found === null) return null;
    let end = found.value;
    while (end < this.#replacements.length && this.#replacements[end] !== 0) end++;
    return { units: found.units, replacement: this.#decoder.decode(this.#replacements.subarray(found.value, end)) };
  }

  /** Normalises as the Rust library does: grapheme by grapheme, short ones as a whole, else character by character. */
  normalize(piece: AlignedText): AlignedText {
    const characters: string[] = [];
    const changes: number[] = [];
    let modified = false;
    const replace = (part: string, replacement: string) => {
      const news = [...replacement];
      const difference = news.length - [...part].length;
      news.forEach((character, i) => {
        characters.push(character);
        changes.push(i >= news.length - difference ? 1 : 0);
      });
      if (difference < 0 && changes.length > 0) changes[changes.length - 1]! += difference;
      modified = true;
    };
    for (const grapheme of graphemes(piece.text)) {
      if (utf8Size(grapheme) < 6) {
        const found = this.prefix(grapheme, 0, false);
        if (found !== null) {
          replace(grapheme, found.replacement);
          continue;
        }
      }
      for (const character of grapheme) {
        const found = this.prefix(character, 0, false);
        if (found !== null) replace(character, found.replacement);
        else {
          characters.push(character);
          changes.push(0);
        }
      }
    }
    return modified ? piece.transform(characters, changes) : piece;
  }
}

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

function utf8Size(text: string): number {
  let size = 0;
  for (const character of text) size += utf8Length(character.codePointAt(0)!);
  return size;
}

// Without one of these no grapheme has more than one character.
const joiners =
  /[\p{M}\p{Cf}\p{Emoji_Modifier}\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff\u{1f1e6}-\u{1f1ff}\u0e33\u0eb3\uff9e\uff9f]|\r\n/u;
let segmenter: Intl.Segmenter | undefined;

function* graphemes(text: string): Iterable<string> {
  if (!joiners.test(text)) {
    yield* text;
    return;
  }
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** Bytes of a base64 text; null when it is not base64. */
export function fromBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
