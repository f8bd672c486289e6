// The engines that the tests of this package can run in Node, and what each of them cannot do, with the reason.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import type { OpName } from '../src/ops/signatures.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { onnxruntimeWasm } from '../src/runtimes/onnxruntime.wasm.node.ts';
import { referenceRuntime } from '../src/runtimes/reference.ts';
import type { Runtime } from '../src/runtimes/runtime.ts';
import { tfjs } from '../src/runtimes/tfjs.ts';

export interface EngineUnderTest {
  readonly label: string;
  readonly runtime: Runtime;
  /** Operations that it cannot do, and why. Printed by the test run. */
  readonly skip: Readonly<Partial<Record<OpName, string>>>;
}

tf.enableProdMode(); // its greeting asks for another package

export const engines: readonly EngineUnderTest[] = [
  { label: 'reference', runtime: referenceRuntime, skip: {} },
  { label: 'onnxruntime cpu', runtime: await onnxruntimeNode({ threads: 1 }), skip: {} },
  { label: 'onnxruntime-web wasm', runtime: await onnxruntimeWasm({ threads: 1 }), skip: {} },
  { label: 'tfjs cpu', runtime: await tfjs({ tf, backend: 'cpu' }), skip: {} },
  { label: 'tfjs wasm', runtime: await tfjs({ tf, backend: 'wasm' }), skip: {} },
];
