// Classifies with the model that this page taught: its folder lies in the page's private files.

import { isYumoError, TextClassifier } from '@yumo/core';
import { onnxruntimeWeb } from '@yumo/core/web';
import { Tokenizer } from '@yumo/tokenizer';
import { privateFiles, privateSource } from '@yumo/train/web';

export interface TaughtRequest {
  readonly id: number;
  /** Changes with each training: the model is opened anew. */
  readonly version: number;
  readonly folder: string;
  readonly text: string;
}
export type TaughtAnswer =
  | { readonly id: number; readonly labels: readonly { readonly label: string; readonly score: number }[] }
  | { readonly id: number; readonly problem: string };

let opened: { readonly version: number; readonly classifier: Promise<TextClassifier> } | undefined;

async function open(path: string): Promise<TextClassifier> {
  let folder = await privateFiles();
  for (const name of path.split('/')) folder = await folder.getDirectoryHandle(name);
  const wasmPaths = new URL(process.env.YUMO_ENGINE_PATH ?? '', self.location.origin).href;
  const runtime = await onnxruntimeWeb({ device: 'wasm', threads: 1, wasmPaths });
  return TextClassifier.load(privateSource(folder, path), runtime, { tokenizer: (json) => Tokenizer.fromJson(json) });
}

self.onmessage = async ({ data: { id, version, folder, text } }: MessageEvent<TaughtRequest>): Promise<void> => {
  try {
    if (opened?.version !== version) {
      const before = opened;
      opened = { version, classifier: open(folder) };
      await before?.classifier.then((classifier) => classifier.dispose()).catch(() => undefined);
    }
    const classifier = await opened.classifier;
    const [labels] = await classifier.run([text], { longText: 'average' });
    self.postMessage({ id, labels: labels ?? [] } satisfies TaughtAnswer);
  } catch (error) {
    opened = undefined;
    if (!isYumoError(error)) console.error(error);
    self.postMessage({ id, problem: error instanceof Error ? error.message : String(error) } satisfies TaughtAnswer);
  }
};
