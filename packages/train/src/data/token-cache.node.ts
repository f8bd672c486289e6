// Token ids of a file on disk, found again by the content of file and tokenizer. Written aside and renamed; checked when opened.

import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { YumoError } from '@yumo/core';
import { writeFileAtomic } from '@yumo/core/node';
import type { TokenSource } from './token-source.ts';

/** What an entry holds beside its tokens. */
export interface TokenEntryFacts {
  /** Tokens of each part. */
  readonly training: number;
  readonly validation: number;
  /** Rows of each part. */
  readonly trainingRows: number;
  readonly validationRows: number;
  /** Characters (code points) of the validation part. */
  readonly validationCharacters: number;
  /** Bytes of an id: 2 where the vocabulary allows it. */
  readonly idBytes: 2 | 4;
  /** SHA-256 of each part's bytes. */
  readonly trainingHash: string;
  readonly validationHash: string;
}

/** An opened entry. */
export interface TokenEntry {
  readonly facts: TokenEntryFacts;
  readonly training: TokenSource;
  readonly validation: TokenSource;
  close(): Promise<void>;
}

const facts = 'facts.json';
const fileOf = { training: 'training.ids', validation: 'validation.ids' } as const;

/** The key of an entry: everything that its tokens depend on. */
export const entryKey = (...parts: readonly string[]): string => {
  const hash = createHash('sha256').update('yumo tokens 1');
  for (const part of parts) hash.update(`\0${part.length}\0`).update(part);
  return hash.digest('hex').slice(0, 40);
};

/** An entry, if it is there and whole. A damaged one is removed. */
export async function openTokenEntry(cache: string, key: string): Promise<TokenEntry | undefined> {
  const folder = join(cache, key);
  const text = await readFile(join(folder, facts), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const known = JSON.parse(text) as TokenEntryFacts;
    for (const part of ['training', 'validation'] as const)
      if ((await hashOfFile(join(folder, fileOf[part]))) !== known[`${part}Hash`])
        throw new Error(`${part} is damaged`);
    return await opened(folder, known);
  } catch {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    return undefined;
  }
}

async function opened(folder: string, known: TokenEntryFacts): Promise<TokenEntry> {
  const handles: FileHandle[] = [];
  const source = async (part: 'training' | 'validation'): Promise<TokenSource> => {
    const handle = await open(join(folder, fileOf[part]));
    handles.push(handle);
    return { length: known[part], read: (start, count) => readIds(handle, known.idBytes, start, count) };
  };
  return {
    facts: known,
    training: await source('training'),
    validation: await source('validation'),
    async close() {
      for (const handle of handles) await handle.close();
    },
  };
}

async function readIds(handle: FileHandle, idBytes: 2 | 4, start: number, count: number): Promise<Int32Array> {
  const bytes = new Uint8Array(count * idBytes);
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, start * idBytes + read);
    if (bytesRead === 0) throw new YumoError('DATA', 'the cached tokens end early; run again to make them anew', {});
    read += bytesRead;
  }
  return idBytes === 2 ? Int32Array.from(new Uint16Array(bytes.buffer)) : new Int32Array(bytes.buffer);
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

/** Takes the rows of one file in order, and makes an entry of them. */
export interface TokenEntryWriter {
  add(part: 'training' | 'validation', ids: Int32Array, characters: number): Promise<void>;
  /** The finished entry: ours, or that of a process that was faster. */
  finish(): Promise<TokenEntry>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/**
 * @param vocabularySize ids are smaller.
 * @throws YumoError `FILE` when the cache cannot be written, with the way to another place.
 */
export async function tokenEntryWriter(cache: string, key: string, vocabularySize: number): Promise<TokenEntryWriter> {
  const idBytes = vocabularySize <= 0x1_0000 ? 2 : 4;
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
        `${cache}: tokens cannot be kept there (${code}); free space, or name another folder by the variable YUMO_CACHE`,
        { cache, code },
        error,
      );
    }
  };
  const outputs = await guarded(async () => {
    await mkdir(aside, { recursive: true });
    await removeLeftovers(cache);
    return {
      training: new IdFile(await open(join(aside, fileOf.training), 'w'), idBytes),
      validation: new IdFile(await open(join(aside, fileOf.validation), 'w'), idBytes),
    };
  });
  let validationCharacters = 0;
  return {
    add: (part, ids, characters) => {
      if (part === 'validation') validationCharacters += characters;
      return guarded(() => outputs[part].add(ids));
    },
    finish: () =>
      guarded(async () => {
        const hashes = { training: await outputs.training.end(), validation: await outputs.validation.end() };
        const known: TokenEntryFacts = {
          training: outputs.training.count,
          validation: outputs.validation.count,
          trainingRows: outputs.training.rows,
          validationRows: outputs.validation.rows,
          validationCharacters,
          idBytes,
          trainingHash: hashes.training,
          validationHash: hashes.validation,
        };
        await writeFileAtomic(join(aside, facts), `${JSON.stringify(known, null, 2)}\n`);
        const folder = join(cache, key);
        await rename(aside, folder).catch(async (error: NodeJS.ErrnoException) => {
          // Another process made the same entry meanwhile: the same content, so either will do.
          if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST' && error.code !== 'EPERM') throw error;
          await rm(aside, { recursive: true, force: true });
        });
        return opened(folder, known);
      }),
    async discard() {
      for (const output of Object.values(outputs)) await output.end().catch(() => undefined);
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

/** Ids written in order through a small buffer, with their hash. */
class IdFile {
  readonly #handle: FileHandle;
  readonly #hash: Hash = createHash('sha256');
  readonly #buffer: Uint16Array | Uint32Array;
  #filled = 0;
  #ended: string | undefined;
  count = 0;
  rows = 0;

  constructor(handle: FileHandle, idBytes: 2 | 4) {
    this.#handle = handle;
    this.#buffer = idBytes === 2 ? new Uint16Array(1 << 17) : new Uint32Array(1 << 16);
  }

  async add(ids: Int32Array): Promise<void> {
    this.count += ids.length;
    this.rows++;
    for (let at = 0; at < ids.length; ) {
      const some = ids.subarray(at, at + this.#buffer.length - this.#filled);
      this.#buffer.set(some, this.#filled);
      this.#filled += some.length;
      at += some.length;
      if (this.#filled === this.#buffer.length) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const bytes = new Uint8Array(this.#buffer.buffer, 0, this.#filled * this.#buffer.BYTES_PER_ELEMENT);
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
