// Exports a model's folder in place: onnx/*.onnx beside its weights, each file whole or not there.

import { join } from 'node:path';
import { diskSource, writeFileAtomic } from '../checkpoint/disk.node.ts';
import { openBundle } from '../checkpoint/folder.ts';
import type { FileSource } from '../checkpoint/source.ts';
import { type ExportOptions, type ExportResult, exportBundle } from './export.ts';

/**
 * Writes the files of {@link exportBundle} into the model's folder, or into another one (for a model of the hub, that must be named).
 * @throws YumoError as exportBundle, and `FILE`.
 */
export async function exportFolder(
  folder: string | FileSource,
  options: ExportOptions & { readonly to?: string | undefined },
): Promise<ExportResult> {
  const source = typeof folder === 'string' ? diskSource(folder) : folder;
  const result = await exportBundle(await openBundle(source), options);
  const target = options.to ?? source.name;
  for (const [path, text] of Object.entries(result.companions)) await writeFileAtomic(join(target, path), text);
  for (const { path, bytes } of result.files) await writeFileAtomic(join(target, path), bytes);
  return result;
}
