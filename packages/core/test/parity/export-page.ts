// The part of the exports' browser test that runs in a page.

import { openBundle } from '../../src/checkpoint/folder.ts';
import { memorySource } from '../../src/checkpoint/source.ts';
import { onnxruntimeWeb } from '../../src/runtimes/onnxruntime.web.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { type ExportedModel, openExported, written } from '../exported.ts';

const wasmPaths = `${location.origin}/ort/`;
const runtimes = new Map<string, Promise<Runtime>>();

Object.assign(globalThis, {
  /** @param files by path, in base64 @returns what the model writes, or why it does not */
  async write(device: 'wasm' | 'webgpu', model: ExportedModel, files: Readonly<Record<string, string>>) {
    try {
      if (!runtimes.has(device)) runtimes.set(device, onnxruntimeWeb({ device, wasmPaths }));
      const bytes = Object.entries(files).map(([path, text]) => [
        path,
        Uint8Array.from(atob(text), (c) => c.charCodeAt(0)),
      ]);
      const bundle = await openBundle(
        memorySource({ 'config.json': JSON.stringify(model.config), ...Object.fromEntries(bytes) }),
      );
      const lm = await openExported(bundle, await runtimes.get(device)!, model);
      try {
        return { tokens: await written(lm) };
      } finally {
        await lm.dispose();
      }
    } catch (error) {
      return { error: String(error) };
    }
  },
});
