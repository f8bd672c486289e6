// ONNX files of a folder: opened with the tensors beside them; told where a folder has nothing else.

import { takeBeside } from '../lower/onnx/beside.ts';
import { filesBeside } from '../lower/onnx/external.ts';
import { dropOutputs } from '../lower/onnx/outputs.ts';
import { computesOnProcessor, type Program, type Runtime } from '../runtimes/runtime.ts';
import type { Bundle } from './folder.ts';
import type { FileSource, ReadOptions } from './source.ts';

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

export interface ModelFileOptions extends Pick<ReadOptions, 'signal' | 'onProgress'> {
  /**
   * Which of the file's outputs will never be asked for: what only they need is not computed. Where a processor computes, a file of ours runs the
   * second graph that it holds for this.
   */
  readonly without?: ((outputs: readonly string[]) => readonly string[]) | undefined;
}

/** An ONNX file and the files beside it that hold its tensors. @throws YumoError `FILE`, `ABORTED`. */
export async function readModelFile(
  source: FileSource,
  path: string,
  options: Pick<ReadOptions, 'signal' | 'onProgress'> = {},
): Promise<{ readonly model: Uint8Array; readonly data: Readonly<Record<string, Uint8Array>> }> {
  const model = await source.read(path, options);
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const data: Record<string, Uint8Array> = {};
  for (const name of filesBeside(model)) data[name] = await source.read(folder + name, options);
  return { model, data };
}

/**
 * Opens an ONNX file. Models past 2 GB keep their tensors in files beside it (`model.onnx_data`): these are read too.
 * @throws YumoError `FILE`, `RUNTIME`, `ABORTED`.
 */
export async function loadModelFile(
  runtime: Runtime,
  source: FileSource,
  path: string,
  { without, ...options }: ModelFileOptions = {},
): Promise<Program> {
  const { signal } = options;
  const { model: read, data } = await readModelFile(source, path, options);
  const model = without && !source.readsAnew ? read.slice() : read;
  const alternatives = computesOnProcessor(runtime);
  if (without && !(alternatives && takeBeside(model))) dropOutputs(model, without, { alternatives });
  return runtime.load(model, { data, ...(signal ? { signal } : {}) });
}
