// Entries of the cache on disk, found again by a key of everything that they depend on. Written aside and renamed; checked when opened.

import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { YumoError } from '@yumo/core';
import { writeFileAtomic } from '@yumo/core/node';

/** An entry that is there and whole. */
export interface CacheEntry<Facts> {
  readonly folder: string;
  readonly facts: Facts;
  /** SHA-256 of each of its files. */
  readonly hashes: Readonly<Record<string, string>>;
}

interface Stored<Facts> {
  readonly facts: Facts;
  readonly hashes: Readonly<Record<string, string>>;
}

const facts = 'facts.json';

/** The key of an entry: everything that its content depends on. */
export const entryKey = (...parts: readonly string[]): string => {
  const hash = createHash('sha256').update('yumo entry 2');
  for (const part of parts) hash.update(`\0${part.length}\0`).update(part);
  return hash.digest('hex').slice(0, 40);
};

/** An entry, if it is there and whole. A damaged one is removed. */
export async function openEntry<Facts>(cache: string, key: string): Promise<CacheEntry<Facts> | undefined> {
  const folder = join(cache, key);
  const text = await readFile(join(folder, facts), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const stored = JSON.parse(text) as Stored<Facts>;
    for (const [name, hash] of Object.entries(stored.hashes))
      if ((await hashOfFile(join(folder, name))) !== hash) throw new Error(`${name} is damaged`);
    return { folder, ...stored };
  } catch {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    return undefined;
  }
}

/** Takes the content of an entry. */
export interface EntryWriter<Facts> {
  /** Adds bytes to the end of a file; they may be used again when it returns. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** The finished entry: ours, or that of a process that was faster. */
  finish(facts: Facts): Promise<CacheEntry<Facts>>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/**
 * @param names of the files.
 * @throws YumoError `FILE` when the cache cannot be written, with the way to another place.
 */
export async function entryWriter<Facts>(
  cache: string,
  key: string,
  names: readonly string[],
): Promise<EntryWriter<Facts>> {
  const aside = join(cache, `${key}.${process.pid}-${process.hrtime.bigint().toString(36)}.partial`);
  const guarded = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined || error instanceof YumoError) throw error;
      await rm(aside, { recursive: true, force: true }).catch(() => undefined);
      throw new YumoError(
        'FILE',
        `${cache}: nothing can be kept there (${code}); free space, or name another folder by the variable YUMO_CACHE`,
        { cache, code },
        error,
      );
    }
  };
  const outputs = await guarded(async () => {
    await mkdir(aside, { recursive: true });
    await removeLeftovers(cache);
    const opened = new Map<string, OutputFile>();
    for (const name of names) opened.set(name, new OutputFile(await open(join(aside, name), 'w')));
    return opened;
  });
  return {
    write: (name, bytes) => guarded(() => outputs.get(name)!.write(bytes)),
    finish: (known) =>
      guarded(async () => {
        const hashes: Record<string, string> = {};
        for (const [name, output] of outputs) hashes[name] = await output.end();
        const stored: Stored<Facts> = { facts: known, hashes };
        await writeFileAtomic(join(aside, facts), `${JSON.stringify(stored, null, 2)}\n`);
        const folder = join(cache, key);
        await rename(aside, folder).catch(async (error: NodeJS.ErrnoException) => {
          // Another process made the same entry meanwhile: the same content, so either will do.
          if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'EPERM') throw error;
          await rm(aside, { recursive: true, force: true });
        });
        return { folder, ...stored };
      }),
    async discard() {
      for (const output of outputs.values()) await output.end().catch(() => undefined);
      await rm(aside, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

const leftoverHours = 24;

/** What killed processes left half-written. A living one writes to its own folder all the time. */
async function removeLeftovers(cache: string): Promise<void> {
  for (const name of await readdir(cache).catch((): string[] => [])) {
    if (!name.endsWith('.partial')) continue;
    const path = join(cache, name);
    const status = await stat(path).catch(() => undefined);
    if (status && Date.now() - status.mtimeMs > leftoverHours * 3_600_000)
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Bytes written in order through a small buffer, with their hash. */
class OutputFile {
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  readonly #buffer = new Uint8Array(1 << 18);
  #filled = 0;
  #ended: string | undefined;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const some = bytes.subarray(at, at + this.#buffer.length - this.#filled);
      this.#buffer.set(some, this.#filled);
      this.#filled += some.length;
      at += some.length;
      if (this.#filled === this.#buffer.length) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten;
    this.#filled = 0;
  }

  /** Durable when it returns. */
  async end(): Promise<string> {
    if (this.#ended !== undefined) return this.#ended;
    try {
      await this.#flush();
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
    this.#ended = this.#hash.digest('hex');
    return this.#ended;
  }
}

/** SHA-256 of a file, read in pieces. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** Bytes `start` … of an open file, as many as `into` holds. */
export async function readFully(handle: FileHandle, into: Uint8Array, start: number): Promise<void> {
  for (let read = 0; read < into.length; ) {
    const { bytesRead } = await handle.read(into, read, into.length - read, start + read);
    if (bytesRead === 0) throw new YumoError('DATA', 'the cached data end early; run again to make them anew', {});
    read += bytesRead;
  }
}
