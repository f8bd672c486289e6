// TensorFlow.js as this folder sees it: types only. The module itself is handed in by whoever has installed it.

import type * as core from '@tensorflow/tfjs-core';
import type { TfBackend } from './backends.ts';

/** The functions of `@tensorflow/tfjs-core`. `@tensorflow/tfjs`, `-node` and `-node-gpu` export them as well. */
export type TensorFlow = typeof core;
/** Numbers on a TensorFlow.js backend. */
export type TfTensor = core.Tensor;

/** What rows need to know about where they run. */
export interface Device {
  readonly tf: TensorFlow;
  readonly backend: TfBackend;
}
