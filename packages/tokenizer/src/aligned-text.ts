// A piece of text that remembers, for each of its UTF-16 units, which range of the original text it came from.
import { enlarged } from './enlarged.ts';

/** Text during normalisation and splitting. Immutable: every operation gives a new one. */
export class AlignedText {
  readonly text: string;
  /** Where the piece begins in the original text. With null arrays unit `i` comes from original unit `origin + i`. */
  readonly origin: number;
  private readonly starts: Int32Array | null;
  private readonly ends: Int32Array | null;

  constructor(text: string, origin = 0, starts: Int32Array | null = null, ends: Int32Array | null = null) {
    this.text = text;
    this.origin = origin;
    this.starts = starts;
    this.ends = ends;
  }

  get length(): number {
    return this.text.length;
  }

  /** First original unit of the character at unit `i`. */
  start(i: number): number {
    if (this.starts !== null) return this.starts[i]!;
    return this.origin + (i > 0 && isLow(this.text.charCodeAt(i)) && isHigh(this.text.charCodeAt(i - 1)) ? i - 1 : i);
  }

  /** One past the last original unit of the character at unit `i`. */
  end(i: number): number {
    if (this.ends !== null) return this.ends[i]!;
    return this.origin + (isHigh(this.text.charCodeAt(i)) && isLow(this.text.charCodeAt(i + 1)) ? i + 2 : i + 1);
  }

  /** The piece from unit `from` to unit `to`. */
  slice(from: number, to: number): AlignedText {
    if (from === 0 && to === this.text.length && this.starts === null) return this;
    const text = this.text.slice(from, to);
    if (this.starts === null) return new AlignedText(text, this.origin + from);
    const origin = from < to ? this.starts[from]! : this.origin;
    return new AlignedText(text, origin, this.starts.subarray(from, to), this.ends!.subarray(from, to));
  }

  /** The same text with `prefix` before it; its characters point at the first character of the text. */
  prepend(prefix: string): AlignedText {
    if (this.text === '' || prefix === '') return this;
    const rewrite = new Rewrite(this, prefix.length);
    rewrite.put(prefix, this.start(0), this.end(0));
    rewrite.keep(0, this.text.length);
    return rewrite.done();
  }

  /** Each character replaced by `map(character)`; several or no characters are allowed. Null: keep as it is. */
  mapCharacters(map: (character: string, codePoint: number) => string | null): AlignedText {
    const { text } = this;
    let rewrite: Rewrite | null = null;
    for (let i = 0, size = 1; i < text.length; i += size) {
      const codePoint = text.codePointAt(i)!;
      size = codePoint > 0xffff ? 2 : 1;
      const character = size === 1 ? text[i]! : text.slice(i, i + 2);
      const mapped = map(character, codePoint);
      if (mapped === null || mapped === character) {
        rewrite?.keep(i, i + size);
        continue;
      }
      if (rewrite === null) {
        rewrite = new Rewrite(this, 16);
        rewrite.keep(0, i);
      }
      rewrite.put(mapped, this.start(i), this.end(i));
    }
    return rewrite === null ? this : rewrite.done();
  }

  /** Each range of `ranges` ([from, to) pairs, flat, ascending) replaced by `content`, which points at the range's last character. */
  replaceRanges(ranges: readonly number[], content: string): AlignedText {
    if (ranges.length === 0) return this;
    const rewrite = new Rewrite(this, (ranges.length / 2) * content.length);
    let kept = 0;
    for (let r = 0; r < ranges.length; r += 2) {
      const from = ranges[r]!;
      const to = ranges[r + 1]!;
      rewrite.keep(kept, from);
      if (to === 0) rewrite.put(content, this.origin, this.origin);
      else rewrite.put(content, this.start(to - 1), this.end(to - 1));
      kept = to;
    }
    rewrite.keep(kept, this.text.length);
    return rewrite.done();
  }

  /**
   * The general rewriting that Unicode normal forms need. `changes[i]` says of character `characters[i]`:
   * 0 it takes the place of the next character, 1 it is inserted, -n it takes the place of one and n more are dropped.
   */
  transform(characters: readonly string[], changes: readonly number[]): AlignedText {
    const { text } = this;
    const rewrite = new Rewrite(this, characters.length);
    let at = 0;
    const step = () => {
      if (at < text.length) at += text.codePointAt(at)! > 0xffff ? 2 : 1;
    };
    for (let i = 0; i < characters.length; i++) {
      const change = changes[i]!;
      const source = change > 0 ? at - 1 : Math.min(at, text.length - 1);
      if (source < 0) rewrite.put(characters[i]!, this.origin, this.origin);
      else rewrite.put(characters[i]!, this.start(source), this.end(source));
      if (change <= 0) for (let n = change; n <= 0; n++) step();
    }
    return rewrite.done();
  }
}

/** Collects the units of a new aligned text. */
class Rewrite {
  private readonly from: AlignedText;
  private text = '';
  private length = 0;
  private starts: Int32Array;
  private ends: Int32Array;

  constructor(from: AlignedText, growth: number) {
    this.from = from;
    this.starts = new Int32Array(from.length + growth);
    this.ends = new Int32Array(from.length + growth);
  }

  keep(from: number, to: number): void {
    if (from >= to) return;
    this.reserve(to - from);
    this.text += this.from.text.slice(from, to);
    for (let i = from; i < to; i++) {
      this.starts[this.length] = this.from.start(i);
      this.ends[this.length++] = this.from.end(i);
    }
  }

  put(text: string, start: number, end: number): void {
    this.reserve(text.length);
    this.text += text;
    for (let i = 0; i < text.length; i++) {
      this.starts[this.length] = start;
      this.ends[this.length++] = end;
    }
  }

  done(): AlignedText {
    return new AlignedText(
      this.text,
      this.from.origin,
      this.starts.subarray(0, this.length),
      this.ends.subarray(0, this.length),
    );
  }

  private reserve(more: number): void {
    if (this.length + more <= this.starts.length) return;
    const size = Math.max(this.length + more, this.starts.length * 2);
    this.starts = enlarged(this.starts, size);
    this.ends = enlarged(this.ends, size);
  }
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** The text with each lone surrogate as U+FFFD: what every reference sees, one unit for one. */
export function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text;
}
