// What tasks ask of a tokenizer. @yumo/tokenizer's Tokenizer is one; a tokenizer is a value that is passed in.

/** Text ⇄ ids. */
export interface TokenizerLike {
  /** The ids of a text, special tokens added as the model expects them. */
  encodeIds(text: string): Int32Array;
  decode(ids: ArrayLike<number>, options?: { skipSpecialTokens?: boolean }): string;
  /** Text of ids that arrive one by one: never half a character. */
  decodeStream(options?: { skipSpecialTokens?: boolean }): { push(id: number): string; end(): string };
  /** Largest id + 1. */
  readonly vocabularySize: number;
}
