// The part of a browser's private file system (OPFS) that runs are kept in, and a model's folder in it as a source.

import { checkRange, type FileSource, throwIfAborted, YumoError } from '@yumo/core';

/** `FileSystemSyncAccessHandle`: exists in workers only. While it is open nobody else can open the file. */
export interface AccessHandle {
  read(buffer: Uint8Array, options?: { at?: number }): number;
  write(buffer: Uint8Array, options?: { at?: number }): number;
  truncate(size: number): void;
  getSize(): number;
  /** Durable when it returns. */
  flush(): void;
  close(): void;
}

/** `FileSystemFileHandle`. */
export interface FileHandle {
  readonly kind: 'file';
  readonly name: string;
  createSyncAccessHandle?(): Promise<AccessHandle>;
  getFile(): Promise<Blob>;
}

/** `FileSystemDirectoryHandle`. */
export interface FolderHandle {
  readonly kind: 'directory';
  readonly name: string;
  getFileHandle(name: string, options?: { create?: boolean }): Promise<FileHandle>;
  getDirectoryHandle(name: string, options?: { create?: boolean }): Promise<FolderHandle>;
  removeEntry(name: string, options?: { recursive?: boolean }): Promise<void>;
  keys(): AsyncIterable<string>;
}

/** The root of this origin's private files. @throws YumoError `RUNTIME` where the browser has none, or the page is not served securely */
export async function privateFiles(): Promise<FolderHandle> {
  const storage = (navigator as { storage?: { getDirectory?(): Promise<unknown> } }).storage;
  if (storage?.getDirectory === undefined)
    throw new YumoError(
      'RUNTIME',
      'this browser keeps no private files for pages (OPFS); serve the page from https or localhost',
      {},
    );
  return (await storage.getDirectory()) as FolderHandle; // the browser's type, of which these are the parts in use
}

const isMissing = (error: unknown): boolean => error instanceof Error && error.name === 'NotFoundError';

/** A folder by its path, made where it is missing. */
export async function makeFolder(root: FolderHandle, path: string): Promise<FolderHandle> {
  let folder = root;
  for (const name of segments(path)) folder = await folder.getDirectoryHandle(name, { create: true });
  return folder;
}

/** A file by its path; undefined when it is not there. */
export async function findFile(root: FolderHandle, path: string): Promise<FileHandle | undefined> {
  const names = segments(path);
  try {
    let folder = root;
    for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(name);
    return await folder.getFileHandle(names.at(-1) ?? '');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function segments(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  if (names.some((name) => name === '.' || name === '..'))
    throw new YumoError('FILE', `the path ${JSON.stringify(path)} leaves its folder`, { path });
  return names;
}

/** Opens a file for writing. @throws YumoError `BUSY` while another page or worker has it open, `RUNTIME` outside of a worker */
export async function openFile(folder: FolderHandle, name: string): Promise<AccessHandle> {
  const handle = await folder.getFileHandle(name, { create: true });
  if (handle.createSyncAccessHandle === undefined)
    throw new YumoError('RUNTIME', 'private files are written in a worker; start the training there', { name });
  try {
    return await handle.createSyncAccessHandle();
  } catch (error) {
    if (error instanceof Error && error.name === 'NoModificationAllowedError')
      throw new YumoError('BUSY', `${folder.name}/${name}: another page writes to it; close it first`, { name }, error);
    throw error;
  }
}

/** Writes all chunks at the start of an open file, cuts what was behind them, and makes it durable. */
export function writeAll(file: AccessHandle, chunks: Iterable<Uint8Array>): void {
  let at = 0;
  for (const chunk of chunks)
    for (let from = 0; from < chunk.length; ) {
      const written = file.write(chunk.subarray(from), { at });
      if (written <= 0) throw new YumoError('FILE', 'nothing more can be written: no space is left', { at });
      from += written;
      at += written;
    }
  file.truncate(at);
  file.flush();
}

/** All bytes of a file. */
export async function bytesOf(handle: FileHandle): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await handle.getFile()).arrayBuffer());
}

/** A folder of the private files as a model's folder: what was trained in a page can be used there. */
export function privateSource(root: FolderHandle, name = root.name): FileSource {
  const blob = async (path: string): Promise<Blob> => {
    const handle = await findFile(root, path);
    if (handle === undefined) throw new YumoError('FILE', `${name}: no file "${path}"`, { path });
    return handle.getFile();
  };
  return {
    name,
    exists: async (path) => (await findFile(root, path)) !== undefined,
    size: async (path) => (await blob(path)).size,
    async read(path, options = {}) {
      throwIfAborted(options.signal, `${name}/${path}`);
      const file = await blob(path);
      const { start, end } = checkRange(name, path, file.size, options);
      const bytes = new Uint8Array(await file.slice(start, end).arrayBuffer());
      options.onProgress?.(bytes.length, bytes.length);
      return bytes;
    },
  };
}
