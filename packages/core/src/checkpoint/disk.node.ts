// Files on this computer's disk: read by ranges, written so that a kill at any moment leaves the old file or the new one.

import { constants, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { isYumoError, suggestion, throwIfAborted, YumoError } from '../errors.ts';
import { checkPath, checkRange, type FileSource } from './source.ts';

/** Bytes read at once, so that progress is told and a stop is heard. */
const pieceBytes = 16 * 2 ** 20;

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

/** The files of a folder. Symbolic links are followed: the folder's owner put them there. */
export function diskSource(folder: string): FileSource {
  const root = resolve(folder);
  const locate = (path: string): string => join(root, ...checkPath(folder, path).split('/'));

  const explain = async (path: string, error: unknown): Promise<never> => {
    if (isYumoError(error)) throw error;
    const file = locate(path);
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const there = await readdir(dirname(file)).catch(() => undefined);
      const why = there
        ? `no file "${path}"${suggestion(basename(file), there)}`
        : `no such folder${path.includes('/') ? `, or none as "${dirname(path)}" in it` : ''}`;
      throw new YumoError('FILE', `${folder}: ${why}`, { folder, path }, error);
    }
    throw new YumoError(
      'FILE',
      `${folder}/${path}: cannot be read (${code ?? String(error)})`,
      { folder, path },
      error,
    );
  };
  const sizeOf = async (path: string): Promise<number> => {
    const status = await stat(locate(path));
    if (!status.isFile()) throw new YumoError('FILE', `${folder}/${path}: not a file`, { folder, path });
    return status.size;
  };

  return {
    name: folder,
    readsAnew: true,
    exists: async (path) => {
      const file = locate(path);
      return stat(file).then(
        (s) => s.isFile(),
        () => false,
      );
    },
    size: (path) => sizeOf(path).catch((error: unknown) => explain(path, error)),
    list: () => filesUnder(root),
    async read(path, options = {}) {
      const { signal, onProgress } = options;
      throwIfAborted(signal, `${folder}/${path}`);
      let handle: FileHandle | undefined;
      try {
        const size = await sizeOf(path);
        const { start, end } = checkRange(folder, path, size, options);
        handle = await open(locate(path), constants.O_RDONLY);
        const bytes = new Uint8Array(end - start);
        for (let done = 0; done < bytes.length; ) {
          throwIfAborted(signal, `${folder}/${path}`);
          const { bytesRead } = await handle.read(bytes, done, Math.min(pieceBytes, bytes.length - done), start + done);
          if (bytesRead === 0)
            throw new YumoError('FILE', `${folder}/${path}: it became shorter while it was read`, { folder, path });
          done += bytesRead;
          onProgress?.(done, bytes.length);
        }
        return bytes;
      } catch (error) {
        return await explain(path, error);
      } finally {
        await handle?.close();
      }
    },
  };
}

/** Every file below a folder, with `/` between names. */
export async function filesUnder(folder: string): Promise<{ path: string; size: number }[]> {
  const entries = await readdir(folder, { recursive: true });
  const found = await Promise.all(
    entries.map(async (entry) => ({ entry, status: await stat(join(folder, entry)).catch(() => undefined) })),
  );
  return found.flatMap(({ entry, status }) =>
    status?.isFile() ? [{ path: entry.split(sep).join('/'), size: status.size }] : [],
  );
}

/**
 * Writes a file aside, makes it durable, and renames it into place. Folders are made as needed.
 * @throws YumoError `FILE`; then the old file is as it was and nothing is left beside it.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  const aside = `${path}.${process.pid}.${Math.floor(performance.now() * 1000).toString(36)}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(aside, 'wx');
    try {
      for (const piece of Array.isArray(content)
        ? (content as readonly Uint8Array[])
        : [content as string | Uint8Array])
        await handle.writeFile(piece); // continues where the last one ended
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(aside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw new YumoError('FILE', `${path}: cannot be written (${codeOf(error) ?? String(error)})`, { path }, error);
  }
}

/** Makes a rename in a folder durable. Windows cannot open folders; there the rename is all there is. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
