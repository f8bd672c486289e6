// Exports a model's folder in place: onnx/*.onnx beside its weights, each file whole or not there.

import { join } from 'node:path';
import { diskSource, writeFileAtomic } from '../checkpoint/disk.node.ts';
import { openBundle } from '../checkpoint/folder.ts';
import { type ExportOptions, type ExportResult, exportBundle } from './export.ts';

/**
 * Writes the files of {@link exportBundle} into the folder, or into another one.
 * @throws YumoError as exportBundle, and `FILE`.
 */
export async function exportFolder(
  folder: string,
  options: ExportOptions & { readonly to?: string | undefined },
): Promise<ExportResult> {
  const result = await exportBundle(await openBundle(diskSource(folder)), options);
  const target = options.to ?? folder;
  for (const [path, text] of Object.entries(result.companions)) await writeFileAtomic(join(target, path), text);
  for (const { path, bytes } of result.files) await writeFileAtomic(join(target, path), bytes);
  return result;
}
