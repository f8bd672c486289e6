// Rows to ids in worker threads: groups go out in turn, and come back in order.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Tokenizer } from '@yumo/tokenizer';

/** Texts to encode, and their ids in one array. */
export interface TokenizeAnswer {
  readonly ids: Int32Array;
  /** Tokens of each text. */
  readonly lengths: Int32Array;
}
export type FromTokenizer = TokenizeAnswer | { readonly failed: string };

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

/** Groups that wait for each thread: it never idles, and memory stays bounded. */
const groupsPerThread = 2;
/** Threads start where the text is longer than this: their start costs as much as a megabyte. */
export const worthThreads = 4 * 2 ** 20;

// Unbuilt sources have no file that Node could start.
const canRunWorker = import.meta.url.endsWith('.js');

/**
 * Encodes groups of texts in order. Threads are started when the first is asked for, and end with the generator.
 * @param threads 0: in this thread.
 */
export async function* tokenized<Group extends { readonly texts: readonly string[] }>(
  groups: AsyncIterable<Group>,
  tokenizerJson: string,
  {
    threads = Math.max(1, availableParallelism() - 1),
    signal,
  }: { readonly threads?: number; readonly signal?: AbortSignal } = {},
): AsyncGenerator<Group & TokenizeAnswer> {
  if (threads === 0 || !canRunWorker) {
    const tokenizer = Tokenizer.fromJson(tokenizerJson);
    for await (const group of groups) {
      signal?.throwIfAborted();
      yield { ...group, ...tokenizeGroup(tokenizer, group.texts) };
    }
    return;
  }
  const pool = Array.from({ length: threads }, () => new TokenizerThread(tokenizerJson));
  const waiting: Promise<Group & TokenizeAnswer>[] = [];
  try {
    let turn = 0;
    for await (const group of groups) {
      signal?.throwIfAborted();
      const answer = pool[turn++ % threads]!.encode(group.texts).then((a) => ({ ...group, ...a }));
      answer.catch(() => undefined); // it is told when its turn comes
      waiting.push(answer);
      if (waiting.length >= threads * groupsPerThread) yield await waiting.shift()!;
    }
    for (const answer of waiting) yield await answer;
  } finally {
    await Promise.all(pool.map((thread) => thread.end()));
  }
}

class TokenizerThread {
  readonly #worker: Worker;
  readonly #waiting: { resolve(answer: TokenizeAnswer): void; reject(error: Error): void }[] = [];

  constructor(tokenizerJson: string) {
    this.#worker = new Worker(new URL('./tokenize-worker.node.js', import.meta.url), { workerData: tokenizerJson });
    this.#worker.on('message', (message: FromTokenizer) => {
      const next = this.#waiting.shift();
      if ('failed' in message) next?.reject(new Error(message.failed));
      else next?.resolve(message);
    });
    const end = (error: Error): void => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    this.#worker.on('error', end);
    this.#worker.on('exit', (code) => end(new Error(`internal: a tokenizer thread ended with code ${code}`)));
  }

  encode(texts: readonly string[]): Promise<TokenizeAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(texts);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
