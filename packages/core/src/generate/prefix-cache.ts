// Keys and values of texts that a model has read, kept for the next text that begins alike: the turns of a conversation, a system prompt, a document asked about again.

import { YumoError } from '../errors.ts';
import type { Values } from '../runtimes/runtime.ts';
import { takePositions } from './cache.ts';

/** What is known of the first `length` tokens of a text: keys and values by name, `[1, heads, length, size]`. */
export interface KnownPrefix {
  readonly length: number;
  readonly values: Values;
}

interface Entry {
  readonly ids: readonly number[];
  readonly values: Values;
  readonly bytes: number;
}

export interface PrefixCacheOptions {
  /** Most memory of all entries; 256 MiB by default. What was used longest ago goes first. */
  readonly bytes?: number | undefined;
}

/** Belongs to one model. Entries do not change, so generations side by side may share it, and one that is stopped leaves it whole. */
export class PrefixCache {
  /** Tokens that did not have to be read again, in all. */
  reusedTokens = 0;
  readonly #limit: number;
  /** The youngest last. */
  #entries: Entry[] = [];
  #owner: object | undefined;

  /** @throws YumoError `CONFIG` for a size that is none. */
  constructor({ bytes = 256 * 2 ** 20 }: PrefixCacheOptions = {}) {
    if (!(bytes >= 0)) throw new YumoError('CONFIG', `prefix cache: ${bytes} is not a number of bytes`, { bytes });
    this.#limit = bytes;
  }

  /** Memory in use. */
  get bytes(): number {
    return this.#entries.reduce((sum, e) => sum + e.bytes, 0);
  }

  get size(): number {
    return this.#entries.length;
  }

  clear(): void {
    this.#entries = [];
  }

  /** @throws YumoError `CONFIG` when another model has used this cache: its keys and values would be nonsense here. */
  claim(owner: object): void {
    this.#owner ??= owner;
    if (this.#owner !== owner)
      throw new YumoError('CONFIG', 'prefix cache: it belongs to another model; give each model its own', {});
  }

  /** The longest beginning of a text that was read before. The text's last token is never part of it: something must be read to go on. */
  find(ids: readonly number[]): KnownPrefix | undefined {
    let best: Entry | undefined;
    let length = 0;
    for (const entry of this.#entries) {
      const most = Math.min(entry.ids.length, ids.length - 1);
      let same = 0;
      while (same < most && entry.ids[same] === ids[same]) same++;
      if (same > length) [best, length] = [entry, same];
    }
    if (!best) return undefined;
    this.#entries = [...this.#entries.filter((e) => e !== best), best];
    this.reusedTokens += length;
    const cut = Object.entries(best.values).map(([name, v]) => [name, takePositions(v, length)] as const);
    return { length, values: Object.fromEntries(cut) };
  }

  /** Keeps what was read. Shorter beginnings of the same text are part of it, and go. */
  keep(ids: readonly number[], values: Values): void {
    const begins = (short: readonly number[], long: readonly number[]): boolean =>
      short.length <= long.length && short.every((id, i) => id === long[i]);
    if (ids.length === 0 || this.#entries.some((e) => begins(ids, e.ids))) return;
    const bytes = Object.values(values).reduce((sum, v) => sum + v.data.byteLength, 0);
    if (bytes > this.#limit) return;
    this.#entries = [...this.#entries.filter((e) => !begins(e.ids, ids)), { ids, values, bytes }];
    for (let total = this.bytes; total > this.#limit; ) total -= this.#entries.shift()!.bytes;
  }
}
