// Where the files of a model come from: a folder, a web address, memory. One interface; paths never leave the folder.

import { suggestion, throwIfAborted, YumoError } from '../errors.ts';

export interface ReadOptions {
  /** First byte; 0 by default. */
  readonly start?: number;
  /** One past the last byte; the file's size by default. */
  readonly end?: number;
  readonly signal?: AbortSignal;
  /** Bytes so far, and in all. */
  readonly onProgress?: (loaded: number, total: number) => void;
}

/** Read-only files of one folder. Paths are relative, with `/`. */
export interface FileSource {
  /** The folder as the user knows it, for messages. */
  readonly name: string;
  exists(path: string): Promise<boolean>;
  /** In bytes. @throws YumoError `FILE` */
  size(path: string): Promise<number>;
  /** The bytes [start, end). @throws YumoError `FILE` when the file is missing or shorter than asked for. */
  read(path: string, options?: ReadOptions): Promise<Uint8Array>;
  /** True where what is read is the reader's own, to write to; else others may hold the same memory. */
  readonly readsAnew?: boolean;
  /** Every file, where the place can say; the size in bytes, where it is known. */
  list?(): Promise<readonly { readonly path: string; readonly size?: number | undefined }[]>;
}

/**
 * Checks that a path stays in its folder: relative, no `..`, no empty or hidden-drive segments, no backslashes.
 * @throws YumoError `FILE`
 */
export function checkPath(source: string, path: string): string {
  const segments = path.split('/');
  // Backslashes and colons are separators and drives on Windows; a NUL ends the name in C.
  if (
    path === '' ||
    /[\\:]/.test(path) ||
    path.includes('\0') ||
    segments.some((s) => s === '' || s === '.' || s === '..')
  ) {
    throw new YumoError(
      'FILE',
      `${source}: the path ${JSON.stringify(path)} leaves the folder; use a relative path such as "onnx/model.onnx"`,
      { source, path },
    );
  }
  return path;
}

/** The bounds of a read, checked against the file before memory is taken. @throws YumoError `FILE` */
export function checkRange(
  source: string,
  path: string,
  size: number,
  { start = 0, end = size }: ReadOptions,
): { start: number; end: number } {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start || end > size) {
    throw new YumoError(
      'FILE',
      `${source}/${path}: bytes ${start} to ${end} were asked for, the file has ${size}; it is truncated, or its index is wrong`,
      { source, path, start, end, size },
    );
  }
  return { start, end };
}

/** Files held in memory: dropped into a page, made by a test. */
export function memorySource(files: Readonly<Record<string, Uint8Array | string>>, name = 'memory'): FileSource {
  const bytes = new Map(
    Object.entries(files).map(([path, content]) => [
      checkPath(name, path),
      typeof content === 'string' ? new TextEncoder().encode(content) : content,
    ]),
  );
  const find = (path: string): Uint8Array => {
    const found = bytes.get(checkPath(name, path));
    if (!found) throw new YumoError('FILE', `${name}: no file "${path}"${suggestion(path, bytes.keys())}`, { path });
    return found;
  };
  return {
    name,
    readsAnew: true,
    exists: async (path) => bytes.has(checkPath(name, path)),
    size: async (path) => find(path).length,
    list: async () => [...bytes].map(([path, { length }]) => ({ path, size: length })),
    async read(path, options = {}) {
      throwIfAborted(options.signal, `${name}/${path}`);
      const file = find(path);
      const { start, end } = checkRange(name, path, file.length, options);
      options.onProgress?.(end - start, end - start);
      return file.slice(start, end);
    },
  };
}

/** A file as text. @throws YumoError `FILE` when it is missing or not UTF-8. */
export async function readText(source: FileSource, path: string, options: ReadOptions = {}): Promise<string> {
  const bytes = await source.read(path, options);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new YumoError('FILE', `${source.name}/${path}: not UTF-8 text`, { path }, error);
  }
}

/** A JSON object. @throws YumoError `CONFIG` when it is not one. */
export async function readJsonObject(source: FileSource, path: string): Promise<Record<string, unknown>> {
  const text = await readText(source, path);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new YumoError(
      'CONFIG',
      `${source.name}/${path}: not JSON (${error instanceof Error ? error.message : String(error)})`,
      { path },
      error,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new YumoError(
      'CONFIG',
      `${source.name}/${path}: expected a JSON object, got ${JSON.stringify(parsed)?.slice(0, 40)}`,
      { path },
    );
  }
  return parsed as Record<string, unknown>; // checked above
}
