// What every model does: one pre-token to ids, with the range of units that each id stands for.

/** Receives the tokens of a piece in order. `from` and `to` are UTF-16 units of the piece; `surface` only where it is not the id's own text. */
export interface TokenSink {
  add(id: number, from: number, to: number, surface?: string): void;
}

/** A vocabulary with the algorithm that cuts pieces into its tokens. */
export interface Model {
  /** Number of tokens, ids need not be without holes. */
  readonly size: number;
  /** Largest id + 1. */
  readonly idCount: number;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** Whether some text can become the id. */
  reaches(id: number): boolean;
  /** Cuts `piece` (well-formed UTF-16). No id with flag 1 in `forbidden` is made from the text, save as the unknown token. */
  tokenize(piece: string, sink: TokenSink, forbidden: Uint8Array | null): void;
}
