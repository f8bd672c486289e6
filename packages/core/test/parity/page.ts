// The part that runs in a browser: opens an engine by name and measures it.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import { onnxruntimeWeb } from '../../src/runtimes/onnxruntime.web.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { tfjs } from '../../src/runtimes/tfjs.ts';
import { type Measured, measure } from './measure.ts';

tf.enableProdMode();
const wasmPaths = `${location.origin}/ort/`;
const open: Readonly<Record<string, () => Promise<Runtime>>> = {
  wasm: () => onnxruntimeWeb({ device: 'wasm', wasmPaths, threads: 1 }),
  webgpu: () => onnxruntimeWeb({ device: 'webgpu', wasmPaths }),
  'tfjs-webgl': () => tfjs({ tf, backend: 'webgl' }),
  'tfjs-webgpu': () => tfjs({ tf, backend: 'webgpu' }),
};

Object.assign(globalThis, {
  async measure(engine: string): Promise<Measured[] | string> {
    let runtime: Runtime;
    try {
      runtime = await open[engine]!();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    const measured: Measured[] = [];
    for await (const row of measure(runtime)) measured.push(row);
    return measured;
  },
});
