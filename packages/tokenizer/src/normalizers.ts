// Normalizers: what happens to text before it is split. One row per type of tokenizer.json.
import type { AlignedText } from './aligned-text.ts';
import { bytesOf } from './byte-level.ts';
import { CharacterMap, fromBase64 } from './character-map.ts';
import { isIdeograph, isMark, isNonSpacingMark, isOther, isWhiteSpace } from './characters.ts';
import { type CheckedJson, readByType } from './checked-json.ts';
import type { NormalizerJson } from './formats/tokenizer-json.ts';
import { normalForm } from './normal-forms.ts';
import { literalPattern, matchRanges, translatePattern } from './regex.ts';

/** Text to text, keeping where every character came from. */
export type Normalizer = (piece: AlignedText) => AlignedText;

type NormalizerType = NormalizerJson['type'];

const rows: { readonly [T in NormalizerType]: (config: CheckedJson) => Normalizer } = {
  NFC: () => (piece) => normalForm(piece, 'NFC'),
  NFD: () => (piece) => normalForm(piece, 'NFD'),
  NFKC: () => (piece) => normalForm(piece, 'NFKC'),
  NFKD: () => (piece) => normalForm(piece, 'NFKD'),
  Lowercase: () => lowercase,
  StripAccents: () => (piece) => piece.mapCharacters((c, codePoint) => (codePoint >= 0x300 && isMark(c) ? '' : null)),
  Nmt: () => nmt,
  ByteLevel: () => bytesOf,
  Strip: (config) => {
    const left = config.boolean('strip_left');
    const right = config.boolean('strip_right');
    return (piece) => strip(piece, left, right);
  },
  Prepend: (config) => {
    const prefix = config.string('prepend');
    return (piece) => piece.prepend(prefix);
  },
  Replace: (config) => {
    const pattern = readPattern(config);
    const content = config.string('content');
    return (piece) => (piece.text === '' ? piece : piece.replaceRanges(matchRanges(pattern, piece.text), content));
  },
  Precompiled: (config) => {
    if (!config.has('precompiled_charsmap')) return (piece) => piece;
    const bytes = fromBase64(config.string('precompiled_charsmap')) ?? config.fail('precompiled_charsmap', 'base64');
    if (bytes.length === 0) return (piece) => piece;
    const map = new CharacterMap(bytes, `${config.path}.precompiled_charsmap`);
    return (piece) => map.normalize(piece);
  },
  BertNormalizer: (config) => {
    const clean = config.boolean('clean_text', true);
    const ideographs = config.boolean('handle_chinese_chars', true);
    const lower = config.boolean('lowercase', true);
    const accents = config.has('strip_accents') ? config.boolean('strip_accents') : lower;
    return (piece) => {
      let result = piece;
      if (clean) result = result.mapCharacters(cleaned);
      if (ideographs)
        result = result.mapCharacters((c, codePoint) => (codePoint >= 0x3400 && isIdeograph(c) ? ` ${c} ` : null));
      if (accents) {
        result = normalForm(result, 'NFD').mapCharacters((c, codePoint) =>
          codePoint >= 0x300 && isNonSpacingMark(c) ? '' : null,
        );
      }
      return lower ? lowercase(result) : result;
    };
  },
  Sequence: (config) => {
    const parts = config.each('normalizers', readNormalizer);
    return (piece) => parts.reduce((text, part) => part(text), piece);
  },
};

/** The normalizer that a part of tokenizer.json describes; `path` names the part in errors. */
export function readNormalizer(json: unknown, path: string): Normalizer {
  return readByType(rows, json, path);
}

/** `pattern: { String } | { Regex }` of Replace and Split. */
export function readPattern(config: CheckedJson): RegExp {
  const pattern = config.object('pattern');
  if (pattern.has('String')) return literalPattern(pattern.string('String'));
  return translatePattern(pattern.string('Regex'), `${pattern.path}.Regex`);
}

function cleaned(character: string, codePoint: number): string | null {
  if (codePoint === 9 || codePoint === 10 || codePoint === 13) return ' ';
  if (codePoint === 0xfffd || ((codePoint < 0x20 || codePoint > 0x7e) && isOther(character))) return '';
  return codePoint > 0x20 && isWhiteSpace(codePoint) ? ' ' : null;
}

// Character by character, without context: the final sigma stays a plain one.
function lowercase(piece: AlignedText): AlignedText {
  return piece.mapCharacters((character, codePoint) => {
    if (codePoint < 0x80) return codePoint >= 0x41 && codePoint <= 0x5a ? String.fromCharCode(codePoint + 32) : null;
    return character.toLowerCase();
  });
}

function strip(piece: AlignedText, left: boolean, right: boolean): AlignedText {
  const { text } = piece;
  let from = 0;
  let to = text.length;
  if (left) while (from < to && isWhiteSpace(text.charCodeAt(from))) from++;
  if (right) while (to > from && isWhiteSpace(text.charCodeAt(to - 1))) to--;
  if (from === 0 && to === text.length) return piece;
  // The rest still counts as beginning where the whole began.
  return piece.replaceRanges([0, from, to, text.length], '');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what the rule is about
const nmtDropped = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]/;
const nmtSpaces = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/;

/** The white-space and control rules of SentencePiece's `nmt_nfkc`. */
function nmt(piece: AlignedText): AlignedText {
  return piece.mapCharacters((character) => (nmtDropped.test(character) ? '' : nmtSpaces.test(character) ? ' ' : null));
}
