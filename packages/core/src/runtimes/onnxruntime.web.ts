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

/** As much of WebGPU as is used here: its types come with browsers' libraries only. */
interface GpuDevice {
  readonly lost: Promise<unknown>;
  readonly features: Iterable<string>;
  readonly limits: Readonly<Record<string, number>>;
}
interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean };
  requestDevice(needs: {
    readonly requiredFeatures: readonly string[];
    readonly requiredLimits: Readonly<Record<string, number>>;
  }): Promise<GpuDevice>;
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

/** The engine's device since its own was lost, which it would hold on to. One for all runtimes of a page, as the engine is. */
let replacement: GpuDevice | undefined;

/**
 * A new device in place of a lost one, with what the engine had asked of that, as an option of the provider; nothing while the engine's own is there.
 * @throws YumoError `RUNTIME` when the browser gives none.
 */
async function renewed(env: WebModule['env']): Promise<{ readonly device?: GpuDevice }> {
  const current = replacement ?? ((await env.webgpu.device) as unknown as GpuDevice | undefined); // none before the first session
  if (!current || (await Promise.race([current.lost, undefined])) === undefined)
    return replacement ? { device: replacement } : {};
  const adapter = await (navigator as { gpu?: Gpu }).gpu?.requestAdapter();
  if (!adapter)
    throw new YumoError(
      'RUNTIME',
      "webgpu: the GPU's device was lost, and the browser gives no other; load the page again, or use wasm",
      { device: 'webgpu', lost: true },
    );
  const limits: Record<string, number> = {};
  for (const name in current.limits) limits[name] = current.limits[name]!; // accessors of the prototype, which Object.entries leaves out
  replacement = await adapter.requestDevice({ requiredFeatures: [...current.features], requiredLimits: limits });
  return { device: replacement };
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
    {
      ...{ InferenceSession, Tensor, fillsTargets: false },
      ...{ keepsOutputs: gpu, renewsDevice: gpu, oneAtATime: gpu },
    } as unknown as Engine, // structurally the same classes, declared once more in the package
    device,
    description,
    async (purpose) => ({
      executionProviders: [gpu ? { name: device, ...(await renewed(env)) } : device],
      graphOptimizationLevel: purpose === 'training' ? 'basic' : 'all',
      enableMemPattern: false,
      logSeverityLevel: 3, // which operations stay on the processor is no news to a page's console
    }),
    { contrib: true, webgpu: gpu },
  );
}
