// Simplification keeps the meaning and removes the work.

import { describe, expect, it } from 'vitest';
import {
  add,
  cast,
  detach,
  expand,
  greater,
  iota,
  matmul,
  mul,
  reshape,
  slice,
  sub,
  sum,
  transpose,
  where,
} from '../ops/build.ts';
import { softplus, split } from '../ops/compose.ts';
import { type Graph, scalar, type Tensor, tensor } from '../tensor.ts';
import { evaluateTensors } from './evaluate.ts';
import { gradient } from './gradient.ts';
import { countOperations, print } from './print.ts';
import { simplify } from './simplify.ts';
import { topological } from './topological.ts';

const x = tensor('x', 'float32', [2, 3]);
const graphOf = (...outputs: Tensor[]): Graph => ({
  inputs: [x],
  outputs: Object.fromEntries(outputs.map((t, i) => [`y${i}`, t])),
});
const numbers = { x: { dtype: 'float32' as const, shape: [2, 3], data: Float32Array.of(1, -2, 3, -4, 5, -6) } };
/** What is left of the operations; the results are the same, or the test fails. */
const counts = (...outputs: Tensor[]): Record<string, number> => {
  const less = simplify(graphOf(...outputs));
  const before = evaluateTensors(outputs, numbers);
  const after = evaluateTensors(Object.values(less.outputs), numbers);
  for (const [i, { shape, data }] of after.entries()) {
    expect(shape).toEqual(before[i]!.shape);
    data.forEach((v, j) => void expect(v).toBeCloseTo(before[i]!.data[j]!, 12));
  }
  return Object.fromEntries(countOperations(less));
};
const all = (...outputs: Tensor[]): Record<string, number> => Object.fromEntries(countOperations(graphOf(...outputs)));

describe('simplify', () => {
  it('shares equal expressions', () => {
    expect(counts(add(mul(x, x), mul(x, x)))).toEqual({ mul: 1, add: 1 });
    expect(counts(softplus(x), softplus(x))).toEqual(counts(softplus(x)));
  });
  it('folds what is known', () => {
    expect(counts(add(x, mul(cast(iota(3), 'float32'), 2)))).toEqual({ add: 1 });
    expect(counts(mul(mul(x, 3), 2))).toEqual({ mul: 1 });
    expect(counts(sub(mul(x, 1), 0))).toEqual({});
  });
  it('reads transposed operands instead of transposing', () => {
    expect(counts(matmul(x, transpose(x, [1, 0])))).toEqual({ matmul: 1 });
  });
  it('leaves broadcasting to the operation that needs it', () => {
    expect(counts(mul(x, expand(sum(x), [2, 3])))).toEqual({ sum: 1, mul: 1 });
  });
  it('joins views', () => {
    expect(counts(reshape(reshape(x, [6]), [3, 2]))).toEqual({ reshape: 1 });
    expect(counts(transpose(transpose(x, [1, 0]), [1, 0]))).toEqual({});
  });
  it('drops detach, and choices between equals', () => {
    expect(counts(where(greater(x, 0), detach(x), x))).toEqual({});
  });
  it('does not compute what only a dropped expression read', () => {
    const y = where(greater(softplus(x), 0), mul(x, 2), mul(x, 2));
    expect(all(y).greater).toBe(1);
    expect(counts(y)).toEqual({ mul: 1 });
  });
  it('reads both operands transposed, and undoes a transpose that is there already', () => {
    const turned = transpose(x, [1, 0]);
    expect(all(matmul(turned, x, { transposeA: true, transposeB: true }))).toEqual({ transpose: 1, matmul: 1 });
    expect(counts(matmul(turned, x, { transposeA: true, transposeB: true }))).toEqual({ matmul: 1 });
    expect(counts(matmul(turned, turned, { transposeB: true }))).toEqual({ matmul: 1 });
    const stack = reshape(x, [3, 1, 2]);
    expect(counts(matmul(stack, transpose(stack, [0, 2, 1])))).toEqual({ reshape: 1, matmul: 1 });
    // Another order of the axes is no transposed matrix.
    expect(counts(matmul(transpose(stack, [1, 0, 2]), reshape(x, [1, 2, 3]))).transpose).toBe(1);
  });
  it('folds expressions of constants however deep, and shares what two outputs compute', () => {
    const known = softplus(mul(cast(iota(3), 'float32'), 0.25));
    expect(Object.keys(all(add(x, known))).length).toBeGreaterThan(4);
    expect(counts(add(x, known))).toEqual({ add: 1 });
    expect(counts(add(mul(x, x), 1), sub(mul(x, x), 3))).toEqual({ mul: 1, add: 1, sub: 1 });
  });
  it('keeps the numbers', () => {
    const y = add(
      mul(softplus(x), mul(2, 3)),
      matmul(x, transpose(mul(x, x), [1, 0])).shape.length === 2
        ? sum(matmul(x, transpose(mul(x, x), [1, 0])))
        : scalar(0),
    );
    const feeds = { x: { dtype: 'float32' as const, shape: [2, 3], data: Float32Array.of(1, -2, 3, -4, 5, -6) } };
    const [plain] = evaluateTensors([y], feeds);
    const [less] = evaluateTensors([simplify(graphOf(y)).outputs.y0!], feeds);
    less!.data.forEach((v, i) => void expect(v).toBeCloseTo(plain!.data[i]!, 12));
  });
});

