// Collects the tokens of one text, word by word: ids, and where asked for, offsets and words.
import type { AlignedText } from './aligned-text.ts';
import { Encoding } from './encoding.ts';
import { enlarged } from './enlarged.ts';
import type { Model, TokenSink } from './models/model.ts';
import type { WordCache } from './quick/word-cache.ts';

// Room for this many tokens is kept from text to text (1 MB).
const mostKept = 1 << 16;
const none = new Int32Array(0);

export class TokenList implements TokenSink {
  length = 0;
  private ids: Int32Array;
  /** Start and end of each token in the text; empty where only ids are wanted. */
  private offsets: Int32Array;
  private wordIds: Int32Array;
  private readonly idsOnly: boolean;
  private word = -1;
  private piece: AlignedText | null = null;
  /** Texts of tokens that are not the text of their id. */
  private surfaces: Map<number, string> | null = null;

  constructor(idsOnly: boolean) {
    this.idsOnly = idsOnly;
    this.ids = this.offsets = this.wordIds = none;
  }

  /** Empties the list for the next text; room for very many tokens is given back. */
  clear(): this {
    this.length = 0;
    this.word = -1;
    this.piece = null;
    this.surfaces = null;
    if (this.ids.length > mostKept) this.ids = this.offsets = this.wordIds = none;
    return this;
  }

  /** The following tokens belong to a new word. */
  startWord(): void {
    this.word++;
  }

  /** The following tokens belong to a new word, and what `add` calls units are those of `piece`. */
  startPiece(piece: AlignedText): void {
    this.word++;
    this.piece = piece;
  }

  /** A token of the piece that was started last. */
  add(id: number, from: number, to: number, surface?: string): void {
    if (surface !== undefined && !this.idsOnly) {
      this.surfaces ??= new Map();
      this.surfaces.set(this.length, surface);
    }
    const piece = this.piece!;
    if (this.idsOnly) this.put(id, 0, 0);
    else if (from < to) this.put(id, piece.start(from), piece.end(to - 1));
    else this.put(id, piece.origin + from, piece.origin + from);
  }

  /** A token with its place in the text. */
  put(id: number, start: number, end: number): void {
    const at = this.length++;
    if (at === this.ids.length) this.grow(at + 1);
    this.ids[at] = id;
    if (this.idsOnly) return;
    this.offsets[2 * at] = start;
    this.offsets[2 * at + 1] = end;
    this.wordIds[at] = this.word;
  }

  /** The tokens of a kept word that begins at `start` of the text. */
  putWord(cache: WordCache, slot: number, start: number): void {
    const first = cache.slots[slot + 2]!;
    const count = cache.slots[slot + 3]! >> 8;
    const at = this.length;
    if (at + count > this.ids.length) this.grow(at + count);
    const { ids } = this;
    const kept = cache.ids;
    for (let i = 0; i < count; i++) ids[at + i] = kept[first + i]!;
    this.length = at + count;
    if (this.idsOnly) return;
    const { offsets, wordIds, word } = this;
    for (let i = 0; i < count; i++) {
      offsets[2 * (at + i)] = start + cache.starts[first + i]!;
      offsets[2 * (at + i) + 1] = start + cache.ends[first + i]!;
      wordIds[at + i] = word;
    }
  }

  /** As `putWord` where the units of the word come from anywhere: unit `i` from unit `sources[i]` of the text. */
  putMappedWord(cache: WordCache, slot: number, sources: Int32Array): void {
    const first = this.length;
    this.putWord(cache, slot, 0);
    if (this.idsOnly) return;
    for (let i = 2 * first; i < 2 * this.length; i += 2) {
      this.offsets[i] = sources[this.offsets[i]!]!;
      this.offsets[i + 1] = sources[this.offsets[i + 1]! - 1]! + 1;
    }
  }

  /**
   * After text that had a space put before it: tokens from `first` on that begin with that space point at the first character
   * of the text instead, which ends at `firstEnd`.
   */
  withoutPrefix(first: number, textStart: number, firstEnd: number): void {
    if (this.idsOnly) return;
    for (let i = 2 * first; i < 2 * this.length && this.offsets[i]! < textStart; i += 2) {
      this.offsets[i] = textStart;
      if (this.offsets[i + 1]! <= textStart) this.offsets[i + 1] = firstEnd;
    }
  }

  /** Adds ids that stand for no text. */
  append(ids: Int32Array): void {
    for (const id of ids) this.put(id, 0, 0);
  }

  doneIds(): Int32Array {
    return this.ids.slice(0, this.length);
  }

  done(model: Model, sequence: 0 | 1): Encoding {
    const { length, surfaces } = this;
    const ids = this.doneIds();
    return new Encoding({
      ids,
      tokens: () => Array.from(ids, (id, i) => surfaces?.get(i) ?? model.idToToken(id)!),
      offsets: this.offsets.slice(0, 2 * length),
      wordIds: this.wordIds.slice(0, length),
      typeIds: new Int32Array(length).fill(sequence),
      attentionMask: new Uint8Array(length).fill(1),
      specialTokensMask: new Uint8Array(length),
      sequenceIds: new Int8Array(length).fill(sequence),
    });
  }

  private grow(least: number): void {
    const size = Math.max(least, 2 * this.ids.length, 256);
    this.ids = enlarged(this.ids, size);
    if (this.idsOnly) return;
    this.offsets = enlarged(this.offsets, 2 * size);
    this.wordIds = enlarged(this.wordIds, size);
  }
}

/** Offsets counted in UTF-16 units of `text`, counted in its code points. */
export function inCodePoints(offsets: Int32Array, text: string): Int32Array {
  const points = new Int32Array(text.length + 1);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    points[i] = count;
    const pair = text.codePointAt(i)! > 0xffff;
    if (pair) points[++i] = count;
    count++;
  }
  points[text.length] = count;
  return offsets.map((offset) => points[offset]!);
}
