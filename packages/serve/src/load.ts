// A model's folder → a text generator on onnxruntime.

import { streamLongText } from '@yumo/core';
import { chooseRuntime, modelSource, TextGenerator } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import type { Generator } from './generation.ts';

export interface LoadOptions {
  /** `cpu` by default. */
  readonly device?: string;
  readonly threads?: number;
}

/** @throws YumoError what core says of a damaged folder or a missing device. */
export async function loadGenerator(folder: string, { device, threads }: LoadOptions = {}): Promise<Generator> {
  const { runtime } = await chooseRuntime({ device: device ?? 'cpu', ...(threads ? { threads } : {}) });
  const generator = await TextGenerator.load(modelSource(folder), runtime, {
    tokenizer: (json) => Tokenizer.fromJson(json),
  });
  return {
    contextLength: generator.contextLength,
    stream: (prompt, { pastContext = 'end', ...options } = {}) =>
      pastContext === 'slide' ? streamLongText(generator, prompt, options) : generator.stream(prompt, options),
    dispose: () => generator.dispose(),
  };
}
