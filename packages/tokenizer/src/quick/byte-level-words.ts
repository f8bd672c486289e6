// The quick path of byte-level BPE: scanner, cache of words, merges over bytes, without a string or an object per word.
import { byteAlphabet, byteToCode, utf8Byte, utf8Length } from '../byte-alphabet.ts';
import type { Bpe } from '../models/bpe.ts';
import { mergeSymbols, Symbols } from '../models/merge.ts';
import type { TokenList } from '../token-list.ts';
import { CharBoundaries } from './char-boundaries.ts';
import type { QuickPath } from './quick-path.ts';
import type { Scanner } from './scanners.ts';
import { longestKept, WordCache } from './word-cache.ts';

export class ByteLevelWords implements QuickPath {
  readonly #model: Bpe;
  readonly #scan: Scanner;
  readonly #prefix: boolean;
  readonly #composed: boolean;
  readonly #forbidden: Uint8Array | null;
  readonly #byteIds: Int32Array;
  readonly #boundaries: CharBoundaries;
  readonly #symbols = new Symbols();
  readonly #cache = new WordCache();
  /** Parts of words, where a whole word may be a token that merges do not make. */
  readonly #partCache: WordCache;

  /** Whether the model is one of plain byte-level BPE, which has every byte and makes no random choice. */
  static suits(model: Bpe, forbidden: Uint8Array | null): boolean {
    const { dropout, continuingPrefix, endOfWordSuffix } = model.settings;
    const plain = dropout === 0 && continuingPrefix === '' && endOfWordSuffix === '';
    if (!plain) return false;
    const ids = byteAlphabet.map((character) => model.tokenToId(character));
    return ids.every((id) => id !== undefined && forbidden?.[id] !== 1);
  }

  /** @param composed the text is to be in normal form C. */
  constructor(model: Bpe, scan: Scanner, prefix: boolean, composed: boolean, forbidden: Uint8Array | null) {
    this.#model = model;
    this.#scan = scan;
    this.#prefix = prefix;
    this.#composed = composed;
    this.#forbidden = forbidden;
    this.#byteIds = Int32Array.from(byteAlphabet, (character) => model.tokenToId(character)!);
    this.#partCache = model.settings.ignoreMerges ? new WordCache() : this.#cache;
    this.#boundaries = new CharBoundaries(model.vocabulary.ids.keys());
  }

  takes(text: string): boolean {
    // Every part of a text in normal form is in normal form.
    return !this.#composed || !/[^\0-\x7f]/.test(text) || text.normalize('NFC') === text;
  }

  encode(units: Uint16Array, from: number, to: number, list: TokenList): void {
    if (from >= to) return;
    if (!this.#prefix || units[from] === 0x20) {
      this.#words(units, from, to, list, 0);
      return;
    }
    const prefixed = new Uint16Array(to - from + 1);
    prefixed[0] = 0x20;
    prefixed.set(units.subarray(from, to), 1);
    const first = list.length;
    this.#words(prefixed, 0, prefixed.length, list, from - 1);
    list.withoutPrefix(first, from, from + ((units[from]! & 0xfc00) === 0xd800 ? 2 : 1));
  }

  /** `shift` is added to places in `units` to get places in the text. */
  #words(units: Uint16Array, from: number, to: number, list: TokenList, shift: number): void {
    const scan = this.#scan;
    const boundaries = this.#boundaries;
    const whole = this.#model.settings.ignoreMerges;
    for (let at = from; at < to; ) {
      const end = scan(units, at, to);
      list.startWord();
      let start = at;
      for (let i = at + 1; i < end; i++) {
        const right = units[i]!;
        if (right >= 0x800 && units[i - 1]! >= 0x800 && boundaries.separates(units[i - 1]!, right)) {
          // What is cut is no token as a whole, so its parts must not be looked up as such.
          this.#part(units, start, i, list, shift, false);
          start = i;
        }
      }
      this.#part(units, start, end, list, shift, whole && start === at);
      at = end;
    }
  }

  #part(units: Uint16Array, from: number, to: number, list: TokenList, shift: number, mayBeWhole: boolean): void {
    if (to - from > longestKept) {
      this.#merge(units, from, to, mayBeWhole);
      const symbols = this.#symbols;
      for (let i = 0; i !== -1; i = symbols.next[i]!)
        list.put(symbols.ids[i]!, shift + symbols.from[i]!, shift + symbols.to[i]!);
      return;
    }
    const cache = mayBeWhole ? this.#cache : this.#partCache;
    let slot = cache.find(units, from, to);
    if (slot < 0) {
      cache.reserve();
      this.#merge(units, from, to, mayBeWhole);
      slot = cache.add(units, from, to, slot);
      const { ids, next, from: starts, to: ends } = this.#symbols;
      for (let i = 0; i !== -1; i = next[i]!) cache.keep(slot, ids[i]!, starts[i]! - from, ends[i]! - from);
    }
    list.putWord(cache, slot, shift + from);
  }

  /** Leaves the tokens in `this.#symbols`. */
  #merge(units: Uint16Array, from: number, to: number, mayBeWhole: boolean): void {
    const symbols = this.#symbols;
    const byteIds = this.#byteIds;
    const forbidden = this.#forbidden;
    symbols.clear(to - from > longestKept ? byteCount(units, from, to) : 4 * longestKept);
    if (mayBeWhole) {
      const id = this.#model.tokenToId(inByteAlphabet(units, from, to));
      if (id !== undefined && forbidden?.[id] !== 1) {
        symbols.push(id, from, to, 0);
        return;
      }
    }
    for (let i = from; i < to; ) {
      const unit = units[i]!;
      if (unit < 0x80) {
        symbols.push(byteIds[unit]!, i, ++i, 1);
        continue;
      }
      const pair = (unit & 0xfc00) === 0xd800;
      const codePoint = pair ? ((unit - 0xd800) << 10) + units[i + 1]! - 0xdc00 + 0x10000 : unit;
      const end = pair ? i + 2 : i + 1;
      for (let b = 0, n = utf8Length(codePoint); b < n; b++) symbols.push(byteIds[utf8Byte(codePoint, b)]!, i, end, 1);
      i = end;
    }
    mergeSymbols(symbols, this.#model.merges, 0, forbidden);
  }
}

function byteCount(units: Uint16Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) {
    const unit = units[i]!;
    // A surrogate is half of four bytes.
    count += unit < 0x80 ? 1 : unit < 0x800 || (unit & 0xf800) === 0xd800 ? 2 : 3;
  }
  return count;
}

function inByteAlphabet(units: Uint16Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) {
    const unit = units[i]!;
    const pair = (unit & 0xfc00) === 0xd800;
    const codePoint = pair ? ((unit - 0xd800) << 10) + units[++i]! - 0xdc00 + 0x10000 : unit;
    for (let b = 0, n = utf8Length(codePoint); b < n; b++)
      text += String.fromCharCode(byteToCode[utf8Byte(codePoint, b)]!);
  }
  return text;
}
