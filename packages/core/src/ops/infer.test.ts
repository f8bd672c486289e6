// Shape errors are raised when the graph is built, and say what was wrong, with which shapes, where.

import { describe, expect, it } from 'vitest';
import { tensor } from '../tensor.ts';
import { add, concat, gather, matmul, reshape, slice, transpose, within } from './build.ts';

const x = tensor('x', 'float32', [2, 5, 8]);

describe('a shape error', () => {
  it.each([
    ['inner sizes', () => matmul(x, x), 'matmul: the inner sizes differ: [2, 5, 8] × [2, 5, 8] (8 against 5)'],
    [
      'broadcasting',
      () => add(x, tensor('b', 'float32', [4])),
      'add: [2, 5, 8] and [4] do not broadcast (8 against 4)',
    ],
    [
      'names against numbers',
      () => add(tensor('a', 'float32', ['batch', 3]), tensor('b', 'float32', [2, 3])),
      'add: [batch, 3] and [2, 3] do not broadcast (batch against 2)',
    ],
    ['types', () => add(x, tensor('i', 'int32', [8])), 'add: types differ: float32 [2, 5, 8] and int32 [8]; cast one'],
    ['sizes', () => reshape(x, [3, 5]), 'reshape: [2, 5, 8] holds 80 numbers, [3, 5] holds 15'],
    [
      'permutations',
      () => transpose(x, [0, 1, 1]),
      'transpose: [0, 1, 1] is not a permutation of the 3 axes of [2, 5, 8]',
    ],
    ['ranges', () => slice(x, 1, 2, 6), 'slice: [2, 6) leaves axis 1 of [2, 5, 8]'],
    ['axes', () => slice(x, 3, 0, 1), 'slice: axis 3 does not exist in a tensor of 3 axes'],
    [
      'pieces',
      () => concat([x, tensor('y', 'float32', [2, 4, 8])], 2),
      'concat: [2, 5, 8] and [2, 4, 8] differ outside axis 2',
    ],
    ['indices', () => gather(x, x), 'gather: indices must be int32 or int64, got float32'],
  ])('names %s', (_, build, message) => {
    expect(build).toThrow(message);
  });

  it('names the place in the model', () => {
    expect(() => within('transformer.h.3.attn', () => matmul(x, x))).toThrow('(8 against 5) (in transformer.h.3.attn)');
  });
});

describe('named sizes', () => {
  it('pass through', () => {
    const ids = tensor('ids', 'int32', ['batch', 'sequence']);
    const rows = gather(tensor('table', 'float32', [65, 32]), ids);
    expect(rows.shape).toEqual(['batch', 'sequence', 32]);
    expect(reshape(rows, ['batch*sequence', 32]).shape).toEqual(['batch*sequence', 32]);
    expect(
      concat([tensor('past', 'float32', ['batch', 'past', 8]), tensor('new', 'float32', ['batch', 'sequence', 8])], 1)
        .shape,
    ).toEqual(['batch', 'past+sequence', 8]);
  });
});
