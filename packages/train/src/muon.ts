// Muon: momentum whose matrices are made orthogonal, for the hidden layers (Jordan et al. 2024, kellerjordan.github.io/posts/muon).

import { add, concat, matmul, mul, rsqrt, slice, square, sub, sum, type Tensor } from '@yumo/core';
import type { Updated, UpdateInputs } from './optimizers.ts';
import type { OptimizerRecipe } from './recipe.ts';

type MuonRecipe = Extract<OptimizerRecipe, { kind: 'muon' }>;

/** Coefficients of the quintic whose iteration drives singular values into [0.7, 1.2]: steep at 0 rather than exact at 1 (ibid.). */
const [a, b, c] = [3.4445, -4.775, 2.0315] as const;

/**
 * The nearest semi-orthogonal matrix, roughly: U Vᵀ of the singular value decomposition with singular values near 1.
 * X ← a X + (b A + c A²) X with A = X Xᵀ, from X = G / ‖G‖.
 * @param g `[rows, columns]`; all products are on its short side.
 */
export function orthogonalised(g: Tensor, iterations: number): Tensor {
  const [rows, columns] = g.shape as readonly number[] as [number, number]; // parameters have numbers
  const tall = rows > columns;
  let x = mul(g, rsqrt(add(sum(square(g)), 1e-14)));
  for (let i = 0; i < iterations; i++) {
    const gram = tall ? matmul(x, x, { transposeA: true }) : matmul(x, x, { transposeB: true });
    const polynomial = add(mul(gram, b), matmul(gram, gram, { scale: c }));
    x = add(mul(x, a), tall ? matmul(x, polynomial) : matmul(polynomial, x));
  }
  return x;
}

/** One step: m ← β m + (1 − β) g, with Nesterov's look-ahead, orthogonalised; times √max(1, outputs/inputs). */
export function muonUpdate(
  { momentum: beta, nesterov, iterations }: MuonRecipe,
  { parameter, gradient, state, scalars, layout }: UpdateInputs,
  decay: number,
): Updated {
  const momentum = add(mul(state.momentum!, beta), mul(gradient, 1 - beta));
  const ahead = nesterov ? add(mul(gradient, 1 - beta), mul(momentum, beta)) : momentum;
  const outputAxis = layout.inputsFirst ? 1 : 0;
  const outputs = (ahead.shape[outputAxis] as number) / layout.columns;
  const inputs = ahead.shape[1 - outputAxis] as number;
  const pieces = Array.from({ length: layout.columns }, (_, i) =>
    orthogonalised(slice(ahead, outputAxis, i * outputs, (i + 1) * outputs), iterations),
  );
  const direction = mul(concat(pieces, outputAxis), Math.sqrt(Math.max(1, outputs / inputs)));
  const kept = decay === 0 ? parameter : mul(parameter, scalars.keep!);
  return { parameter: sub(kept, mul(direction, scalars.rate!)), state: { momentum } };
}
