// The quick path of BERT: clean, lower-case, strip accents, split and cut into word pieces in one pass over the units.
import { AlignedText } from '../aligned-text.ts';
import type { TokenSink } from '../models/model.ts';
import type { WordPiece } from '../models/word-piece.ts';
import { isStarter } from '../normal-forms.ts';
import type { Normalizer } from '../normalizers.ts';
import type { PreTokenizer } from '../pre-tokenizers.ts';
import type { TokenList } from '../token-list.ts';
import type { QuickPath } from './quick-path.ts';
import { longestKept, WordCache } from './word-cache.ts';

// What a unit is, found by asking normalizer and pre-tokenizer about it.
const [dropped, space, alone, plain, difficult] = [1, 2, 3, 4, 5];

// Room for a word this long is kept for the next one.
const longestRoom = 1 << 16;

export class BertWords implements QuickPath, TokenSink {
  readonly #model: WordPiece;
  readonly #normalizer: Normalizer | null;
  readonly #preTokenizer: PreTokenizer;
  readonly #forbidden: Uint8Array | null;
  readonly #kinds = new Uint8Array(65536);
  /** What plain units and units alone become: always one unit. */
  readonly #mapped = new Uint16Array(65536);
  /** Ids of units that stand alone, -2: not asked for yet. */
  readonly #aloneIds = new Int32Array(65536).fill(-2);
  readonly #cache = new WordCache();
  /** The word at hand after normalisation, the unit of the text that each of its units came from, and its length. */
  #word = new Uint16Array(128);
  #sources = new Int32Array(128);
  #length = 0;
  /** The model's answer: id, first and last unit of each token, flat. */
  #answer: number[] = [];

  constructor(
    model: WordPiece,
    normalizer: Normalizer | null,
    preTokenizer: PreTokenizer,
    forbidden: Uint8Array | null,
  ) {
    this.#model = model;
    this.#normalizer = normalizer;
    this.#preTokenizer = preTokenizer;
    this.#forbidden = forbidden;
  }

  takes(): boolean {
    return true;
  }

  encode(units: Uint16Array, from: number, to: number, list: TokenList): void {
    const kinds = this.#kinds;
    const mapped = this.#mapped;
    let start = from;
    this.#length = 0;
    for (let i = from; i < to; i++) {
      const unit = units[i]!;
      const kind = kinds[unit]! || this.#classify(unit);
      if (kind === plain) {
        if (this.#length >= this.#word.length) this.#makeRoom(2 * this.#length);
        this.#word[this.#length] = mapped[unit]!;
        this.#sources[this.#length++] = i;
      } else if (kind === difficult) {
        // From the start of this word to the next place where words surely part.
        let end = i + 1;
        while (end < to && !parts(kinds[units[end]!]! || this.#classify(units[end]!))) end++;
        this.#length = 0;
        this.#general(units, start, end, list);
        start = end;
        i = end - 1;
      } else if (kind !== dropped) {
        this.#flush(list);
        start = i + 1;
        if (kind === alone) {
          let id = this.#aloneIds[unit]!;
          if (id === -2) id = this.#aloneId(unit);
          list.startWord();
          list.put(id, i, i + 1);
        }
      }
    }
    this.#flush(list);
  }

  /** The tokens of the word at hand. */
  #flush(list: TokenList): void {
    const length = this.#length;
    const cache = this.#cache;
    const sources = this.#sources;
    if (length === 0) return;
    this.#length = 0;
    list.startWord();
    if (length > longestKept) {
      this.#addLong(length, list);
      return;
    }
    let slot = cache.find(this.#word, 0, length);
    if (slot < 0) {
      cache.reserve();
      this.#answer = [];
      this.#model.tokenize(textOf(this.#word, 0, length), this, this.#forbidden);
      slot = cache.add(this.#word, 0, length, slot);
      for (let i = 0; i < this.#answer.length; i += 3)
        cache.keep(slot, this.#answer[i]!, this.#answer[i + 1]!, this.#answer[i + 2]!);
    }
    list.putMappedWord(cache, slot, sources);
  }

  #addLong(length: number, list: TokenList): void {
    this.#answer = [];
    this.#model.tokenize(textOf(this.#word, 0, length), this, this.#forbidden);
    for (let i = 0; i < this.#answer.length; i += 3)
      list.put(this.#answer[i]!, this.#sources[this.#answer[i + 1]!]!, this.#sources[this.#answer[i + 2]! - 1]! + 1);
    if (length > longestRoom) this.#makeRoom(128);
  }

  /** Takes the model's answer. */
  add(id: number, from: number, to: number): void {
    this.#answer.push(id, from, to);
  }

  #aloneId(unit: number): number {
    this.#answer = [];
    this.#model.tokenize(String.fromCharCode(this.#mapped[unit]!), this, this.#forbidden);
    this.#aloneIds[unit] = this.#answer[0]!;
    return this.#answer[0]!;
  }

  /** The way of all other tokenizers, for `units[from..to)`. */
  #general(units: Uint16Array, from: number, to: number, list: TokenList): void {
    const given = new AlignedText(textOf(units, from, to), from);
    for (const piece of this.#preTokenizer(this.#normalizer === null ? given : this.#normalizer(given))) {
      if (piece.length === 0) continue;
      list.startPiece(piece);
      this.#model.tokenize(piece.text, list, this.#forbidden);
    }
  }

  #makeRoom(size: number): void {
    const [word, sources] = [new Uint16Array(size), new Int32Array(size)];
    word.set(this.#word.subarray(0, this.#length));
    sources.set(this.#sources.subarray(0, this.#length));
    [this.#word, this.#sources] = [word, sources];
  }

  /** Finds out what a unit is, whatever stands around it. Units of which that cannot be said are difficult. */
  #classify(unit: number): number {
    const kind = (unit & 0xf800) === 0xd800 ? difficult : this.#kindOf(unit);
    this.#kinds[unit] = kind;
    return kind;
  }

  #kindOf(unit: number): number {
    const normalize = (text: string) => {
      const given = new AlignedText(text);
      return this.#normalizer === null ? given : this.#normalizer(given);
    };
    const words = (text: string) =>
      this.#preTokenizer(normalize(text))
        .map((piece) => piece.text)
        .filter((text) => text !== '');
    const character = String.fromCharCode(unit);
    const around = words(`a${character}a`);
    const [own] = words(character);
    if (own === undefined) return around.length === 2 ? space : around[0] === 'aa' ? dropped : difficult;
    // A combining character that stays may change places with its neighbours.
    if (own.length > 1 || !isStarter(own)) return difficult;
    this.#mapped[unit] = own.charCodeAt(0);
    if (around.length === 3 && around[1] === own) return alone;
    return around.length === 1 && around[0] === `a${own}a` ? plain : difficult;
  }
}

function parts(kind: number): boolean {
  return kind === space || kind === alone;
}

function textOf(units: Uint16Array, from: number, to: number): string {
  let text = '';
  // In parts, for a call takes only so many arguments.
  for (let i = from; i < to; i += 8192) text += String.fromCharCode(...units.subarray(i, Math.min(i + 8192, to)));
  return text;
}
