// The backends of TensorFlow.js, and what each of them is like. Without the package's types, so that programs compile where it is not installed.

/** The backends of TensorFlow.js; `tensorflow` is the native library of `tfjs-node` and `tfjs-node-gpu`. */
export type TfBackend = 'cpu' | 'wasm' | 'webgl' | 'webgpu' | 'tensorflow';
export const tfBackends: readonly TfBackend[] = ['cpu', 'wasm', 'webgl', 'webgpu', 'tensorflow'];

/** Backends that compute by shaders of a GPU. */
export const isShader = (backend: TfBackend): boolean => backend === 'webgl' || backend === 'webgpu';

/** Backends that compute on integers as float32, exact up to 2²⁴ only: their shaders widen what they read. */
export const integersAreFloats = isShader;

/** Backends whose numbers can be read in the middle of a run without waiting for a device. */
export const readsAtOnce = (backend: TfBackend): boolean => backend === 'cpu' || backend === 'wasm';
