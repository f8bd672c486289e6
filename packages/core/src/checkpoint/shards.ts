// Weights in several files: model.safetensors.index.json says which file holds which tensor.

import { suggestion, YumoError } from '../errors.ts';
import type { Values } from '../runtimes/runtime.ts';
import type { Value } from '../value.ts';
import { readSafetensors, safetensorsChunks, type TensorFile } from './safetensors.ts';
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

/** A file of weights and its pieces in order, as {@link safetensorsChunks} makes them. */
export interface WeightFile {
  readonly path: string;
  readonly chunks: readonly Uint8Array[];
}

/**
 * The weights as Hugging Face lays them out: `model.safetensors`, or past a size `model-00001-of-00003.safetensors` … and their index.
 * A tensor is never cut: one that is larger than a shard has a shard of its own. Numbers are not copied.
 * @param maxShardBytes 5 · 10⁹ by default, as transformers has it; tensors only, without headers
 * @throws YumoError `CONFIG` unless it is a whole number from 1.
 */
export function weightFiles(
  values: Values,
  {
    maxShardBytes = 5e9,
    metadata,
  }: { readonly maxShardBytes?: number; readonly metadata?: Readonly<Record<string, string>> } = {},
): WeightFile[] {
  if (!Number.isSafeInteger(maxShardBytes) || maxShardBytes < 1)
    throw new YumoError('CONFIG', `maxShardBytes: ${maxShardBytes} is not a whole number from 1`, { maxShardBytes });
  const shards: { bytes: number; values: Record<string, Value> }[] = [];
  for (const [name, v] of Object.entries(values)) {
    const open = shards.at(-1);
    const shard = open && open.bytes + v.data.byteLength <= maxShardBytes ? open : { bytes: 0, values: {} };
    if (shard !== open) shards.push(shard);
    shard.bytes += v.data.byteLength;
    shard.values[name] = v;
  }
  if (shards.length <= 1) return [{ path: 'model.safetensors', chunks: safetensorsChunks(values, metadata) }];
  const digits = (n: number): string => String(n).padStart(5, '0');
  const pathOf = (i: number): string => `model-${digits(i + 1)}-of-${digits(shards.length)}.safetensors`;
  const index = {
    metadata: { total_size: shards.reduce((n, { bytes }) => n + bytes, 0) },
    weight_map: Object.fromEntries(
      shards.flatMap((shard, i) => Object.keys(shard.values).map((name) => [name, pathOf(i)])).sort(),
    ),
  };
  return [
    ...shards.map((shard, i) => ({ path: pathOf(i), chunks: safetensorsChunks(shard.values, metadata) })),
    { path: 'model.safetensors.index.json', chunks: [new TextEncoder().encode(`${JSON.stringify(index, null, 2)}\n`)] },
  ];
}
