// Rows to ids in worker threads.

import { Tokenizer } from '@yumo/tokenizer';
import { inThreads } from './worker-pool.node.ts';

/** The ids of some texts in one array. */
export interface TokenizeAnswer {
  readonly ids: Int32Array;
  /** Tokens of each text. */
  readonly lengths: Int32Array;
}

/** The ids of some texts, without special tokens. */
export function tokenizeGroup(tokenizer: Tokenizer, texts: readonly string[]): TokenizeAnswer {
  const pieces = texts.map((text) => tokenizer.encodeIds(text, { addSpecialTokens: false }));
  const lengths = Int32Array.from(pieces, (p) => p.length);
  const ids = new Int32Array(lengths.reduce((n, length) => n + length, 0));
  let at = 0;
  for (const piece of pieces) {
    ids.set(piece, at);
    at += piece.length;
  }
  return { ids, lengths };
}

/** Threads start where there is more to read than this: their start costs as much as a megabyte. */
export const worthThreads = 4 * 2 ** 20;

/**
 * Encodes groups of texts in order. Threads are started when the first is asked for, and end with the generator.
 * @param threads 0: in this thread.
 */
export async function* tokenized<Group extends { readonly texts: readonly string[] }>(
  groups: AsyncIterable<Group>,
  tokenizerJson: string,
  { threads, signal }: { readonly threads?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Group & TokenizeAnswer> {
  let own: Tokenizer | undefined;
  const pool = inThreads(groups, {
    threads,
    signal,
    worker: new URL('./tokenize-worker.node.js', import.meta.url),
    workerData: tokenizerJson,
    messageOf: (group) => group.texts,
    here(texts: readonly string[]) {
      own ??= Tokenizer.fromJson(tokenizerJson);
      return tokenizeGroup(own, texts);
    },
  });
  for await (const [group, answer] of pool) yield { ...group, ...answer };
}
