// A model's folder → a text generator on onnxruntime.

import { diskSource, type NodeDevice, onnxruntimeNode, TextGenerator } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';

export interface LoadOptions {
  /** `cpu` by default. */
  readonly device?: string;
  readonly threads?: number;
}

/** @throws YumoError what core says of a damaged folder or a missing device. */
export async function loadGenerator(folder: string, { device, threads }: LoadOptions = {}): Promise<TextGenerator> {
  const runtime = await onnxruntimeNode({
    ...(device ? { device: device as NodeDevice } : {}), // checked there against what is installed
    ...(threads ? { threads } : {}),
  });
  return TextGenerator.load(diskSource(folder), runtime, { tokenizer: (json) => Tokenizer.fromJson(json) });
}
