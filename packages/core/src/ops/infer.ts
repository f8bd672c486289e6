// Types and shapes of results. Every shape error of a graph is raised here, when the graph is built.

import { addDims, type Dim, multiplyDims, productOfDims } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { type Shape, show } from '../tensor.ts';
import type { DType } from '../value.ts';
import type { AttrsOf, InputsOf, OpName, ResultsOf } from './signatures.ts';

/** Type and shape, without the node. */
export interface Form {
  readonly dtype: DType;
  readonly shape: Shape;
}

export type Infer<K extends OpName> = (x: InputsOf<K, Form>, attrs: AttrsOf<K>) => ResultsOf<K, Form>;

const fail = (op: string, message: string, detail: Record<string, unknown>): never => {
  throw new YumoError('SHAPE', `${op}: ${message}`, { op, ...detail });
};

/** The axis as a non-negative number. */
export function resolveAxis(op: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    fail(op, `axis ${axis} does not exist in a tensor of ${rank} ${rank === 1 ? 'axis' : 'axes'}`, { axis, rank });
  }
  return resolved;
}

/** NumPy's broadcasting: sizes agree, or one of them is 1. A named size agrees with itself and with 1 only. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i): Dim => {
    const da = a[a.length - rank + i] ?? 1;
    const db = b[b.length - rank + i] ?? 1;
    if (da === db || db === 1) return da;
    if (da === 1) return db;
    return fail(op, `${show(a)} and ${show(b)} do not broadcast (${da} against ${db})`, { a, b });
  });
}

const isFloat = (t: DType): boolean => t === 'float32' || t === 'float64' || t === 'float16';

const unaryFloat =
  (op: OpName) =>
  ([x]: readonly [Form]): readonly [Form] => {
    if (!isFloat(x.dtype)) fail(op, `needs floating-point numbers, got ${x.dtype}; cast first`, { dtype: x.dtype });
    return [x];
  };
const unaryNumber =
  (op: OpName) =>
  ([x]: readonly [Form]): readonly [Form] => {
    if (x.dtype === 'bool') fail(op, 'needs numbers, got bool; cast first', {});
    return [x];
  };

function sameType(op: OpName, a: Form, b: Form): void {
  if (a.dtype !== b.dtype)
    fail(op, `types differ: ${a.dtype} ${show(a.shape)} and ${b.dtype} ${show(b.shape)}; cast one`, {
      a: a.dtype,
      b: b.dtype,
    });
}
const binary =
  (op: OpName, result?: DType) =>
  ([a, b]: readonly [Form, Form]): readonly [Form] => {
    sameType(op, a, b);
    return [{ dtype: result ?? a.dtype, shape: broadcastShapes(op, a.shape, b.shape) }];
  };
const logical =
  (op: OpName) =>
  (x: readonly [Form, Form]): readonly [Form] => {
    for (const { dtype } of x) if (dtype !== 'bool') fail(op, `needs bool, got ${dtype}`, { dtype });
    return binary(op)(x);
  };

const reduce =
  (op: OpName) =>
  ([x]: readonly [Form], { axes, keep }: { axes: readonly number[]; keep: boolean }): readonly [Form] => {
    const gone = new Set(axes.map((a) => resolveAxis(op, a, x.shape.length)));
    return [
      {
        dtype: x.dtype,
        shape: keep ? x.shape.map((d, i) => (gone.has(i) ? 1 : d)) : x.shape.filter((_, i) => !gone.has(i)),
      },
    ];
  };

const integerIndices = (op: OpName, indices: Form): void => {
  if (indices.dtype !== 'int32' && indices.dtype !== 'int64')
    fail(op, `indices must be int32 or int64, got ${indices.dtype}`, { dtype: indices.dtype });
};

export const infer: { readonly [K in OpName]: Infer<K> } = {
  neg: unaryNumber('neg'),
  abs: unaryNumber('abs'),
  exp: unaryFloat('exp'),
  log: unaryFloat('log'),
  sqrt: unaryFloat('sqrt'),
  reciprocal: unaryFloat('reciprocal'),
  sin: unaryFloat('sin'),
  cos: unaryFloat('cos'),
  tanh: unaryFloat('tanh'),
  erf: unaryFloat('erf'),
  sigmoid: unaryFloat('sigmoid'),
  relu: unaryFloat('relu'),
  floor: unaryFloat('floor'),
  geluTanh: unaryFloat('geluTanh'),
  cast: ([x], { to }) => [{ dtype: to, shape: x.shape }],
  detach: ([x]) => [x],
  not: ([x]) => {
    if (x.dtype !== 'bool') fail('not', `needs bool, got ${x.dtype}`, { dtype: x.dtype });
    return [x];
  },

  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div'),
  pow: binary('pow'),
  maximum: binary('maximum'),
  minimum: binary('minimum'),
  equal: binary('equal', 'bool'),
  less: binary('less', 'bool'),
  greater: binary('greater', 'bool'),
  and: logical('and'),

  where: ([condition, a, b]) => {
    if (condition.dtype !== 'bool')
      fail('where', `the condition must be bool, got ${condition.dtype}`, { dtype: condition.dtype });
    sameType('where', a, b);
    return [
      { dtype: a.dtype, shape: broadcastShapes('where', condition.shape, broadcastShapes('where', a.shape, b.shape)) },
    ];
  },

  matmul: ([a, b], { transposeA, transposeB }) => {
    sameType('matmul', a, b);
    if (a.shape.length < 2 || b.shape.length < 2)
      fail('matmul', `needs at least two axes on each side: ${show(a.shape)} × ${show(b.shape)}`, {
        a: a.shape,
        b: b.shape,
      });
    const [rows, inner] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const [inner2, columns] = transposeB ? [b.shape.at(-1)!, b.shape.at(-2)!] : [b.shape.at(-2)!, b.shape.at(-1)!];
    if (inner !== inner2) {
      const sides = `${show(a.shape)}${transposeA ? 'ᵀ' : ''} × ${show(b.shape)}${transposeB ? 'ᵀ' : ''}`;
      fail('matmul', `the inner sizes differ: ${sides} (${inner} against ${inner2})`, { a: a.shape, b: b.shape });
    }
    return [
      {
        dtype: a.dtype,
        shape: [...broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns],
      },
    ];
  },

  sum: reduce('sum'),
  max: reduce('max'),
  argmax: ([x], { axis }) => {
    const at = resolveAxis('argmax', axis, x.shape.length);
    return [{ dtype: 'int32', shape: x.shape.filter((_, i) => i !== at) }];
  },
  softmax: ([x], { axis }) => {
    resolveAxis('softmax', axis, x.shape.length);
    return unaryFloat('softmax')([x]);
  },

  cumsum: ([x], { axis }) => {
    resolveAxis('cumsum', axis, x.shape.length);
    return unaryNumber('cumsum')([x]);
  },
  topK: ([x], { axis, k }) => {
    const at = resolveAxis('topK', axis, x.shape.length);
    const size = x.shape[at]!;
    if (!isFloat(x.dtype)) fail('topK', `needs floating-point numbers, got ${x.dtype}; cast first`, { dtype: x.dtype });
    if (!Number.isInteger(k) || k < 1 || (typeof size === 'number' && k > size))
      fail('topK', `k = ${k} of an axis of size ${size}: must be a whole number from 1 to that size`, { k, size });
    const shape = x.shape.map((d, i) => (i === at ? k : d));
    return [
      { dtype: x.dtype, shape },
      { dtype: 'int32', shape },
    ];
  },

  reshape: ([x], { shape }) => {
    if (productOfDims(x.shape) !== productOfDims(shape)) {
      fail(
        'reshape',
        `${show(x.shape)} holds ${productOfDims(x.shape)} numbers, ${show(shape)} holds ${productOfDims(shape)}`,
        { from: x.shape, to: shape },
      );
    }
    return [{ dtype: x.dtype, shape }];
  },
  transpose: ([x], { permutation }) => {
    if (permutation.length !== x.shape.length || new Set(permutation).size !== permutation.length) {
      fail(
        'transpose',
        `[${permutation.join(', ')}] is not a permutation of the ${x.shape.length} axes of ${show(x.shape)}`,
        { permutation },
      );
    }
    return [{ dtype: x.dtype, shape: permutation.map((p) => x.shape[resolveAxis('transpose', p, x.shape.length)]!) }];
  },
  expand: ([x], { shape }) => {
    const result = broadcastShapes('expand', x.shape, shape);
    if (show(result) !== show(shape))
      fail('expand', `${show(x.shape)} does not expand to ${show(shape)}`, { from: x.shape, to: shape });
    return [{ dtype: x.dtype, shape }];
  },
  slice: ([x], { axis, start, end }) => {
    const at = resolveAxis('slice', axis, x.shape.length);
    const size = x.shape[at]!;
    const length = addDims(end, multiplyDims(-1, start));
    if (
      [start, end, size].every((d) => typeof d === 'number') &&
      !(0 <= Number(start) && start <= end && end <= size)
    ) {
      fail('slice', `[${start}, ${end}) leaves axis ${axis} of ${show(x.shape)}`, { axis, start, end });
    }
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === at ? length : d)) }];
  },
  pad: ([x], { axis, before, after }) => {
    const at = resolveAxis('pad', axis, x.shape.length);
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (i === at ? addDims(addDims(before, d), after) : d)) }];
  },
  concat: (x, { axis }) => {
    const first = x[0] ?? fail('concat', 'needs at least one tensor', {});
    const at = resolveAxis('concat', axis, first.shape.length);
    let length: Dim = 0;
    for (const t of x) {
      sameType('concat', first, t);
      if (t.shape.length !== first.shape.length || t.shape.some((d, i) => i !== at && d !== first.shape[i])) {
        fail('concat', `${show(first.shape)} and ${show(t.shape)} differ outside axis ${axis}`, {
          a: first.shape,
          b: t.shape,
          axis,
        });
      }
      length = addDims(length, t.shape[at]!);
    }
    return [{ dtype: first.dtype, shape: first.shape.map((d, i) => (i === at ? length : d)) }];
  },

  gather: ([x, indices], { axis }) => {
    integerIndices('gather', indices);
    const at = resolveAxis('gather', axis, x.shape.length);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)] }];
  },
  scatterRows: ([rows, indices], { size }) => {
    integerIndices('scatterRows', indices);
    if (show(rows.shape.slice(0, -1)) !== show(indices.shape)) {
      fail(
        'scatterRows',
        `rows ${show(rows.shape)} need indices ${show(rows.shape.slice(0, -1))}, got ${show(indices.shape)}`,
        {},
      );
    }
    return [{ dtype: rows.dtype, shape: [size, rows.shape.at(-1)!] }];
  },
  gatherElements: ([x, indices], { axis }) => {
    integerIndices('gatherElements', indices);
    const at = resolveAxis('gatherElements', axis, x.shape.length);
    if (indices.shape.length !== x.shape.length || indices.shape.some((d, i) => i !== at && d !== x.shape[i])) {
      fail('gatherElements', `indices ${show(indices.shape)} must equal ${show(x.shape)} outside axis ${axis}`, {});
    }
    return [{ dtype: x.dtype, shape: indices.shape }];
  },
  scatterElements: ([x, updates, indices], { axis }) => {
    integerIndices('scatterElements', indices);
    sameType('scatterElements', x, updates);
    const at = resolveAxis('scatterElements', axis, x.shape.length);
    if (show(updates.shape) !== show(indices.shape))
      fail('scatterElements', `updates ${show(updates.shape)} and indices ${show(indices.shape)} differ`, {});
    if (updates.shape.length !== x.shape.length || updates.shape.some((d, i) => i !== at && d !== x.shape[i])) {
      fail('scatterElements', `updates ${show(updates.shape)} must equal ${show(x.shape)} outside axis ${axis}`, {});
    }
    return [x];
  },

  layerNorm: ([x, weight, bias]) => {
    for (const p of [weight, bias]) {
      if (p.shape.length !== 1 || p.shape[0] !== x.shape.at(-1)) {
        fail(
          'layerNorm',
          `weight and bias must be [${x.shape.at(-1)}] for x ${show(x.shape)}, got ${show(p.shape)}`,
          {},
        );
      }
    }
    const statistics: Form = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
    return [x, statistics, statistics];
  },
  lstm: ([gates, hidden, h, c, mask]) => {
    const [batch, time] = gates.shape;
    const n = hidden.shape[1];
    const fits =
      gates.shape.length === 3 &&
      typeof n === 'number' &&
      gates.shape[2] === 4 * n &&
      show(hidden.shape) === show([4 * n, n]) &&
      [h, c].every((state) => show(state.shape) === show([batch!, n])) &&
      show(mask.shape) === show([batch!, time!]);
    if (!fits || [gates, hidden, h, c, mask].some(({ dtype }) => !isFloat(dtype)))
      fail(
        'lstm',
        `needs gates [batch, time, 4n], weights [4n, n], states [batch, n] and a mask [batch, time] of floats, got ${[gates, hidden, h, c, mask].map((x) => `${x.dtype} ${show(x.shape)}`).join(', ')}`,
        { gates: gates.shape, hidden: hidden.shape, h: h.shape, c: c.shape, mask: mask.shape },
      );
    return [{ dtype: gates.dtype, shape: [batch!, time!, n!] }, h, c];
  },
  crossEntropy: ([logits, labels]) => {
    if (logits.shape.length !== 2 || labels.shape.length !== 1 || logits.shape[0] !== labels.shape[0]) {
      fail(
        'crossEntropy',
        `needs logits [n, classes] and labels [n], got ${show(logits.shape)} and ${show(labels.shape)}`,
        {},
      );
    }
    if (labels.dtype !== 'int32') fail('crossEntropy', `labels must be int32, got ${labels.dtype}`, {});
    return [{ dtype: logits.dtype, shape: labels.shape }, logits];
  },

  iota: (_, { size }) => [{ dtype: 'int32', shape: [size] }],
};
