// Normalisation over the last axis, with learned scale.

import { layerNormWithStatistics } from '../ops/build.ts';
import { fixedDim, rmsNorm as rms } from '../ops/compose.ts';
import { constant, type Tensor } from '../tensor.ts';
import { ones, type Scope, zeros } from './scope.ts';

/** Layer normalisation (Ba et al. 2016, arXiv:1607.06450): (x − μ) / √(σ² + ε) · weight + bias. `epsilon` is added to the biased variance. */
export function layerNorm(s: Scope, x: Tensor, epsilon: number, { bias = true }: { bias?: boolean } = {}): Tensor {
  const n = fixedDim(x, -1, s.path);
  const shift = bias
    ? s.param('bias', [n], zeros)
    : constant({ dtype: 'float32', shape: [n], data: new Float32Array(n) });
  return layerNormWithStatistics(x, s.param('weight', [n], ones), shift, epsilon)[0];
}

/** Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467): x / √(mean x² + ε) · weight. */
export function rmsNorm(s: Scope, x: Tensor, epsilon: number): Tensor {
  return rms(x, s.param('weight', [fixedDim(x, -1, s.path)], ones), epsilon);
}
