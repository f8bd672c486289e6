// Affine maps of the last axis.

import { add, matmul } from '../ops/build.ts';
import { fixedDim } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';
import { type Initializer, normal, type Scope, zeros } from './scope.ts';

export interface LinearOptions {
  readonly bias?: boolean;
  readonly initializer?: Initializer;
}

/** x Wᵀ + b with W stored `[outputs, inputs]`, as PyTorch's Linear does. `[..., inputs]` → `[..., outputs]`. */
export function linear(
  s: Scope,
  x: Tensor,
  outputs: number,
  { bias = true, initializer = normal(0.02) }: LinearOptions = {},
): Tensor {
  const product = matmul(x, s.param('weight', [outputs, fixedDim(x, -1, s.path)], initializer), { transposeB: true });
  return bias ? add(product, s.param('bias', [outputs], zeros)) : product;
}

/** x W + b with W stored `[inputs, outputs]`, as GPT-2's checkpoints do. */
export function conv1d(s: Scope, x: Tensor, outputs: number, initializer: Initializer = normal(0.02)): Tensor {
  return add(
    matmul(x, s.param('weight', [fixedDim(x, -1, s.path), outputs], initializer)),
    s.param('bias', [outputs], zeros),
  );
}
