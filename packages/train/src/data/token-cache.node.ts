// Token ids of both parts of a corpus on disk: an entry of the cache.

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type CacheEntry, entryWriter, openEntry, readFully } from './cache-entry.node.ts';
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
}

/** An opened entry. */
export interface TokenEntry {
  readonly facts: TokenEntryFacts;
  readonly training: TokenSource;
  readonly validation: TokenSource;
  /** Of all its tokens. */
  readonly fingerprint: string;
  close(): Promise<void>;
}

const fileOf = { training: 'training.ids', validation: 'validation.ids' } as const;

/** An entry, if it is there and whole. A damaged one is removed. */
export async function openTokenEntry(cache: string, key: string): Promise<TokenEntry | undefined> {
  const entry = await openEntry<TokenEntryFacts>(cache, key);
  return entry && opened(entry);
}

async function opened({ folder, facts, hashes }: CacheEntry<TokenEntryFacts>): Promise<TokenEntry> {
  const handles: FileHandle[] = [];
  const source = async (part: 'training' | 'validation'): Promise<TokenSource> => {
    const handle = await open(join(folder, fileOf[part]));
    handles.push(handle);
    return { length: facts[part], read: (start, count) => readIds(handle, facts.idBytes, start, count) };
  };
  return {
    facts,
    training: await source('training'),
    validation: await source('validation'),
    fingerprint: `${hashes[fileOf.training]} ${hashes[fileOf.validation]}`,
    async close() {
      for (const handle of handles) await handle.close();
    },
  };
}

async function readIds(handle: FileHandle, idBytes: 2 | 4, start: number, count: number): Promise<Int32Array> {
  const bytes = new Uint8Array(count * idBytes);
  await readFully(handle, bytes, start * idBytes);
  return idBytes === 2 ? Int32Array.from(new Uint16Array(bytes.buffer)) : new Int32Array(bytes.buffer);
}

/** Takes the rows of one file in order, and makes an entry of them. */
export interface TokenEntryWriter {
  /** Adds the ids of some rows. */
  add(
    part: 'training' | 'validation',
    ids: Int32Array,
    of: { readonly rows: number; readonly characters: number },
  ): Promise<void>;
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
  const writer = await entryWriter<TokenEntryFacts>(cache, key, Object.values(fileOf));
  const counts = { training: 0, validation: 0, trainingRows: 0, validationRows: 0, validationCharacters: 0 };
  return {
    add(part, ids, { rows, characters }) {
      counts[part] += ids.length;
      counts[`${part}Rows`] += rows;
      if (part === 'validation') counts.validationCharacters += characters;
      const narrow = idBytes === 2 ? new Uint16Array(ids) : new Uint32Array(ids);
      return writer.write(fileOf[part], new Uint8Array(narrow.buffer));
    },
    finish: async () => opened(await writer.finish({ ...counts, idBytes })),
    discard: () => writer.discard(),
  };
}
