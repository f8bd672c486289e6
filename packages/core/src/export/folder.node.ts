// Exports a model's folder in place: onnx/*.onnx beside its weights, each file whole or not there.

import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { diskSource, syncFolder, writeFileAtomic } from '../checkpoint/disk.node.ts';
import { openBundle } from '../checkpoint/folder.ts';
import type { FileSource } from '../checkpoint/source.ts';
import { type ExportOptions, type ExportResult, exportBundle, type FileContent } from './export.ts';

/**
 * Writes the files of {@link exportBundle} into the model's folder, or into another one (for a model of the hub, that must be named).
 * They are written aside, opened from there for the comparison, and moved to their places when all of them are good.
 * @throws YumoError as exportBundle, and `FILE`.
 */
export async function exportFolder(
  folder: string | FileSource,
  options: Omit<ExportOptions, 'stage'> & { readonly to?: string | undefined },
): Promise<ExportResult> {
  const source = typeof folder === 'string' ? diskSource(folder) : folder;
  const target = resolve(options.to ?? source.name);
  const aside = join(target, `onnx.${process.pid}.${Math.floor(performance.now() * 1000).toString(36)}.tmp`);
  const stage = async ({ path, bytes, data }: FileContent): Promise<string> => {
    const staged = join(aside, basename(path));
    if (data) await writeFileAtomic(`${staged}_data`, data.pieces);
    await writeFileAtomic(staged, bytes);
    return staged;
  };
  try {
    const result = await exportBundle(await openBundle(source), { ...options, stage });
    for (const { path, data } of result.files) {
      const [from, to] = [join(aside, basename(path)), join(target, path)];
      const beside = `${to}_data`;
      await mkdir(dirname(to), { recursive: true });
      if (data || existsSync(beside)) {
        // The old model goes first: it must never be read with new tensors.
        await rm(to, { force: true });
        await rm(beside, { force: true });
      }
      if (data) await rename(`${from}_data`, beside);
      await rename(from, to);
      await syncFolder(dirname(to));
    }
    for (const [path, text] of Object.entries(result.companions)) await writeFileAtomic(join(target, path), text);
    return result;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
