// onnxruntime's WebAssembly engine in Node: for platforms that onnxruntime-node has no build for.

import { availableParallelism } from 'node:os';
import { YumoError } from '../errors.ts';
import { fromModule, type WebModule } from './onnxruntime.web.ts';
import type { Runtime } from './runtime.ts';

export interface WasmOptions {
  /** Threads inside an operation; the processors this process may use by default. */
  readonly threads?: number;
}

/** @throws YumoError `RUNTIME` when the package is missing. */
export async function onnxruntimeWasm({ threads = availableParallelism() }: WasmOptions = {}): Promise<Runtime> {
  let ort: WebModule;
  try {
    // The entry that Node resolves to is the small engine. The pages' one carries WebGPU, which Node lacks, and its functions are so large
    // that a process ends a minute late: V8 finishes optimizing them first.
    ort = await import('onnxruntime-web');
  } catch (error) {
    throw new YumoError(
      'RUNTIME',
      `onnxruntime-web cannot be loaded: ${error instanceof Error ? error.message : String(error)}; install it with npm install onnxruntime-web`,
      {},
      error,
    );
  }
  ort.env.wasm.numThreads = threads;
  return fromModule(ort, 'wasm');
}
