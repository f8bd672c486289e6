// Normalizers: what happens to text before it is split. One row per type of tokenizer.json.
import type { AlignedText } from './aligned-text.ts';
import { bytesOf } from './byte-level.ts';
import { CharacterMap, fromBase64 } from './character-map.ts';
import { isIdeograph, isMark, isNonSpacingMark, isOther, isWhiteSpace } from './characters.ts';
import { CheckedJson } from './checked-json.ts';
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
      if (ideographs) result = result.mapCharacters((c, codePoint) => (isIdeograph(codePoint) ? ` ${c} ` : null));
      if (accents) {
        result = normalForm(result, 'NFD').mapCharacters((c, codePoint) =>
          codePoint >= 0x300 && isNonSpacingMark(c) ? '' : null,
        );
      }
      return lower ? lowercase(result) : result;
    };
  },
  Sequence: (config) => {
    const parts = config.list('normalizers').map((part, i) => readNormalizer(part, `${config.path}.normalizers[${i}]`));
    return (piece) => parts.reduce((text, part) => part(text), piece);
  },
};

/** The normalizer that a part of tokenizer.json describes; `path` names the part in errors. */
export function readNormalizer(json: unknown, path: string): Normalizer {
  const config = new CheckedJson(json, path);
  return rows[config.oneOf('type', Object.keys(rows) as NormalizerType[])](config);
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
  return piece.keepOrigin(from, to);
}

/** The white-space and control rules of SentencePiece's `nmt_nfkc`. */
function nmt(piece: AlignedText): AlignedText {
  return piece.mapCharacters((_, c) => {
    if ((c >= 1 && c <= 8) || c === 0x0b || (c >= 0x0e && c <= 0x1f) || c === 0x7f || c === 0x8f || c === 0x9f)
      return '';
    const spaced =
      c === 9 ||
      c === 10 ||
      c === 12 ||
      c === 13 ||
      c === 0x1680 ||
      (c >= 0x200b && c <= 0x200f) ||
      c === 0x2028 ||
      c === 0x2029 ||
      c === 0x2581 ||
      c === 0xfeff ||
      c === 0xfffd;
    return spaced ? ' ' : null;
  });
}
