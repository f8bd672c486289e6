// Weights in several files: model.safetensors.index.json says which file holds which tensor.

import { suggestion, YumoError } from '../errors.ts';
import { readSafetensors, type TensorFile } from './safetensors.ts';
import { checkPath, type FileSource, readJsonObject } from './source.ts';

/**
 * Opens all shards of an index as one file of tensors.
 * @throws YumoError `CHECKPOINT` naming every missing shard and every tensor that its shard lacks.
 */
export async function readShards(
  source: FileSource,
  path: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<TensorFile> {
  const where = `${source.name}/${path}`;
  const { weight_map: map } = await readJsonObject(source, path);
  if (typeof map !== 'object' || map === null || Object.values(map).some((file) => typeof file !== 'string'))
    throw new YumoError('CHECKPOINT', `${where}: weight_map is not a map from tensor names to file names`, { path });
  const fileOf = new Map(Object.entries(map as Record<string, string>)); // checked above
  const files = [...new Set(fileOf.values())].map((file) => checkPath(where, file));
  const present = await Promise.all(files.map((file) => source.exists(file)));
  const missing = files.filter((_, i) => !present[i]);
  if (missing.length > 0)
    throw new YumoError(
      'CHECKPOINT',
      `${where}: of ${files.length} shards ${missing.length} are missing: ${missing.join(', ')}`,
      {
        missing,
      },
    );

  const shards = new Map<string, TensorFile>();
  for (const file of files) shards.set(file, await readSafetensors(source, file, signal ? { signal } : {}));
  const lost = [...fileOf].filter(([name, file]) => !shards.get(file)!.has(name));
  if (lost.length > 0)
    throw new YumoError(
      'CHECKPOINT',
      `${where}: ${lost.length} tensors are not in the file that the index names: ${lost
        .slice(0, 5)
        .map(([name, file]) => `${name} (${file})`)
        .join(', ')}${lost.length > 5 ? ', …' : ''}`,
      { lost },
    );
  const shardOf = (name: string): TensorFile => {
    const file = fileOf.get(name);
    if (file === undefined)
      throw new YumoError('CHECKPOINT', `${where}: no tensor "${name}"${suggestion(name, fileOf.keys())}`, { name });
    return shards.get(file)!;
  };
  return {
    path: where,
    names: [...fileOf.keys()],
    metadata: shards.values().next().value?.metadata ?? {},
    has: (name) => fileOf.has(name),
    form: (name) => shardOf(name).form(name),
    read: (name, options) => shardOf(name).read(name, options),
  };
}
