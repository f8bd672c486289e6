// A model's folder → what an engine drives, on onnxruntime.

import { streamLongText } from '@yumo/core';
import { diskSource, type NodeDevice, onnxruntimeNode, TextGenerator } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import type { Generator } from './generation.ts';
import { type Head, openTask, type TaskModels } from './tasks/open.ts';

export interface LoadOptions {
  /** `cpu` by default. */
  readonly device?: string;
  readonly threads?: number;
}

const runtimeFor = ({ device, threads }: LoadOptions) =>
  onnxruntimeNode({
    ...(device ? { device: device as NodeDevice } : {}), // checked there against what is installed
    ...(threads ? { threads } : {}),
  });
const tokenizer = (json: string): Tokenizer => Tokenizer.fromJson(json);

/** @throws YumoError what core says of a damaged folder or a missing device. */
export async function loadGenerator(folder: string, options: LoadOptions = {}): Promise<Generator> {
  const generator = await TextGenerator.load(diskSource(folder), await runtimeFor(options), { tokenizer });
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
  return { model: await openTask(head, diskSource(folder), runtime, { tokenizer }), runtime: runtime.name };
}
