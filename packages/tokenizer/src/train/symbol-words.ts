// Distinct words as symbols of a vocabulary, in three to five bytes a symbol: what merging works on.

/** Stands before, between and after words; 65,535 when read back from two bytes. */
export const wordEnd = -1;

/** Vocabularies up to this size fit in two bytes a symbol, beside two marks. */
const largestNarrowVocabulary = 0xfffe;

/** Weights from here on are looked up. */
const heavy = 255;

/** The words of a text, and how often each was seen. */
export class SymbolWords {
  /** `wordEnd`, then each word's symbols followed by `wordEnd`. */
  readonly symbols: Uint16Array | Int32Array;
  // Nearly all distinct words are rare: a byte at each place holds their count. The few others are found by their start.
  readonly #weights: Uint8Array;
  readonly #heavyStarts: readonly number[];
  readonly #heavyWeights: readonly number[];

  constructor(
    symbols: Uint16Array | Int32Array,
    weights: Uint8Array,
    heavyStarts: readonly number[],
    heavyWeights: readonly number[],
  ) {
    this.symbols = symbols;
    this.#weights = weights;
    this.#heavyStarts = heavyStarts;
    this.#heavyWeights = heavyWeights;
  }

  /** How often the word at a place of `symbols` was seen. */
  weight(at: number): number {
    const weight = this.#weights[at]!;
    return weight < heavy ? weight : this.#heavyWeight(at);
  }

  #heavyWeight(at: number): number {
    let [from, to] = [0, this.#heavyStarts.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#heavyStarts[middle]! <= at) from = middle + 1;
      else to = middle;
    }
    return this.#heavyWeights[from - 1]!;
  }
}

/** Collects words as symbols; words of fewer than two symbols have no pair and are left out. */
export class SymbolWriter {
  readonly #symbols: Uint16Array | Int32Array;
  readonly #weights: Uint8Array;
  readonly #heavyStarts: number[] = [];
  readonly #heavyWeights: number[] = [];
  #start = 1;
  #at = 1;

  /**
   * @param words number of words, at most.
   * @param length symbols of all words together, at most.
   * @param vocabularySize of the vocabulary when merging is done, at most.
   */
  constructor(words: number, length: number, vocabularySize: number) {
    const n = length + words + 1;
    this.#symbols = vocabularySize <= largestNarrowVocabulary ? new Uint16Array(n) : new Int32Array(n);
    this.#weights = new Uint8Array(n);
    this.#symbols[0] = wordEnd;
  }

  put(symbol: number): void {
    this.#symbols[this.#at++] = symbol;
  }

  endWord(times: number): void {
    if (this.#at - this.#start < 2) {
      this.#at = this.#start;
      return;
    }
    this.#weights.fill(Math.min(times, heavy), this.#start, this.#at);
    if (times >= heavy) {
      this.#heavyStarts.push(this.#start);
      this.#heavyWeights.push(times);
    }
    this.#symbols[this.#at++] = wordEnd;
    this.#start = this.#at;
  }

  done(): SymbolWords {
    return new SymbolWords(
      this.#symbols.subarray(0, this.#at),
      this.#weights.subarray(0, this.#at),
      this.#heavyStarts,
      this.#heavyWeights,
    );
  }
}
