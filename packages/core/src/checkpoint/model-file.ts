// Folders that were published for one engine only: ONNX files without weights.

import type { Bundle } from './folder.ts';

/** The paths, when the bundle has them and no weights of its own; else undefined, and its weights are what is loaded. */
export async function filesWithoutWeights<Paths extends Readonly<Record<string, string>>>(
  { source }: Bundle,
  paths: Paths,
): Promise<Paths | undefined> {
  for (const weights of ['model.safetensors', 'model.safetensors.index.json'])
    if (await source.exists(weights)) return undefined;
  for (const path of Object.values(paths)) if (!(await source.exists(path))) return undefined;
  return paths;
}