describe('the gradient of a split', () => {
  it('is one concat, without padding', () => {
    const pieces = split(x, [1, 1, 1], 1);
    const loss = sum(add(mul(pieces[0]!, pieces[1]!), mul(pieces[2]!, pieces[2]!)));
    const found = counts(...gradient(loss, [x]));
    expect(found.pad).toBeUndefined();
    expect(found.concat).toBe(1);
  });
  it('pads where pieces are missing', () => {
    expect(counts(...gradient(sum(mul(slice(x, 1, 0, 1), 2)), [x])).pad).toBe(1);
  });
});

it('a graph prints as lines that can be read', () => {
  expect(print(simplify(graphOf(sum(matmul(x, x, { transposeB: true }), [0]))))).toBe(
    [
      'input x : float32 [2, 3]',
      '%0 = matmul(x, x) transposeB scale=1 : float32 [2, 2]',
      '%1 = sum(%0) axes=[0] : float32 [2]',
      'output y0 = %1',
    ].join('\n'),
  );
});

describe('factors of the rows of a wide matrix', () => {
  const wide = tensor('wide', 'float32', [2, 7]);
  const factors = tensor('factors', 'float32', [2, 1]);
  const weight = tensor('weight', 'float32', [7, 3]);
  const drawn = (...shape: number[]) => ({
    dtype: 'float32' as const,
    shape,
    data: Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(i + shape.length)),
  });
  const feeds = { x: numbers.x, wide: drawn(2, 7), factors: drawn(2, 1), weight: drawn(7, 3) };
  const scaled = mul(wide, factors);

  it.each([
    ['into the result', matmul(scaled, weight)],
    ['into the result, the weight transposed', matmul(scaled, transpose(weight, [1, 0]), { transposeB: true })],
    ['to the narrower matrix on the right', matmul(scaled, x, { transposeA: true, scale: 2 })],
    ['to the narrower matrix on the left', matmul(x, scaled, { transposeA: true })],
    ['into a product for the sum of all rows', sum(scaled, [0])],
  ])('move %s', (_, y) => {
    const less = simplify({ inputs: [x, wide, factors, weight], outputs: { y } });
    const left = topological(Object.values(less.outputs));
    expect(left.filter((n) => n.kind === 'op' && n.op === 'mul' && n.results[0]!.shape[1] === 7)).toEqual([]);
    const [before, after] = [y, less.outputs.y!].map((t) => evaluateTensors([t], feeds)[0]!);
    expect(after!.shape).toEqual(before!.shape);
    after!.data.forEach((v, i) => void expect(v).toBeCloseTo(Number(before!.data[i]), 12));
  });

  it('stay where nothing is narrower', () => {
    const y = matmul(mul(x, factors), wide, { transposeA: true });
    expect(simplify({ inputs: [x, wide, factors], outputs: { y } }).outputs.y).toEqual(y);
  });
});
