// The part that runs in a browser: opens an engine by name and measures it.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import * as core from '@yumo/core/web';
import { measure } from './tasks.mjs';

tf.enableProdMode(); // its greeting asks for another package
const wasmPaths = `${location.origin}/ort/`;
const engines = {
  wasm: () => core.onnxruntimeWeb({ device: 'wasm', wasmPaths }),
  webgpu: () => core.onnxruntimeWeb({ device: 'webgpu', wasmPaths }),
  'tfjs-webgl': () => core.tfjs({ tf, backend: 'webgl' }),
  'tfjs-webgpu': () => core.tfjs({ tf, backend: 'webgpu' }),
};
globalThis.measure = async (engine, runs) => measure(core, await engines[engine](), runs);
