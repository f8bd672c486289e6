// The process of onnxruntime's columns.

import { onnxruntimeNode } from '../../src/runtimes/onnxruntime.node.ts';
import { onnxruntimeWasm } from '../../src/runtimes/onnxruntime.wasm.node.ts';
import { measureAll } from './node.ts';

await measureAll({
  cpu: () => onnxruntimeNode({ device: 'cpu', threads: 1 }),
  webgpu: () => onnxruntimeNode({ device: 'webgpu', threads: 1 }),
  wasm: () => onnxruntimeWasm({ threads: 2 }),
});
