// What each operation means, in double precision: slow, obvious, and the truth that every runtime is compared with.

import type { Dim } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import type { DType } from '../value.ts';
import type { AttrsOf, InputsOf, OpName, ResultsOf } from './signatures.ts';

/** Numbers of any type as doubles (bool as 0 and 1), row-major. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** What a row may ask about the node it evaluates. */
export interface At<K extends OpName> {
  readonly x: InputsOf<K, Numbers>;
  readonly attrs: AttrsOf<K>;
  /** The number a size stands for in this run. */
  readonly size: (d: Dim) => number;
  /** The type of the first input, where rounding depends on it. */
  readonly dtype: DType;
}

export type Evaluate<K extends OpName> = (at: At<K>) => ResultsOf<K, Numbers>;

const count = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
const make = (shape: readonly number[], data = new Float64Array(count(shape))): Numbers => ({ shape, data });

/** One number a position. (`Float64Array.from` collects them in a list first, at ten times the time and memory.) */
function mapTo(positions: Int32Array, f: (position: number, i: number) => number): Float64Array<ArrayBuffer> {
  const result = new Float64Array(positions.length);
  for (let i = 0; i < result.length; i++) result[i] = f(positions[i]!, i);
  return result;
}

/** Row-major strides; 0 where the axis is broadcast to `target`. */
function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const strides = new Array<number>(target.length).fill(0);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i + target.length - shape.length] = shape[i] === 1 ? 0 : step;
    step *= shape[i]!;
  }
  return strides;
}

/** The flat positions in `x` of every entry of a broadcast to `target`, in order. */
function positions(
  shape: readonly number[],
  target: readonly number[],
  strides = broadcastStrides(shape, target),
): Int32Array {
  const result = new Int32Array(count(target));
  const index = new Array<number>(target.length).fill(0);
  let position = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = position;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      position += strides[axis]!;
      if (++index[axis]! < target[axis]!) break;
      position -= strides[axis]! * target[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

function broadcast(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((s) => s[s.length - rank + i] ?? 1);
    const size = sizes.find((d) => d !== 1) ?? 1;
    if (sizes.some((d) => d !== 1 && d !== size))
      throw new YumoError('SHAPE', `sizes ${sizes.join(' and ')} do not broadcast at run time`, { shapes });
    return size;
  });
}

const map =
  (f: (x: number) => number) =>
  ({ x: [x] }: { x: readonly [Numbers] }): readonly [Numbers] => [make(x.shape, x.data.map(f))];

const zip =
  (f: (a: number, b: number, dtype: DType) => number) =>
  ({ x: [a, b], dtype }: { x: readonly [Numbers, Numbers]; dtype: DType }): readonly [Numbers] => {
    const shape = broadcast(a.shape, b.shape);
    const pa = positions(a.shape, shape);
    const pb = positions(b.shape, shape);
    return [
      make(
        shape,
        mapTo(pa, (p, i) => f(a.data[p]!, b.data[pb[i]!]!, dtype)),
      ),
    ];
  };

/** Splits the axes at `axis`: entry (outer, j, inner) lies at (outer · size + j) · inner-count + inner. */
function around(shape: readonly number[], axis: number): { outer: number; size: number; inner: number } {
  return { outer: count(shape.slice(0, axis)), size: shape[axis]!, inner: count(shape.slice(axis + 1)) };
}

const reduce =
  (start: number, f: (acc: number, x: number) => number) =>
  ({
    x: [x],
    attrs: { axes, keep },
  }: {
    x: readonly [Numbers];
    attrs: { axes: readonly number[]; keep: boolean };
  }): readonly [Numbers] => {
    const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    const out = make(keep ? kept : x.shape.filter((_, i) => !axes.includes(i)));
    out.data.fill(start);
    positions(kept, x.shape).forEach((p, i) => {
      out.data[p] = f(out.data[p]!, x.data[i]!);
    });
    return [out];
  };

/** The error function to double precision: Taylor series near zero, continued fraction of erfc beyond 2 (Abramowitz & Stegun 7.1.6, 7.1.14). */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2) {
    let term = z;
    let total = z;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
      term *= (2 * z * z) / (2 * n + 1);
      total += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * total;
  }
  let fraction = 0;
  for (let n = 100; n >= 1; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction)));
}

const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const isInteger = (t: DType): boolean => t === 'int32' || t === 'int64';

function castTo(to: DType): (x: number) => number {
  if (to === 'bool') return (x) => (x === 0 ? 0 : 1);
  return isInteger(to) ? Math.trunc : (x) => x;
}

