// What tasks ask of a tokenizer. @yumo/tokenizer's Tokenizer is one; a tokenizer is a value that is passed in.

/** Text ⇄ ids. */
export interface TokenizerLike {
  /** The ids of a text, special tokens added as the model expects them. */
  encodeIds(text: string, options?: TextEncoding): Int32Array;
  decode(ids: ArrayLike<number>, options?: { skipSpecialTokens?: boolean }): string;
  /** Text of ids that arrive one by one: never half a character. */
  decodeStream(options?: { skipSpecialTokens?: boolean }): { push(id: number): string; end(): string };
  /** Largest id + 1. */
  readonly vocabularySize: number;
}

export interface TextEncoding {
  /** Default true. */
  addSpecialTokens?: boolean;
  /** What `[MASK]` written in a text means: six characters (default), or the token. */
  specialTokensInText?: 'plain' | 'parse';
}

/** An encoded text or pair of texts, as columns with one entry a token. */
export interface EncodedText {
  readonly ids: ArrayLike<number>;
  readonly typeIds: ArrayLike<number>;
  /** Start and end of each token in its text, in UTF-16 units: [start0, end0, start1, end1, …]. */
  readonly offsets: ArrayLike<number>;
  /** 0: first text, 1: second text, -1: special token. */
  readonly sequenceIds: ArrayLike<number>;
  /** Word that a token belongs to; -1 for special tokens. */
  readonly wordIds: ArrayLike<number>;
  /** What truncation cut off, as further windows. */
  readonly overflowing: readonly EncodedText[];
}

export interface EncodeTextOptions extends TextEncoding {
  truncation: { maxLength: number; strategy?: 'LongestFirst' | 'OnlyFirst' | 'OnlySecond'; stride?: number } | null;
  padding: null;
}

/** A tokenizer that tells where each token stands in the text: what classification, tagging and answering need. */
export interface EncodingTokenizer extends TokenizerLike {
  encode(text: string, pair: string | null, options: EncodeTextOptions): EncodedText;
  tokenToId(token: string): number | undefined;
}
