// SentencePiece (Kudo & Richardson 2018, arXiv:1808.06226): a .model file run as the C++ library runs it.
import { wellFormed } from '../aligned-text.ts';
import { utf8Byte, utf8Length } from '../byte-alphabet.ts';
import { CharacterMap } from '../character-map.ts';
import { TokenizerError } from '../errors.ts';
import { MergeHeap } from '../models/merge.ts';
import { Trie } from '../models/trie.ts';
import { Unigram } from '../models/unigram.ts';
import { type Piece, readSentencePieceFile, type SentencePieceFile } from './model-file.ts';

/** The pieces of a text. `offsets` are flat pairs of UTF-16 positions in the text. */
export interface SentencePieceEncoding {
  readonly ids: Int32Array;
  readonly tokens: readonly string[];
  readonly offsets: Int32Array;
}

const spaceSymbol = '\u2581';

/**
 * A SentencePiece model as the library itself would run it. For use with the rest of this package turn it into a
 * tokenizer.json (`sentencePieceToJson`); the two differ in rare cases, as they do between the reference libraries.
 */
export class SentencePiece {
  readonly file: SentencePieceFile;
  readonly #map: CharacterMap | null;
  readonly #userDefined: Trie;
  readonly #ids = new Map<string, number>();
  readonly #byteIds: readonly number[];
  readonly #cut: (text: string, add: (id: number, from: number, to: number) => void) => void;

