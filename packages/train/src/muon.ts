// Muon: momentum whose matrices are made orthogonal, for the hidden layers (Jordan et al. 2024, kellerjordan.github.io/posts/muon).

import {
  add,
  cast,
  concat,
  equal,
  iota,
  matmul,
  mul,
  reshape,
  rsqrt,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  unsqueeze,
} from '@yumo/core';
import type { Updated, UpdateInputs } from './optimizers.ts';
import type { OptimizerRecipe } from './recipe.ts';

type MuonRecipe = Extract<OptimizerRecipe, { kind: 'muon' }>;

/** Coefficients of the quintic whose iteration drives singular values into [0.7, 1.2]: steep at 0 rather than exact at 1 (ibid.). */
const [a, b, c] = [3.4445, -4.775, 2.0315] as const;

/**
 * From this ratio of long to short side on the iteration is done on the Gram matrix: 5 iterations of a 4 n × n matrix are 25 instead of 45 n³
 * multiplications. Its rounding errors are not mended by later iterations as those of X are, so it is for few of them.
 */
const gramFrom = 2;
const gramIterations = 6;

/** Numbers of matrices that are iterated together, at most: more would leave the caches, and be held at once. */
const togetherAtMost = 1 << 19;

const identity = (n: number, scale: number): Tensor =>
  mul(cast(equal(unsqueeze(iota(n), -1), unsqueeze(iota(n), 0)), 'float32'), scale);

/**
 * The nearest semi-orthogonal matrices, roughly: U Vᵀ of the singular value decomposition with singular values near 1.
 * X ← p(X Xᵀ) X with p(A) = a I + A (b I + c A), from X = G / ‖G‖. Of long matrices X is multiplied once, at the end: with R = X Xᵀ and
 * P = p(R), the next R is P R P, and X is the product of all P times G / ‖G‖.
 * @param g `[..., rows, columns]`; all products are on the short side.
 */
export function orthogonalised(g: Tensor, iterations: number): Tensor {
  const [rows, columns] = g.shape.slice(-2) as [number, number]; // parameters have numbers
  const tall = rows > columns;
  const short = Math.min(rows, columns);
  const gramOf = (x: Tensor, scale: number): Tensor =>
    tall ? matmul(x, x, { transposeA: true, scale }) : matmul(x, x, { transposeB: true, scale });
  const times = (x: Tensor, p: Tensor): Tensor => (tall ? matmul(x, p) : matmul(p, x));
  // p of a Gram matrix that was scaled by c.
  const polynomial = (scaled: Tensor): Tensor =>
    add(matmul(scaled, add(scaled, identity(short, b)), { scale: 1 / c }), identity(short, a));
  const start = mul(g, rsqrt(add(sum(square(g), [-2, -1], true), 1e-14)));
  if (Math.max(rows, columns) < gramFrom * short || iterations > gramIterations) {
    let x = start;
    for (let i = 0; i < iterations; i++) x = times(x, polynomial(gramOf(x, c)));
    return x;
  }
  let scaled = gramOf(start, c);
  let factor = polynomial(scaled);
  let all = factor;
  for (let i = 1; i < iterations; i++) {
    scaled = matmul(matmul(factor, scaled), factor);
    factor = polynomial(scaled);
    all = matmul(all, factor);
  }
  return times(start, all);
}

/** One matrix to be made orthogonal, of a parameter that may hold several. */
interface Piece {
  readonly parameter: number;
  readonly matrix: Tensor;
}

/** The orthogonalised matrices in the given order; those of one shape in stacks, whose products keep the threads busy where single ones do not. */
function orthogonalisedTogether(pieces: readonly Piece[], iterations: number): Tensor[] {
  const found = new Array<Tensor>(pieces.length);
  const byShape = new Map<string, number[]>();
  pieces.forEach(({ matrix }, i) => {
    const shape = matrix.shape.join();
    byShape.set(shape, [...(byShape.get(shape) ?? []), i]);
  });
  for (const places of byShape.values()) {
    const shape = pieces[places[0]!]!.matrix.shape as readonly [number, number];
    const most = Math.max(1, Math.floor(togetherAtMost / (shape[0] * shape[1])));
    for (let from = 0; from < places.length; from += most) {
      const some = places.slice(from, from + most);
      if (some.length === 1) {
        found[some[0]!] = orthogonalised(pieces[some[0]!]!.matrix, iterations);
        continue;
      }
      const stack = concat(
        some.map((i) => unsqueeze(pieces[i]!.matrix, 0)),
        0,
      );
      const done = orthogonalised(stack, iterations);
      some.forEach((i, j) => {
        found[i] = reshape(slice(done, 0, j, j + 1), shape);
      });
    }
  }
  return found;
}

/** A step of all matrices: m ← β m + (1 − β) g, with Nesterov's look-ahead, orthogonalised; times √max(1, outputs/inputs). */
export function muonUpdates(
  { momentum: beta, nesterov, iterations }: MuonRecipe,
  all: readonly UpdateInputs[],
  decay: number,
): Updated[] {
  const moments = all.map(({ gradient, state }) => add(mul(state.momentum!, beta), mul(gradient, 1 - beta)));
  const pieces = all.flatMap(({ gradient, layout }, parameter): Piece[] => {
    const momentum = moments[parameter]!;
    const ahead = nesterov ? add(mul(gradient, 1 - beta), mul(momentum, beta)) : momentum;
    const axis = outputAxis(layout);
    const outputs = (ahead.shape[axis] as number) / layout.columns;
    return Array.from({ length: layout.columns }, (_, i) => ({
      parameter,
      matrix: slice(ahead, axis, i * outputs, (i + 1) * outputs),
    }));
  });
  const directions = orthogonalisedTogether(pieces, iterations);
  return all.map(({ parameter, scalars, layout }, i) => {
    const axis = outputAxis(layout);
    const own = directions.filter((_, j) => pieces[j]!.parameter === i);
    const outputs = (parameter.shape[axis] as number) / layout.columns;
    const inputs = parameter.shape[1 - axis] as number;
    const rate = mul(scalars.rate!, Math.sqrt(Math.max(1, outputs / inputs)));
    const kept = decay === 0 ? parameter : mul(parameter, scalars.keep!);
    return { parameter: sub(kept, mul(concat(own, axis), rate)), state: { momentum: moments[i]! } };
  });
}

const outputAxis = (layout: UpdateInputs['layout']): 0 | 1 => (layout.inputsFirst ? 1 : 0);
