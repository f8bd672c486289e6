// Data files of any format from disk.

import { readFile, stat } from 'node:fs/promises';
import { YumoError } from '@yumo/core';
import { type Asker, findFiles } from './files.node.ts';
import { maxUnpackedBytes } from './readers/bytes.ts';
import { type ReadFile, type ReadOptions, readData } from './readers/read.ts';

/**
 * Reads the files that patterns name, each as the format that it has.
 * @throws YumoError `FILE` when nothing matches, or a file is too large to be held; `DATA` as {@link readData}.
 */
export async function readDataFiles(
  patterns: readonly string[],
  folders: readonly string[],
  options: ReadOptions & { readonly asker?: Asker } = {},
): Promise<ReadFile[]> {
  const { asker, ...reading } = options;
  const files: ReadFile[] = [];
  for (const path of await findFiles(patterns, folders, asker)) {
    const { size } = await stat(path);
    if (size > maxUnpackedBytes)
      throw new YumoError(
        'FILE',
        `${path}: ${size} bytes are more than are held in memory (${maxUnpackedBytes}); split the file, or look at a part (head -n 100000)`,
        { path, size },
      );
    const bytes = await readFile(path).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new YumoError('FILE', `${path}: cannot be read (${why})`, { path }, error);
    });
    files.push(
      await readData({ name: path, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) }, reading),
    );
  }
  return files;
}
