// Collects the tokens of one text, piece by piece, and turns positions in pieces into positions in the text.
import type { AlignedText } from './aligned-text.ts';
import { Encoding } from './encoding.ts';
import type { Model, TokenSink } from './models/model.ts';

export class EncodingBuilder implements TokenSink {
  private readonly ids: number[] = [];
  private readonly tokens: string[] = [];
  private readonly offsets: number[] = [];
  private readonly wordIds: number[] = [];
  private current: AlignedText | null = null;
  private word = -1;
  private readonly model: Model;
  private readonly sequence: 0 | 1;

  constructor(model: Model, sequence: 0 | 1) {
    this.model = model;
    this.sequence = sequence;
  }

  get count(): number {
    return this.ids.length;
  }

  /** The piece that the following tokens belong to. */
  piece(piece: AlignedText): void {
    this.current = piece;
    this.word++;
  }

  add(id: number, from: number, to: number, surface?: string): void {
    const piece = this.current!;
    this.ids.push(id);
    this.tokens.push(surface ?? this.model.idToToken(id)!);
    if (from < to) this.offsets.push(piece.start(from), piece.end(to - 1));
    else this.offsets.push(piece.origin + from, piece.origin + from);
    this.wordIds.push(this.word);
  }

  done(): Encoding {
    const length = this.ids.length;
    return new Encoding({
      ids: Int32Array.from(this.ids),
      tokens: this.tokens,
      offsets: Int32Array.from(this.offsets),
      wordIds: Int32Array.from(this.wordIds),
      typeIds: new Int32Array(length).fill(this.sequence),
      attentionMask: new Uint8Array(length).fill(1),
      specialTokensMask: new Uint8Array(length),
      sequenceIds: new Int8Array(length).fill(this.sequence),
    });
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
