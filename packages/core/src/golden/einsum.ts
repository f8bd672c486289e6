// Einstein summation of two tensors by its definition: every pair of entries, multiplied and summed.

import { mul, sum, transpose } from '../ops/build.ts';
import { unsqueeze } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';

/** `einsum('bqd,bkd->bqk', a, b)`. A letter occurs once in an operand. */
export function einsum(equation: string, a: Tensor, b: Tensor): Tensor {
  const [left, right, result] = equation.replaceAll(' ', '').split(/,|->/) as [string, string, string];
  const gone = [...new Set(left + right)].filter((letter) => !result.includes(letter));
  const order = [...result, ...gone];
  /** All letters as axes, in one order; those that the operand lacks have size 1. */
  const spread = (x: Tensor, letters: string): Tensor => {
    const own = order.filter((letter) => letters.includes(letter));
    const arranged = transpose(
      x,
      own.map((letter) => letters.indexOf(letter)),
    );
    return order.reduce((y, letter, axis) => (letters.includes(letter) ? y : unsqueeze(y, axis)), arranged);
  };
  return sum(
    mul(spread(a, left), spread(b, right)),
    gone.map((_, i) => result.length + i),
  );
}
