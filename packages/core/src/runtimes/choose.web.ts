// The engines of a browser, best first.

import { type Candidate, type ChooseOptions, chooseAmong, type RuntimeChoice } from './choose.ts';
import { hasWebGpu, onnxruntimeWeb, type WebDevice } from './onnxruntime.web.ts';
import { type TensorFlowModule, tfjs } from './tfjs.ts';

export interface ChooseWebOptions extends ChooseOptions {
  /** Threads of the WebAssembly engine; needs a cross-origin isolated page. */
  readonly threads?: number;
  /** Where the files of onnxruntime lie, ending in `/`; where the bundler put them by default. */
  readonly wasmPaths?: string;
  /** TensorFlow.js, where the page imported it, with the backends that it registered: they come after onnxruntime's. */
  readonly tensorFlow?: {
    readonly tf: TensorFlowModule;
    readonly backends: readonly ('webgpu' | 'webgl' | 'wasm' | 'cpu')[];
  };
}

/** Every engine that can run in this page, in the order in which `auto` tries them. */
export function webCandidates({ threads, wasmPaths, tensorFlow }: ChooseWebOptions = {}): readonly Candidate[] {
  const onnx = (device: WebDevice): Candidate => ({
    name: device,
    gpu: device === 'webgpu',
    open: () =>
      onnxruntimeWeb({
        device,
        ...(threads === undefined ? {} : { threads }),
        ...(wasmPaths === undefined ? {} : { wasmPaths }),
      }),
  });
  const noAdapter = async (): Promise<string | undefined> =>
    (await hasWebGpu()) ? undefined : 'the browser has no WebGPU adapter';
  return [
    { ...onnx('webgpu'), absent: noAdapter },
    onnx('wasm'),
    ...(tensorFlow?.backends ?? []).map((backend) => ({
      name: `tfjs-${backend}`,
      gpu: backend === 'webgpu' || backend === 'webgl',
      open: () => tfjs({ tf: tensorFlow!.tf, backend }),
    })),
  ];
}

/**
 * Chooses the engine of a page or a worker.
 * @throws YumoError `RUNTIME` when the named engine is unknown, missing or wrong; the message says which there are.
 */
export const chooseRuntime = (options: ChooseWebOptions = {}): Promise<RuntimeChoice> =>
  chooseAmong(webCandidates(options), options);
