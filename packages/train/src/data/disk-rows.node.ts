// Rows of both parts on disk, a line of JSON each: entries of the cache, one after the other.

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '@yumo/core';
import { type CacheEntry, type EntryWriter, entryWriter } from './cache-entry.node.ts';
import { bothParts, type Kept, type Noted, type Part, tally } from './kept.ts';

/** What an entry says of its rows. */
export interface RowFacts {
  readonly training: number;
  readonly validation: number;
  /** What was noted when they were read. */
  readonly noted: readonly Noted[];
}

const fileOf = { training: 'training.jsonl', validation: 'validation.jsonl' } as const;

/** Takes rows of both parts. */
export interface RowWriter {
  readonly noted: ReturnType<typeof tally>;
  /** Adds a row as JSON. */
  add(part: Part, row: string): Promise<void> | undefined;
  finish(): Promise<CacheEntry<RowFacts>>;
  discard(): Promise<void>;
}

/** Bytes that are written at once. */
const block = 1 << 18;

export async function rowWriter(cache: string, key: string): Promise<RowWriter> {
  const writer: EntryWriter<RowFacts> = await entryWriter(cache, key, Object.values(fileOf));
  const counts = { training: 0, validation: 0 };
  const held = { training: [] as string[], validation: [] as string[] };
  const characters = { training: 0, validation: 0 };
  const encoder = new TextEncoder();
  const noted = tally();
  const flush = (part: Part): Promise<void> => {
    const lines = held[part];
    held[part] = [];
    characters[part] = 0;
    return lines.length === 0 ? Promise.resolve() : writer.write(fileOf[part], encoder.encode(`${lines.join('\n')}\n`));
  };
  return {
    noted,
    add(part, row) {
      counts[part]++;
      held[part].push(row);
      characters[part] += row.length;
      return characters[part] > block ? flush(part) : undefined;
    },
    async finish() {
      for (const part of bothParts) await flush(part);
      return writer.finish({ ...counts, noted: noted.noted() });
    },
    discard: () => writer.discard(),
  };
}

/** The rows of one part of some entries. In memory is nothing of them but, once some are asked for by number, where they begin: 8 bytes for 64. */
export class DiskRows<Row> implements Kept<Row> {
  readonly length: number;
  readonly #files: readonly { readonly path: string; readonly from: number; readonly to: number }[];
  /** Of each file, where rows 0, 64, 128 … begin. */
  readonly #starts = new Map<string, Float64Array>();

  readonly #signal: AbortSignal | undefined;

  /** @param signal ends a pass over the rows between two blocks */
  constructor(entries: readonly CacheEntry<RowFacts>[], part: Part, signal?: AbortSignal) {
    this.#signal = signal;
    let at = 0;
    this.#files = entries.map(({ folder, facts }) => {
      const from = at;
      at += facts[part];
      return { path: join(folder, fileOf[part]), from, to: at };
    });
    this.length = at;
  }

  async *groups(from = 0, to = this.length): AsyncGenerator<readonly Row[]> {
    for await (const lines of this.lines(from, to)) yield lines.map((line) => JSON.parse(line) as Row);
  }

  /** The rows as JSON. */
  async *lines(from = 0, to = this.length): AsyncGenerator<readonly string[]> {
    for (const file of this.#files) {
      if (file.to <= from || file.from >= to) continue;
      const handle = await open(file.path);
      try {
        const skipped = Math.max(0, from - file.from);
        let left = Math.min(to, file.to) - file.from - skipped;
        const start = skipped === 0 ? 0 : (await this.#startsOf(file.path, handle))[skipped >> 6]!;
        let pass = skipped & 63;
        for await (const lines of linesFrom(handle, start)) {
          throwIfAborted(this.#signal, 'data');
          const wanted = lines.slice(pass, pass + left);
          pass = Math.max(0, pass - lines.length);
          left -= wanted.length;
          if (wanted.length > 0) yield wanted;
          if (left === 0) break;
        }
      } finally {
        await handle.close();
      }
    }
  }

  async read(numbers: readonly number[]): Promise<Row[]> {
    const found: Row[] = [];
    for (const number of numbers)
      for await (const [row] of this.groups(number, number + 1)) if (row !== undefined) found.push(row);
    return found;
  }

  async #startsOf(path: string, handle: FileHandle): Promise<Float64Array> {
    const known = this.#starts.get(path);
    if (known) return known;
    const starts = [0];
    let rows = 0;
    const buffer = Buffer.allocUnsafe(block);
    for (let at = 0; ; ) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) break;
      const some = buffer.subarray(0, bytesRead);
      for (let i = some.indexOf(10); i >= 0; i = some.indexOf(10, i + 1))
        if ((++rows & 63) === 0) starts.push(at + i + 1);
      at += bytesRead;
    }
    const found = Float64Array.from(starts);
    this.#starts.set(path, found);
    return found;
  }
}

/** Lines from a byte on, in groups. */
async function* linesFrom(handle: FileHandle, start: number): AsyncGenerator<string[]> {
  let buffer = Buffer.allocUnsafe(block); // used again and again, larger where a line is
  let held = 0;
  for (let at = start; ; ) {
    if (held === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
    const { bytesRead } = await handle.read(buffer, held, buffer.length - held, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    const filled = held + bytesRead;
    const end = buffer.subarray(0, filled).lastIndexOf(10);
    if (end >= 0) yield buffer.toString('utf8', 0, end).split('\n');
    buffer.copyWithin(0, end + 1, filled);
    held = filled - end - 1;
  }
}
