// The part of the hub's test that runs in a page.

import { hubSource } from '../../src/checkpoint/hub.web.ts';
import { isYumoError } from '../../src/errors.ts';

/** What a page did and saw. */
export interface Seen {
  /** Of the file: its bytes, added up so that their places count. */
  readonly sum?: number;
  readonly length?: number;
  readonly progress: number[];
  readonly notices: string[];
  readonly error?: string | undefined;
  readonly code?: string | undefined;
  readonly exists?: boolean[];
}

Object.assign(globalThis, {
  async read(
    endpoint: string,
    name: string,
    path: string,
    more: { offline?: boolean; start?: number; end?: number; abortAt?: number; ask?: string[]; token?: string } = {},
  ): Promise<Seen> {
    const progress: number[] = [];
    const notices: string[] = [];
    const { offline, token, start, end, abortAt, ask = [] } = more;
    const stop = new AbortController();
    const source = hubSource(name, {
      ...{ endpoint, offline, token, partBytes: 2 ** 16 },
      onNotice: (notice) => notices.push(notice),
      onProgress(_, loaded) {
        progress.push(loaded);
        if (abortAt !== undefined && loaded >= abortAt) stop.abort();
      },
    });
    try {
      const part = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
      const bytes = await source.read(path, { ...part, signal: stop.signal });
      const sum = bytes.reduce((total, byte, i) => (total + byte * ((i % 251) + 1)) % 1_000_003, 0);
      const exists = await Promise.all(ask.map((asked) => source.exists(asked)));
      return { sum, length: bytes.length, progress, notices, exists };
    } catch (error) {
      return { progress, notices, error: String(error), code: isYumoError(error) ? error.code : undefined };
    }
  },
});
