// Inputs that every runtime and every gradient must get right. An operation without a case does not compile.

import type { AttrsOf, InputsOf, OpName } from '../src/ops/signatures.ts';
import { type Value, value } from '../src/value.ts';

export interface Case<K extends OpName> {
  readonly x: InputsOf<K, Value>;
  readonly attrs: AttrsOf<K>;
  readonly why?: string;
  /** Inputs (by position) that the case's point is not differentiable in. */
  readonly flat?: readonly number[];
}

/** A small deterministic generator (mulberry32), so that a failing case can be run again. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

let draws = 1;
/** Numbers in [low, high), at float32 precision so that both engines see the same. */
const within =
  (low: number, high: number) =>
  (...shape: number[]): Value<'float32'> => {
    const next = random(draws++);
    return value(
      'float32',
      shape,
      Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => Math.fround(low + (high - low) * next())),
    );
  };
const any = within(-2, 2);
const positive = within(0.3, 2);
const ints = (shape: number[], ...xs: number[]): Value<'int32'> => value('int32', shape, xs);
const bools = (shape: number[], ...xs: number[]): Value<'bool'> => value('bool', shape, xs);

const one = (x: Value, why?: string) => [{ x: [x] as const, attrs: {}, ...(why ? { why } : {}) }] as const;
const two = [
  { x: [any(2, 3), any(2, 3)] as const, attrs: {} },
  { x: [any(2, 1, 4), any(3, 1)] as const, attrs: {}, why: 'both sides broadcast' },
  { x: [any(2, 3), any()] as const, attrs: {}, why: 'a number' },
] as const;
const integers = { x: [ints([4], -1, 0, 2, 5), ints([4], 2, 0, -3, 5)] as const, attrs: {}, why: 'integers' } as const;

/** Integers that float32 cannot hold, and neighbours that it would make equal. */
const large = ints([4], -747796405, 16777217, 277803737, -16777219);
const largeNeighbours = ints([4], -747796404, 16777216, 277803737, -16777218);
const close = { x: [large, largeNeighbours] as const, attrs: {}, why: 'integers beyond 2²⁴' } as const;

/** Whole numbers are what the fastest pair of a rotary head turns by. */
const angles = value('float32', [6], [4000, -4095.5, 511.25, 32768, 131071, 3.5]);