function softmaxRows(x: Numbers, axis: number): Numbers {
  const out = make(x.shape);
  const { outer, size, inner } = around(x.shape, axis);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = (j: number) => (o * size + j) * inner + i;
      let largest = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < size; j++) largest = Math.max(largest, x.data[at(j)]!);
      let total = 0;
      for (let j = 0; j < size; j++) total += out.data[at(j)] = Math.exp(x.data[at(j)]! - largest);
      for (let j = 0; j < size; j++) out.data[at(j)]! /= total;
    }
  }
  return out;
}

/** Negative indices count from the end; others out of range are an error that names the index. */
function checkedIndex(op: string, index: number, size: number): number {
  const at = index < 0 ? index + size : index;
  if (!(at >= 0 && at < size))
    throw new YumoError('FEED', `${op}: index ${index} is outside an axis of size ${size}`, { index, size });
  return at;
}

export const evaluate: { readonly [K in OpName]: Evaluate<K> } = {
  neg: map((x) => -x),
  abs: map(Math.abs),
  exp: map(Math.exp),
  log: map(Math.log),
  sqrt: map(Math.sqrt),
  reciprocal: map((x) => 1 / x),
  sin: map(Math.sin),
  cos: map(Math.cos),
  tanh: map(Math.tanh),
  erf: map(erf),
  sigmoid: map(sigmoid),
  relu: map((x) => Math.max(x, 0)),
  floor: map(Math.floor),
  // Hendrycks & Gimpel 2016, arXiv:1606.08415, §2: 0.5 x (1 + tanh u) = x · sigmoid(2u), u = √(2/π) (x + 0.044715 x³).
  geluTanh: map((x) => x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  cast: ({ x: [x], attrs: { to } }) => [make(x.shape, x.data.map(castTo(to)))],
  not: map((x) => 1 - x),
  detach: ({ x: [x] }) => [x],

  // int32 wraps around, as it does in every engine: the counter-based masks of dropout rely on it.
  add: zip((a, b, dtype) => (dtype === 'int32' ? (a + b) | 0 : a + b)),
  sub: zip((a, b, dtype) => (dtype === 'int32' ? (a - b) | 0 : a - b)),
  mul: zip((a, b, dtype) => (dtype === 'int32' ? Math.imul(a, b) : a * b)),
  div: zip((a, b, dtype) => (isInteger(dtype) ? Math.trunc(a / b) : a / b)),
  pow: zip((a, b) => a ** b),
  maximum: zip((a, b) => Math.max(a, b)),
  minimum: zip((a, b) => Math.min(a, b)),
  equal: zip((a, b) => +(a === b)),
  less: zip((a, b) => +(a < b)),
  greater: zip((a, b) => +(a > b)),
  and: zip((a, b) => a * b),

  where: ({ x: [condition, a, b] }) => {
    const shape = broadcast(condition.shape, a.shape, b.shape);
    const pc = positions(condition.shape, shape);
    const pa = positions(a.shape, shape);
    const pb = positions(b.shape, shape);
    return [
      make(
        shape,
        mapTo(pc, (p, i) => (condition.data[p] ? a.data[pa[i]!]! : b.data[pb[i]!]!)),
      ),
    ];
  },

  matmul: ({ x: [a, b], attrs: { transposeA, transposeB, scale } }) => {
    const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
    const n = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
    const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
    const pa = positions(a.shape.slice(0, -2), batch);
    const pb = positions(b.shape.slice(0, -2), batch);
    const out = make([...batch, m, n]);
    const [left, right, y] = [a.data, b.data, out.data];
    const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
    const [rowB, columnB] = transposeB ? [1, k] : [n, 1];
    for (let s = 0; s < pa.length; s++) {
      const a0 = pa[s]! * m * k;
      const b0 = pb[s]! * k * n;
      for (let i = 0; i < m; i++) {
        for (let p = 0; p < k; p++) {
          const x = scale * left[a0 + i * rowA + p * columnA]!;
          const [from, to] = [b0 + p * rowB, (s * m + i) * n];
          for (let j = 0; j < n; j++) y[to + j]! += x * right[from + j * columnB]!;
        }
      }
    }
    return [out];
  },

  sum: reduce(0, (acc, x) => acc + x),
  max: reduce(Number.NEGATIVE_INFINITY, (acc, x) => Math.max(acc, x)),
  argmax: ({ x: [x], attrs: { axis } }) => {
    const { outer, size, inner } = around(x.shape, axis);
    const out = make(x.shape.filter((_, i) => i !== axis));
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let best = 0;
        for (let j = 1; j < size; j++)
          if (x.data[(o * size + j) * inner + i]! > x.data[(o * size + best) * inner + i]!) best = j;
        out.data[o * inner + i] = best;
      }
    }
    return [out];
  },
  softmax: ({ x: [x], attrs: { axis } }) => [softmaxRows(x, axis)],

  cumsum: ({ x: [x], attrs: { axis, exclusive, reverse } }) => {
    const { outer, size, inner } = around(x.shape, axis);
    const out = make(x.shape);
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let total = 0;
        for (let step = 0; step < size; step++) {
          const at = (o * size + (reverse ? size - 1 - step : step)) * inner + i;
          out.data[at] = exclusive ? total : total + x.data[at]!;
          total += x.data[at]!;
        }
      }
    }
    return [out];
  },
  topK: ({ x: [x], attrs: { axis, k, largest } }) => {
    const { outer, size, inner } = around(x.shape, axis);
    const shape = x.shape.map((d, i) => (i === axis ? k : d));
    const [values, indices] = [make(shape), make(shape)];
    const direction = largest ? -1 : 1;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const entry = (j: number): number => x.data[(o * size + j) * inner + i]!;
        const order = Array.from({ length: size }, (_, j) => j).sort(
          (p, q) => direction * (entry(p) - entry(q)) || p - q,
        );
        for (let j = 0; j < k; j++) {
          values.data[(o * k + j) * inner + i] = entry(order[j]!);
          indices.data[(o * k + j) * inner + i] = order[j]!;
        }
      }
    }
    return [values, indices];
  },

  reshape: ({ x: [x], attrs: { shape }, size }) => [make(shape.map(size), x.data.slice())],
  transpose: ({ x: [x], attrs: { permutation } }) => {
    const strides = broadcastStrides(x.shape, x.shape).map((s, i) => (x.shape[i] === 1 ? 0 : s));
    const shape = permutation.map((p) => x.shape[p]!);
    const from = positions(
      x.shape,
      shape,
      permutation.map((p) => strides[p]!),
    );
    return [
      make(
        shape,
        mapTo(from, (p) => x.data[p]!),
      ),
    ];
  },
  expand: ({ x: [x], attrs: { shape }, size }) => {
    const target = shape.map(size);
    return [
      make(
        target,
        mapTo(positions(x.shape, target), (p) => x.data[p]!),
      ),
    ];
  },
  slice: ({ x: [x], attrs: { axis, start, end }, size }) => {
    const { outer, size: length, inner } = around(x.shape, axis);
    const [from, to] = [size(start), size(end)];
    const out = make(x.shape.map((d, i) => (i === axis ? to - from : d)));
    for (let o = 0; o < outer; o++) {
      out.data.set(x.data.subarray((o * length + from) * inner, (o * length + to) * inner), o * (to - from) * inner);
    }
    return [out];
  },
  pad: ({ x: [x], attrs: { axis, before, after }, size }) => {
    const { outer, size: length, inner } = around(x.shape, axis);
    const total = size(before) + length + size(after);
    const out = make(x.shape.map((d, i) => (i === axis ? total : d)));
    for (let o = 0; o < outer; o++) {
      out.data.set(x.data.subarray(o * length * inner, (o + 1) * length * inner), (o * total + size(before)) * inner);
    }
    return [out];
  },
  concat: ({ x, attrs: { axis } }) => {
    const first = x[0]!.shape;
    const total = x.reduce((n, t) => n + t.shape[axis]!, 0);
    const out = make(first.map((d, i) => (i === axis ? total : d)));
    let done = 0;
    for (const t of x) {
      const { outer, size, inner } = around(t.shape, axis);
      for (let o = 0; o < outer; o++)
        out.data.set(t.data.subarray(o * size * inner, (o + 1) * size * inner), (o * total + done) * inner);
      done += t.shape[axis]!;
    }
    return [out];
  },

  gather: ({ x: [x, indices], attrs: { axis } }) => {
    const { outer, size, inner } = around(x.shape, axis);
    const out = make([...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
    const n = indices.data.length;
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < n; j++) {
        const from = (o * size + checkedIndex('gather', indices.data[j]!, size)) * inner;
        out.data.set(x.data.subarray(from, from + inner), (o * n + j) * inner);
      }
    }
    return [out];
  },
  scatterRows: ({ x: [rows, indices], attrs: { size } }) => {
    const width = rows.shape.at(-1)!;
    const out = make([size, width]);
    indices.data.forEach((index, j) => {
      const at = checkedIndex('scatterRows', index, size) * width;
      for (let i = 0; i < width; i++) out.data[at + i]! += rows.data[j * width + i]!;
    });
    return [out];
  },
  gatherElements: ({ x: [x, indices], attrs: { axis } }) => {
    const out = make(indices.shape);
    const { outer, size: picks, inner } = around(indices.shape, axis);
    const size = x.shape[axis]!;
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < picks; j++) {
        for (let i = 0; i < inner; i++) {
          const at = (o * picks + j) * inner + i;
          out.data[at] = x.data[(o * size + checkedIndex('gatherElements', indices.data[at]!, size)) * inner + i]!;
        }
      }
    }
    return [out];
  },
  scatterElements: ({ x: [x, updates, indices], attrs: { axis } }) => {
    const { outer, size: picks, inner } = around(indices.shape, axis);
    const size = x.shape[axis]!;
    const out = make(x.shape, x.data.slice());
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < picks; j++) {
        for (let i = 0; i < inner; i++) {
          const at = (o * picks + j) * inner + i;
          out.data[(o * size + checkedIndex('scatterElements', indices.data[at]!, size)) * inner + i]! +=
            updates.data[at]!;
        }
      }
    }
    return [out];
  },

  layerNorm: ({ x: [x, weight, bias], attrs: { epsilon } }) => {
    const n = x.shape.at(-1)!;
    const rows = x.data.length / n;
    const y = make(x.shape);
    const mean = make([...x.shape.slice(0, -1), 1]);
    const inverse = make(mean.shape);
    for (let r = 0; r < rows; r++) {
      const row = x.data.subarray(r * n, (r + 1) * n);
      const mu = row.reduce((a, b) => a + b, 0) / n;
      const variance = row.reduce((a, b) => a + (b - mu) ** 2, 0) / n;
      mean.data[r] = mu;
      inverse.data[r] = 1 / Math.sqrt(variance + epsilon);
      for (let i = 0; i < n; i++)
        y.data[r * n + i] = (row[i]! - mu) * inverse.data[r]! * weight.data[i]! + bias.data[i]!;
    }
    return [y, mean, inverse];
  },
  lstm: ({ x: [gates, hidden, h0, c0, mask], attrs: { reverse } }) => {
    const [batch, time] = gates.shape as [number, number, number];
    const n = hidden.shape[1]!;
    const y = make([batch, time, n]);
    const [h, c] = [make(h0.shape, h0.data.slice()), make(c0.shape, c0.data.slice())];
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    for (let row = 0; row < batch; row++)
      for (let step = 0; step < time; step++) {
        const at = row * time + (reverse ? time - 1 - step : step);
        const before = h.data.slice(row * n, (row + 1) * n);
        const gate = (kind: number, i: number): number => {
          const line = kind * n + i;
          let sum = gates.data[at * 4 * n + line]!;
          for (let j = 0; j < n; j++) sum += hidden.data[line * n + j]! * before[j]!;
          return sum;
        };
        const m = mask.data[at]!;
        for (let i = 0; i < n; i++) {
          const place = row * n + i;
          const cell = sigmoid(gate(1, i)) * c.data[place]! + sigmoid(gate(0, i)) * Math.tanh(gate(2, i));
          const next = sigmoid(gate(3, i)) * Math.tanh(cell);
          y.data[at * n + i] = m * next;
          c.data[place]! += m * (cell - c.data[place]!);
          h.data[place]! += m * (next - h.data[place]!);
        }
      }
    return [y, h, c];
  },
  crossEntropy: ({ x: [logits, labels] }) => {
    const probabilities = softmaxRows(logits, 1);
    const classes = logits.shape[1]!;
    const loss = labels.data.map((label, i) => {
      if (label < 0) return 0;
      const row = logits.data.subarray(i * classes, (i + 1) * classes);
      const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      return (
        largest +
        Math.log(row.reduce((a, b) => a + Math.exp(b - largest), 0)) -
        row[checkedIndex('crossEntropy', label, classes)]!
      );
    });
    return [make(labels.shape, Float64Array.from(loss)), probabilities];
  },

  iota: ({ attrs: { start, size: length }, size }) => [
    make(
      [size(length)],
      Float64Array.from({ length: size(length) }, (_, i) => size(start) + i),
    ),
  ],
};