  constructor(file: SentencePieceFile) {
    this.file = file;
    this.#map =
      file.characterMap.length === 0
        ? null
        : new CharacterMap(file.characterMap, 'normalizer_spec.precompiled_charsmap');
    file.pieces.forEach(({ text, type }, id) => {
      if (isText(type)) this.#ids.set(text, id);
    });
    this.#userDefined = new Trie(
      file.pieces.flatMap(({ text, type }, id) => (type === 'userDefined' ? [[text, id] as const] : [])),
    );
    this.#byteIds = Array.from({ length: 256 }, (_, byte) =>
      file.pieces.findIndex(({ text, type }) => type === 'byte' && Number.parseInt(text.slice(3, 5), 16) === byte),
    );
    if (file.byteFallback && this.#byteIds.includes(-1)) {
      throw new TokenizerError(
        'VOCABULARY',
        `byte fallback needs 256 byte pieces; <0x${this.#byteIds.indexOf(-1).toString(16)}> is missing`,
      );
    }
    if (file.algorithm === 'unigram') {
      const unigram = unigramOf(file);
      this.#cut = (text, add) => segment(unigram, text, add);
    } else if (file.algorithm === 'bpe') {
      const ranks = ranksOf(file.pieces);
      this.#cut = (text, add) => this.#cutByMerges(text, ranks, add);
    } else {
      const boundaries = file.algorithm === 'char' ? () => false : (unit: string) => unit !== spaceSymbol;
      this.#cut = (text, add) => this.#cutAtBoundaries(text, boundaries, add);
    }
  }

  /** @param bytes the content of the .model file; `name` is used in errors. */
  static fromModel(bytes: Uint8Array, name?: string): SentencePiece {
    return new SentencePiece(readSentencePieceFile(bytes, name));
  }

  /** Cuts a text into pieces. No begin or end token is added, and control symbols in the text are plain text. */
  encode(text: string): SentencePieceEncoding {
    const normalized = this.#normalize(wellFormed(text));
    const { origins } = normalized;
    const ids: number[] = [];
    const tokens: string[] = [];
    const offsets: number[] = [];
    let afterUnknown = false;
    this.#cut(normalized.text, (id, from, to) => {
      const piece = normalized.text.slice(from, to);
      const unknown = id === this.file.unknownId;
      if (unknown && this.file.byteFallback) {
        const bytes = bytesOf(piece);
        bytes.forEach((byte, i) => {
          ids.push(this.#byteIds[byte]!);
          tokens.push(this.file.pieces[this.#byteIds[byte]!]!.text);
          // The last byte stands for the character, those before it for nothing.
          offsets.push(origins[from]!, i === bytes.length - 1 ? origins[to]! : origins[from]!);
        });
      } else if (unknown && afterUnknown) {
        tokens[tokens.length - 1] += piece;
        offsets[offsets.length - 1] = origins[to]!;
      } else {
        ids.push(id);
        tokens.push(piece);
        offsets.push(origins[from]!, origins[to]!);
      }
      afterUnknown = unknown;
    });
    return { ids: Int32Array.from(ids), tokens, offsets: Int32Array.from(offsets) };
  }

  /** Ids to text. */
  decode(ids: ArrayLike<number>): string {
    const { pieces, addDummyPrefix, removeExtraSpaces, unknownSurface } = this.file;
    let text = '';
    let bytes: number[] = [];
    let atStart = true;
    let spaceTaken = false;
    const flush = () => {
      if (bytes.length > 0) text += decodeBytes(bytes);
      bytes = [];
    };
    for (let i = 0; i < ids.length; i++) {
      const piece = pieces[ids[i]!];
      if (piece === undefined) {
        throw new TokenizerError(
          'ARGUMENT',
          `decode: id ${ids[i]} has no piece; ids are from 0 to ${pieces.length - 1}`,
          { id: ids[i] },
        );
      }
      if (piece.type === 'byte') {
        bytes.push(Number.parseInt(piece.text.slice(3, 5), 16));
        continue;
      }
      flush();
      if (spaceTaken || text !== '') atStart = false;
      spaceTaken = false;
      if (piece.type === 'control') continue;
      if (piece.type === 'unknown') {
        text += unknownSurface;
        continue;
      }
      let surface = piece.text;
      if (atStart && (addDummyPrefix || removeExtraSpaces) && surface.startsWith(spaceSymbol)) {
        surface = surface.slice(1);
        spaceTaken = !removeExtraSpaces;
      }
      text += surface.replaceAll(spaceSymbol, ' ');
    }
    flush();
    return text;
  }

  /** The normalised text and, for each of its units and its end, the position in the original. */
  #normalize(text: string): { text: string; origins: number[] } {
    const { removeExtraSpaces, addDummyPrefix, spaceAsSuffix, escapeSpaces } = this.file;
    const space = escapeSpaces ? spaceSymbol : ' ';
    const origins: number[] = [];
    let result = '';
    let at = 0;
    const put = (part: string, origin: number) => {
      result += part;
      for (let i = 0; i < part.length; i++) origins.push(origin);
    };
    if (removeExtraSpaces) {
      while (at < text.length) {
        const { units, replacement } = this.#prefix(text, at);
        if (replacement !== ' ') break;
        at += units;
      }
    }
    if (at === text.length) return { text: '', origins: [0] };
    if (addDummyPrefix && !spaceAsSuffix) put(space, at);
    let afterSpace = removeExtraSpaces;
    while (at < text.length) {
      const { units, replacement } = this.#prefix(text, at);
      const part = afterSpace ? replacement.replace(/^ +/, '') : replacement;
      if (part !== '') {
        put(escapeSpaces ? part.replaceAll(' ', spaceSymbol) : part, at);
        afterSpace = part.endsWith(' ');
      }
      at += units;
      if (!removeExtraSpaces) afterSpace = false;
    }
    if (removeExtraSpaces) {
      while (result.endsWith(space)) {
        result = result.slice(0, -1);
        at = origins.pop()!;
      }
    }
    if (addDummyPrefix && spaceAsSuffix) put(space, at);
    origins.push(at);
    return { text: result, origins };
  }

  /** What the text at `at` normalises to, one rule or one character. */
  #prefix(text: string, at: number): { units: number; replacement: string } {
    const symbol = this.#userDefinedAt(text, at);
    if (symbol > 0) return { units: symbol, replacement: text.slice(at, at + symbol) };
    const mapped = this.#map?.prefix(text, at, true) ?? null;
    if (mapped !== null) return mapped;
    const units = text.codePointAt(at)! > 0xffff ? 2 : 1;
    return { units, replacement: text.slice(at, at + units) };
  }

  /** Units of the longest user-defined symbol at the place, or 0. */
  #userDefinedAt(text: string, at: number): number {
    let node = Trie.root;
    let longest = 0;
    for (let i = at; i < text.length && node !== -1; i++) {
      node = this.#userDefined.child(node, text.charCodeAt(i));
      if (node !== -1 && this.#userDefined.ids[node] !== -1) longest = i + 1 - at;
    }
    return longest;
  }

  #cutAtBoundaries(
    text: string,
    continues: (unit: string) => boolean,
    add: (id: number, from: number, to: number) => void,
  ): void {
    for (let from = 0; from < text.length; ) {
      let to = from + (this.#userDefinedAt(text, from) || (text.codePointAt(from)! > 0xffff ? 2 : 1));
      while (to < text.length && continues(text[to]!)) to++;
      add(this.#ids.get(text.slice(from, to)) ?? this.file.unknownId, from, to);
      from = to;
    }
  }

  /** The piece of highest score first, leftmost first; pieces marked unused are taken apart again at the end. */
  #cutByMerges(text: string, ranks: Int32Array, add: (id: number, from: number, to: number) => void): void {
    const starts: number[] = [];
    const frozen: boolean[] = [];
    for (let at = 0; at < text.length; ) {
      const symbol = this.#userDefinedAt(text, at);
      starts.push(at);
      frozen.push(symbol > 0);
      at += symbol || (text.codePointAt(at)! > 0xffff ? 2 : 1);
    }
    const count = starts.length;
    const end = (i: number) => (next[i]! === count ? text.length : starts[next[i]!]!);
    const next = Int32Array.from({ length: count }, (_, i) => i + 1);
    const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
    const gone = new Uint8Array(count);
    const undone = new Map<string, number>();
    const heap = new MergeHeap(count);
    /** The id of the piece that the symbol `left` and the one after it make; undefined: none. */
    const joined = (left: number): number | undefined => {
      const right = next[left]!;
      if (right === count || frozen[left] || frozen[right]) return undefined;
      return this.#ids.get(text.slice(starts[left], end(right)));
    };
    const offer = (left: number) => {
      const id = left < 0 ? undefined : joined(left);
      if (id === undefined) return;
      heap.push(ranks[id]!, left);
      const { text: piece, type } = this.file.pieces[id]!;
      if (type === 'unused') undone.set(piece, starts[next[left]!]! - starts[left]!);
    };
    for (let i = 0; i < count; i++) offer(i);
    while (heap.pop()) {
      const { position: left, rank } = heap;
      const id = gone[left] === 1 ? undefined : joined(left);
      if (id === undefined || ranks[id] !== rank) continue;
      const right = next[left]!;
      gone[right] = 1;
      next[left] = next[right]!;
      if (next[left] !== count) previous[next[left]!] = left;
      offer(previous[left]!);
      offer(left);
    }
    const emit = (from: number, to: number) => {
      const piece = text.slice(from, to);
      const id = this.#ids.get(piece) ?? this.file.unknownId;
      const parted = this.file.pieces[id]!.type === 'unused' ? undone.get(piece) : undefined;
      if (parted === undefined) add(id, from, to);
      else {
        emit(from, from + parted);
        emit(from + parted, to);
      }
    };
    for (let i = 0; i < count; i = next[i]!) emit(starts[i]!, end(i));
  }
}

