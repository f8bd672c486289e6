// Numbers that are known only after others: how a graph tells an engine to wait.

import { minimum, reshape, slice } from '../ops/build.ts';
import { scalar, type Tensor } from '../tensor.ts';

/** A number below every other, known only when all of the tensors (float32) are: `maximum(x, belowAll(awaited))` is x, and comes after them. */
export const belowAll = (awaited: readonly Tensor[]): Tensor =>
  minimum(awaited.map(firstNumber).reduce(minimum), scalar(-3e38));

function firstNumber(t: Tensor): Tensor {
  const numbers = t.shape.reduce<number>((n, d) => n * Number(d), 1);
  return reshape(slice(reshape(t, [numbers]), 0, 0, 1), []);
}
