// A model's folder → what an engine drives, on onnxruntime.

import { type Runtime, streamLongText } from '@yumo/core';
import { chooseRuntime, modelSource, TextGenerator } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import type { Generator } from './generation.ts';
import { type Head, openTask, type TaskModels } from './tasks/open.ts';

export interface LoadOptions {
  /** `cpu` by default. */
  readonly device?: string;
  readonly threads?: number;
}

/** GPUs are checked before they are trusted. */
const runtimeFor = async ({ device, threads }: LoadOptions): Promise<Runtime> =>
  (await chooseRuntime({ device: device ?? 'cpu', ...(threads ? { threads } : {}) })).runtime;
const tokenizer = (json: string): Tokenizer => Tokenizer.fromJson(json);

/** @throws YumoError what core says of a damaged folder or a missing device. */
export async function loadGenerator(folder: string, options: LoadOptions = {}): Promise<Generator> {
  const generator = await TextGenerator.load(modelSource(folder), await runtimeFor(options), { tokenizer });
  return {
    contextLength: generator.contextLength,
    stream: (prompt, { pastContext = 'end', ...options } = {}) =>
      pastContext === 'slide' ? streamLongText(generator, prompt, options) : generator.stream(prompt, options),
    dispose: () => generator.dispose(),
  };
}

/** @throws YumoError as {@link loadGenerator}. */
export async function loadTask<H extends Head>(
  folder: string,
  head: H,
  options: LoadOptions = {},
): Promise<{ readonly model: TaskModels[H]; readonly runtime: string }> {
  const runtime = await runtimeFor(options);
  return { model: await openTask(head, modelSource(folder), runtime, { tokenizer }), runtime: runtime.name };
}
