// The part that runs in a browser: opens an engine by name and measures the cells that it is asked for.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import { onnxruntimeWeb } from '../../src/runtimes/onnxruntime.web.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { tfjs } from '../../src/runtimes/tfjs.ts';
import { type Cell, measure, type Outcome } from './measure.ts';

/** What the page hands to whoever drives it. */
export interface ParityPage {
  /** @returns why the engine is not here */
  open(engine: string): Promise<string | undefined>;
  measure(cell: Cell): Promise<Outcome>;
}

tf.enableProdMode();
// Small tensors that are not on the GPU yet are computed in JavaScript otherwise, and the shaders are not tried.
for (const flag of ['WEBGPU_CPU_FORWARD', 'WEBGL_CPU_FORWARD']) tf.env().set(flag, false);
const wasmPaths = `${location.origin}/ort/`;
const engines: Readonly<Record<string, () => Promise<Runtime>>> = {
  wasm: () => onnxruntimeWeb({ device: 'wasm', wasmPaths, threads: 2 }),
  webgpu: () => onnxruntimeWeb({ device: 'webgpu', wasmPaths }),
  'tfjs-webgl': () => tfjs({ tf, backend: 'webgl' }),
  'tfjs-webgpu': () => tfjs({ tf, backend: 'webgpu' }),
};

let runtime: Runtime;
const parity: ParityPage = {
  async open(engine) {
    try {
      runtime = await engines[engine]!();
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
  measure: (cell) => measure(runtime, cell),
};
Object.assign(globalThis, { parity });
