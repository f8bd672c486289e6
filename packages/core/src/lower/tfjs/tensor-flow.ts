// TensorFlow.js as this folder sees it: types only. The module itself is handed in by whoever has installed it.

import type * as core from '@tensorflow/tfjs-core';

/** The functions of `@tensorflow/tfjs-core`. `@tensorflow/tfjs`, `-node` and `-node-gpu` export them as well. */
export type TensorFlow = typeof core;
/** Numbers on a TensorFlow.js backend. */
export type TfTensor = core.Tensor;

/** The backends of TensorFlow.js; `tensorflow` is the native library of `tfjs-node` and `tfjs-node-gpu`. */
export type TfBackend = 'cpu' | 'wasm' | 'webgl' | 'webgpu' | 'tensorflow';
export const tfBackends: readonly TfBackend[] = ['cpu', 'wasm', 'webgl', 'webgpu', 'tensorflow'];

/** What rows need to know about where they run. */
export interface Device {
  readonly tf: TensorFlow;
  readonly backend: TfBackend;
}

/** Backends that compute on integers as float32, exact up to 2²⁴ only: their shaders widen what they read. */
export const integersAreFloats = (backend: TfBackend): boolean => backend === 'webgl' || backend === 'webgpu';

/** Backends whose numbers can be read in the middle of a run without waiting for a device. */
export const readsAtOnce = (backend: TfBackend): boolean => backend === 'cpu' || backend === 'wasm';
