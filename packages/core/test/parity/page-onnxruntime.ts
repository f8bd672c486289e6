// The page of onnxruntime's columns. One program an engine: what changes in one leaves what was measured of the other.

import { onnxruntimeWeb } from '../../src/runtimes/onnxruntime.web.ts';
import { offer } from './page.ts';

const wasmPaths = `${location.origin}/ort/`;
offer({
  wasm: () => onnxruntimeWeb({ device: 'wasm', wasmPaths, threads: 2 }),
  webgpu: () => onnxruntimeWeb({ device: 'webgpu', wasmPaths }),
});
