// onnxruntime in the browser: WebGPU where there is an adapter, else WebAssembly with threads.

import { YumoError } from '../errors.ts';
import { type Engine, onnxruntime } from './onnxruntime.ts';
import type { Runtime } from './runtime.ts';

export type WebDevice = 'webgpu' | 'wasm';

export interface WebOptions {
  /** `auto` (default): WebGPU when there is a graphics processor behind it, else wasm. */
  readonly device?: WebDevice | 'auto';
  /** Threads of the WebAssembly engine; needs a cross-origin isolated page. */
  readonly threads?: number;
  /** Where the engine's files lie, ending in `/`; where the bundler put them by default. */
  readonly wasmPaths?: string;
}

interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean };
}
interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

/**
 * True when the browser hands out a WebGPU adapter; `navigator.gpu` alone proves nothing. An adapter in software is right but many times
 * slower than WebAssembly: it counts only when `software` is true.
 */
export async function hasWebGpu({ software = false } = {}): Promise<boolean> {
  const { gpu } = navigator as { gpu?: Gpu };
  if (!gpu) return false;
  try {
    const adapter = await gpu.requestAdapter();
    return adapter !== null && (software || adapter.info?.isFallbackAdapter !== true);
  } catch {
    return false;
  }
}

/** @throws YumoError `RUNTIME` when WebGPU is demanded and there is no adapter. */
export async function onnxruntimeWeb({ device = 'auto', threads, wasmPaths }: WebOptions = {}): Promise<Runtime> {
  // One entry for both devices: a page that mixes entries loads two engines. The default entry gave silently wrong numbers on WebGPU.
  const ort = await import('onnxruntime-web/webgpu');
  const gpu = device !== 'wasm' && (await hasWebGpu({ software: device === 'webgpu' }));
  if (device === 'webgpu' && !gpu)
    throw new YumoError('RUNTIME', '--device webgpu: the browser has no WebGPU adapter; use wasm', { device });
  const isolated = typeof crossOriginIsolated !== 'undefined' && crossOriginIsolated;
  ort.env.wasm.numThreads = isolated ? (threads ?? Math.min(navigator.hardwareConcurrency ?? 1, 8)) : 1;
  if (wasmPaths) ort.env.wasm.wasmPaths = wasmPaths;
  return fromModule(ort, gpu ? 'webgpu' : 'wasm');
}

/** What the entries of the package have in common. */
export type WebModule = Pick<typeof import('onnxruntime-web/webgpu'), 'InferenceSession' | 'Tensor' | 'env'>;

/** The runtime of an entry whose environment is set. */
export function fromModule({ InferenceSession, Tensor, env }: WebModule, device: WebDevice): Runtime {
  env.logLevel = 'error';
  const gpu = device === 'webgpu';
  const threads = env.wasm.numThreads ?? 1;
  const description = gpu
    ? 'onnxruntime-web, WebGPU'
    : `onnxruntime-web, WebAssembly, ${threads} thread${threads === 1 ? '' : 's'}`;
  return onnxruntime(
    { InferenceSession, Tensor, fillsTargets: false, keepsOutputs: gpu } as unknown as Engine, // structurally the same classes, declared once more in the package
    device,
    description,
    (purpose) => ({
      executionProviders: [device],
      graphOptimizationLevel: purpose === 'training' ? 'basic' : 'all',
      enableMemPattern: false,
      logSeverityLevel: 3, // which operations stay on the processor is no news to a page's console
    }),
    { contrib: true, webgpu: gpu },
  );
}