export const cases: { readonly [K in OpName]: readonly [Case<K>, ...Case<K>[]] } = {
  neg: [...one(any(3, 4)), ...one(large, 'integers beyond 2²⁴')],
  abs: [...one(any(3, 4)), ...one(large, 'integers beyond 2²⁴')],
  exp: one(any(3, 4)),
  log: one(positive(3, 4)),
  sqrt: one(positive(3, 4)),
  reciprocal: one(positive(3, 4)),
  sin: [...one(any(3, 4)), ...one(angles, 'angles of late positions')],
  cos: [...one(any(3, 4)), ...one(angles, 'angles of late positions')],
  tanh: one(any(3, 4)),
  erf: one(any(3, 4)),
  sigmoid: one(within(-6, 6)(3, 4)),
  relu: one(any(3, 4)),
  floor: one(any(3, 4)),
  geluTanh: one(within(-4, 4)(3, 7)),
  cast: [
    { x: [value('float32', [4], [-1.7, 0, 0.4, 2.9])], attrs: { to: 'int32' }, why: 'truncates' },
    { x: [ints([3], -2, 0, 7)], attrs: { to: 'float32' } },
    { x: [bools([2], 0, 1)], attrs: { to: 'float32' } },
    { x: [any(2, 2)], attrs: { to: 'float32' } },
    { x: [value('float32', [5], [-1.7, 0, 0.4, 256, -0])], attrs: { to: 'bool' }, why: 'true where it is not zero' },
    { x: [ints([4], 0, 256, -3, 1)], attrs: { to: 'bool' } },
    { x: [bools([3], 1, 0, 1)], attrs: { to: 'int32' } },
  ],
  not: one(bools([3], 1, 0, 1)),
  detach: one(any(2, 2)),

  add: [...two, integers, close],
  sub: [...two, integers, close],
  mul: [
    ...two,
    integers,
    {
      x: [ints([3], 2147483647, -65536, 747796405), ints([3], 3, 65537, -277803737)],
      attrs: {},
      why: 'int32 wraps around',
    },
  ],
  div: [
    {
      x: [ints([4], -7, 7, -65537, 65535), ints([4], 2, -2, 65536, 65536)],
      attrs: {},
      why: 'integers are cut towards zero',
    },
    {
      x: [ints([6], 2147483647, -2147483648, -747796405, 747796405, 2147483646, -16777219), ints([], 65536)],
      attrs: {},
      why: 'large integers by a number',
    },
    {
      x: [
        ints([6], 2147483647, 2147483647, -747796405, 2147483645, 1073741823, -7),
        ints([6], 3, -7, 13, 1073741824, -1073741824, 7),
      ],
      attrs: {},
      why: 'large integers by small and by large ones',
    },
    { x: [any(2, 3), positive(2, 3)], attrs: {} },
    { x: [any(2, 1, 4), positive(3, 1)], attrs: {}, why: 'both sides broadcast' },
    {
      x: [ints([5], 16777216, 16777215, -16777213, 9999999, 16777213), ints([5], 3, 7, 5, -4095, 16777214)],
      attrs: {},
      why: 'integers up to 2²⁴',
    },
  ],
  pow: [
    { x: [positive(2, 3), any(2, 3)], attrs: {} },
    { x: [any(2, 3), value('float32', [], [2])], attrs: {}, why: 'a whole power of negative numbers', flat: [1] },
  ],
  maximum: [...two, close],
  minimum: [...two, close],
  equal: [
    integers,
    close,
    { x: [bools([4], 0, 0, 1, 1), bools([4], 0, 1, 0, 1)], attrs: {} },
    { x: [value('float32', [3], [1, 2, 3]), value('float32', [3], [1, -2, 3])], attrs: {} },
  ],
  less: [integers, close, { x: [any(2, 3), any(3)], attrs: {} }],
  greater: [integers, close, { x: [any(2, 3), any(3)], attrs: {} }],
  and: [{ x: [bools([4], 0, 0, 1, 1), bools([4], 0, 1, 0, 1)], attrs: {} }],
  where: [
    { x: [bools([2, 3], 1, 0, 1, 0, 0, 1), any(2, 3), any(2, 3)], attrs: {} },
    { x: [bools([3], 1, 0, 1), any(2, 1), any()], attrs: {}, why: 'all three broadcast' },
    { x: [bools([4], 1, 0, 0, 1), large, largeNeighbours], attrs: {}, why: 'integers' },
  ],

  matmul: [
    { x: [any(2, 3), any(3, 4)], attrs: { transposeA: false, transposeB: false, scale: 1 } },
    { x: [any(3, 2), any(4, 3)], attrs: { transposeA: true, transposeB: true, scale: 0.5 } },
    {
      x: [any(2, 1, 5, 3), any(4, 3, 2)],
      attrs: { transposeA: false, transposeB: false, scale: 1 },
      why: 'batch axes broadcast',
    },
    {
      x: [any(2, 2, 3, 4), any(2, 2, 5, 4)],
      attrs: { transposeA: false, transposeB: true, scale: 0.3 },
      why: 'attention scores',
    },
    { x: [any(2, 4, 3), any(2, 4, 5)], attrs: { transposeA: true, transposeB: false, scale: 1 } },
    {
      x: [any(2, 3, 4), any(4, 5)],
      attrs: { transposeA: false, transposeB: false, scale: 1 },
      why: 'rows of a batch against a weight',
    },
    {
      x: [any(2, 3, 4), any(5, 4)],
      attrs: { transposeA: false, transposeB: true, scale: 2 },
      why: 'a tied output matrix',
    },
  ],

  sum: [
    { x: [any(2, 3, 4)], attrs: { axes: [0, 2], keep: false } },
    { x: [any(2, 3, 4)], attrs: { axes: [1], keep: true } },
    { x: [any(5, 3)], attrs: { axes: [0], keep: false }, why: 'over rows: a product with ones on the CPU' },
    { x: [any(2, 3)], attrs: { axes: [0, 1], keep: false } },
    { x: [ints([2, 3], 1, -2, 16777217, 4, 5, 6)], attrs: { axes: [1], keep: false }, why: 'integers' },
    { x: [ints([2, 3, 1], 1, -2, 7, 4, 5, 6)], attrs: { axes: [0, 2], keep: false }, why: 'integers, over two axes' },
  ],
  max: [
    { x: [any(2, 3, 4)], attrs: { axes: [2], keep: false } },
    { x: [any(2, 3)], attrs: { axes: [0], keep: true } },
    { x: [ints([2, 2], 16777217, 16777216, -9, -3)], attrs: { axes: [1], keep: false }, why: 'integers' },
    { x: [ints([2, 2, 2], 1, 2, -9, -3, 5, 0, -7, 4)], attrs: { axes: [1], keep: false }, why: 'integers, inner axis' },
  ],
  argmax: [
    { x: [any(2, 5)], attrs: { axis: 1 } },
    { x: [ints([2, 3, 2], 1, 2, -9, 3, 5, 0, -7, 4, 4, 6, 1, 6)], attrs: { axis: 1 }, why: 'integers' },
    { x: [value('float32', [3], [1, 7, 7])], attrs: { axis: 0 }, why: 'the first of equals' },
  ],
  softmax: [
    { x: [any(3, 5)], attrs: { axis: 1 } },
    { x: [any(2, 3, 4)], attrs: { axis: 1 }, why: 'not the last axis' },
  ],

  cumsum: [
    { x: [any(2, 5)], attrs: { axis: 1, exclusive: false, reverse: false } },
    {
      x: [any(3, 4, 2)],
      attrs: { axis: 1, exclusive: true, reverse: true },
      why: 'from the end, without the entry itself',
    },
    {
      x: [ints([2, 4], 1, 0, 2, 1, 0, 3, 1, 1)],
      attrs: { axis: 1, exclusive: false, reverse: false },
      why: 'integers',
    },
    {
      x: [ints([3, 2, 1], 1, 0, 2, 1, 0, 3)],
      attrs: { axis: 0, exclusive: false, reverse: false },
      why: 'integers, along the first axis',
    },
  ],
  topK: [
    { x: [any(2, 6)], attrs: { axis: 1, k: 3, largest: true } },
    { x: [any(4, 2, 3)], attrs: { axis: 0, k: 2, largest: false }, why: 'the smallest, along the first axis' },
    {
      x: [value('float32', [5], [2, 7, 7, 1, 7])],
      attrs: { axis: 0, k: 4, largest: true },
      flat: [0],
      why: 'equals in order',
    },
  ],

  reshape: [{ x: [any(2, 6)], attrs: { shape: [3, 2, 2] } }],
  transpose: [
    { x: [any(2, 3, 4)], attrs: { permutation: [2, 0, 1] } },
    { x: [any(2, 1, 3, 2, 2)], attrs: { permutation: [0, 3, 1, 4, 2] }, why: 'five axes' },
    { x: [bools([2, 3], 1, 0, 0, 1, 1, 0)], attrs: { permutation: [1, 0] } },
    { x: [bools([2, 1, 3], 1, 0, 0, 1, 1, 0)], attrs: { permutation: [2, 0, 1] }, why: 'three axes of booleans' },
    { x: [ints([2, 1, 3], 1, 2, 3, 4, 5, 6)], attrs: { permutation: [2, 0, 1] }, why: 'three axes of integers' },
  ],
  expand: [
    { x: [any(2, 1, 3)], attrs: { shape: [4, 2, 5, 3] } },
    { x: [any()], attrs: { shape: [2, 2] } },
    { x: [large], attrs: { shape: [2, 4] }, why: 'integers' },
    { x: [bools([2, 1], 1, 0)], attrs: { shape: [2, 3] } },
  ],
  slice: [
    { x: [any(2, 6)], attrs: { axis: 1, start: 1, end: 4 } },
    { x: [any(2, 3, 4, 2)], attrs: { axis: 2, start: 3, end: 4 }, why: 'the last entry of an inner axis' },
    { x: [large], attrs: { axis: 0, start: 1, end: 3 } },
  ],
  pad: [
    { x: [any(2, 3)], attrs: { axis: 1, before: 2, after: 1 } },
    { x: [any(2, 3, 2)], attrs: { axis: 0, before: 0, after: 2 } },
    { x: [large], attrs: { axis: 0, before: 1, after: 0 }, why: 'integers' },
  ],
  concat: [
    { x: [any(2, 3), any(2, 1), any(2, 2)], attrs: { axis: 1 } },
    { x: [any(0, 3), any(2, 3)], attrs: { axis: 0 }, why: 'an empty cache' },
    { x: [large, ints([1], 7)], attrs: { axis: 0 } },
  ],

  gather: [
    { x: [any(5, 3), ints([2, 2], 4, 0, 4, 1)], attrs: { axis: 0 }, why: 'an embedding with a repeated id' },
    { x: [any(2, 4, 3), ints([2], 3, 3)], attrs: { axis: 1 } },
    { x: [any(5, 3), ints([3], -1, 0, -5)], attrs: { axis: 0 }, why: 'negative indices count from the end' },
    { x: [any(4, 3), ints([], 2)], attrs: { axis: 0 }, why: 'an index without axes' },
    { x: [large, ints([2], 3, 0)], attrs: { axis: 0 }, why: 'integers' },
  ],
  scatterRows: [
    { x: [any(2, 3, 4), ints([2, 3], 1, 1, 6, 0, 1, 6)], attrs: { size: 7 }, why: 'repeated rows are summed' },
    {
      x: [any(5, 4), ints([5], 599, 0, 599, 3, 599)],
      attrs: { size: 600 },
      why: 'more rows than the 0/1 matrix is used for',
    },
  ],
  gatherElements: [
    { x: [any(3, 4), ints([3, 2], 0, 3, 1, 1, 2, 0)], attrs: { axis: 1 } },
    { x: [any(2, 3, 2), ints([2, 2, 2], 0, 2, 1, 1, 2, -1, 0, 0)], attrs: { axis: 1 }, why: 'an inner axis' },
  ],
  scatterElements: [
    { x: [any(3, 4), any(3, 2), ints([3, 2], 0, 3, 1, 1, 2, 0)], attrs: { axis: 1 }, why: 'two updates meet' },
    {
      x: [any(2, 3, 2), any(2, 2, 2), ints([2, 2, 2], 0, 2, 0, 1, 2, 1, 0, -1)],
      attrs: { axis: 1 },
      why: 'an inner axis',
    },
  ],

  layerNorm: [{ x: [any(2, 3, 6), any(6), any(6)], attrs: { epsilon: 1e-5 } }],
  crossEntropy: [
    { x: [any(4, 5), ints([4], 0, 4, 2, 2)], attrs: {} },
    { x: [within(-60, 60)(3, 4), ints([3], 1, -100, 3)], attrs: {}, why: 'an ignored label, and logits far apart' },
  ],
  lstm: [
    {
      x: [any(2, 3, 8), any(8, 2), any(2, 2), any(2, 2), value('float32', [2, 3], [1, 1, 1, 1, 1, 1])],
      attrs: { reverse: false },
    },
    {
      x: [
        any(3, 4, 12),
        any(12, 3),
        any(3, 3),
        any(3, 3),
        value('float32', [3, 4], [1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1]),
      ],
      attrs: { reverse: true },
      why: 'from the end, padded at the right, at the left and in the middle',
    },
    {
      x: [any(1, 1, 4), any(4, 1), any(1, 1), any(1, 1), value('float32', [1, 1], [1])],
      attrs: { reverse: false },
      why: 'one step',
    },
  ],
  iota: [{ x: [], attrs: { start: 3, size: 4 } }],
};
