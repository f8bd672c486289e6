// Named sizes: equal sizes have equal spellings.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDims, type Dim, evaluateDim, multiplyDims, namesIn, productOfDims } from './dimension.ts';

describe('named sizes', () => {
  it('spell equal sums and products equally', () => {
    expect(addDims('past', 'sequence')).toBe('past+sequence');
    expect(addDims('sequence', 'past')).toBe('past+sequence');
    expect(multiplyDims('sequence', 'batch')).toBe('batch*sequence');
    expect(addDims(addDims('past+sequence', -1), 1)).toBe('past+sequence');
    expect(addDims('sequence', multiplyDims(-1, 'sequence'))).toBe(0);
    expect(productOfDims([2, 'batch', 3])).toBe('6*batch');
    expect(namesIn('batch*sequence+past+2')).toEqual(['batch', 'sequence', 'past']);
  });

  it('have no value while a name has none', () => {
    expect(evaluateDim('past+sequence', new Map([['past', 3]]))).toBeUndefined();
  });

  it('follow arithmetic', () => {
    const dim = fc.letrec<{ dim: Dim }>((tie) => ({
      dim: fc.oneof(
        { maxDepth: 4 },
        fc.integer({ min: -3, max: 5 }),
        fc.constantFrom('a', 'b', 'c'),
        fc.tuple(tie('dim'), tie('dim')).map(([x, y]) => addDims(x, y)),
        fc.tuple(tie('dim'), tie('dim')).map(([x, y]) => multiplyDims(x, y)),
      ),
    })).dim;
    const sizes = new Map([
      ['a', 2],
      ['b', 7],
      ['c', 0],
    ]);
    const at = (d: Dim): number => evaluateDim(d, sizes)!;
    fc.assert(
      fc.property(dim, dim, (x, y) => {
        expect(at(addDims(x, y))).toBe(at(x) + at(y));
        expect(at(multiplyDims(x, y)) + 0).toBe(at(x) * at(y) + 0);
        expect(addDims(x, y)).toBe(addDims(y, x));
        expect(multiplyDims(x, y)).toBe(multiplyDims(y, x));
      }),
    );
  });
});