/** The best path itself, character by character where nothing matches. */
function segment(model: Unigram, text: string, add: (id: number, from: number, to: number) => void): void {
  let to = 0;
  for (let p = 2 * model.bestPath(text, null) - 2; p >= 0; p -= 2) {
    const from = to;
    to = p >= 2 ? model.path[p - 1]! : text.length;
    add(model.path[p]!, from, to);
  }
}

function isText(type: Piece['type']): boolean {
  return type === 'normal' || type === 'userDefined' || type === 'unused';
}

// The library computes with 32-bit floats, and a user-defined symbol costs next to nothing so that it always wins.
function unigramOf(file: SentencePieceFile): Unigram {
  let least = Number.POSITIVE_INFINITY;
  let most = 2 ** -126;
  for (const { score, type } of file.pieces) {
    if (type !== 'normal') continue;
    least = Math.min(least, score);
    most = Math.max(most, score);
  }
  const scores = file.pieces.map(({ text, score, type }): [string, number] => [
    text,
    type === 'userDefined' ? Math.fround(bytesOf(text).length * most) - 0.1 : score,
  ]);
  return new Unigram(scores, file.unknownId, false, {
    matches: (id) => isText(file.pieces[id]!.type) && file.pieces[id]!.type !== 'unused',
    unknownScore: Math.fround(least - 10),
    singlePrecision: true,
  });
}

/** Ranks of the pieces by falling score; equal scores have equal rank. */
function ranksOf(pieces: readonly Piece[]): Int32Array {
  const order = [...new Set(pieces.map((piece) => piece.score))].sort((a, b) => b - a);
  const rankOf = new Map(order.map((score, rank) => [score, rank]));
  return Int32Array.from(pieces, (piece) => rankOf.get(piece.score)!);
}

function bytesOf(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const codePoint = character.codePointAt(0)!;
    for (let b = 0; b < utf8Length(codePoint); b++) bytes.push(utf8Byte(codePoint, b));
  }
  return bytes;
}

/** UTF-8 to text, with U+FFFD for every byte that begins no character. */
function decodeBytes(bytes: readonly number[]): string {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at]!;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    try {
      text += strict.decode(Uint8Array.from(bytes.slice(at, at + length)));
      at += length;
    } catch {
      text += '\ufffd';
      at++;
    }
  }
  return text;
}
