// The TensorFlow.js calls of each operation: one row an operation. https://js.tensorflow.org/api/4.22.0/

import type { Dim } from '../../dimension.ts';
import { YumoError } from '../../errors.ts';
import type { AttrsOf, InputsOf, OpName, ResultsOf } from '../../ops/signatures.ts';
import type { DType } from '../../value.ts';
import { turn } from '../turn.ts';
import { isShader } from './backends.ts';
import { asFloats, divide, flatPositions, magnitude, multiply, negate, positions, toFloat } from './integers.ts';
import type { Device, TensorFlow, TfTensor } from './tensor-flow.ts';

/** What a row may ask about the node it computes. */
export interface At<K extends OpName> extends Device {
  readonly x: InputsOf<K, TfTensor>;
  readonly attrs: AttrsOf<K>;
  /** The number a size stands for in this run. */
  readonly size: (d: Dim) => number;
}
/** Computes now. Intermediates are freed by the caller, who runs every row inside `tf.tidy`. */
export type Call<K extends OpName> = (at: At<K>) => ResultsOf<K, TfTensor>;

type UnaryName = {
  [N in keyof TensorFlow]: TensorFlow[N] extends (x: TfTensor) => TfTensor ? N : never;
}[keyof TensorFlow];
type BinaryName = {
  [N in keyof TensorFlow]: TensorFlow[N] extends (a: TfTensor, b: TfTensor) => TfTensor ? N : never;
}[keyof TensorFlow];

interface One extends Device {
  readonly x: readonly [TfTensor];
}
interface Two extends Device {
  readonly x: readonly [TfTensor, TfTensor];
}

/** One function of one tensor; `integers` where that function loses digits of an int32. */
const one =
  (name: UnaryName, integers?: (device: Device, x: TfTensor) => TfTensor) =>
  (at: One): readonly [TfTensor] => [
    integers && at.x[0].dtype === 'int32' ? integers(at, at.x[0]) : (at.tf[name] as (x: TfTensor) => TfTensor)(at.x[0]),
  ];
const two =
  (name: BinaryName, integers?: (device: Device, a: TfTensor, b: TfTensor) => TfTensor) =>
  (at: Two): readonly [TfTensor] => [
    integers && at.x[0].dtype === 'int32'
      ? integers(at, ...at.x)
      : (at.tf[name] as (a: TfTensor, b: TfTensor) => TfTensor)(...at.x),
  ];

const reduction =
  (name: 'sum' | 'max') =>
  (at: One & { attrs: { axes: readonly number[]; keep: boolean } }): readonly [TfTensor] => {
    const [x] = at.x;
    const { axes, keep } = at.attrs;
    return [axes.length === 0 ? at.tf.clone(x) : asFloats(at, x, (t) => at.tf[name](t, [...axes], keep))];
  };

/** The axes in the given order. */
const permuted = (device: Device, x: TfTensor, order: readonly number[]): TfTensor =>
  asFloats(device, x, (t) => device.tf.transpose(t, [...order]));

/** x with the axes in another order and back, around a function of the last axis. */
function alongLast(tf: TensorFlow, x: TfTensor, axis: number, f: (x: TfTensor) => TfTensor): TfTensor {
  if (axis === x.rank - 1) return f(x);
  const swapped = [...x.shape.keys()].with(axis, x.rank - 1).with(x.rank - 1, axis);
  return tf.transpose(f(tf.transpose(x, swapped)), swapped);
}

/** An angle minus its nearest whole number of turns, where a shader computes sin and cos. */
function withinPi({ tf, backend }: Device, angle: TfTensor): TfTensor {
  if (!isShader(backend)) return angle;
  const whole = tf.floor(tf.add(tf.mul(angle, 1 / (2 * Math.PI)), 0.5));
  return turn.reduce((x, part) => tf.sub(x, tf.mul(whole, part)), angle);
}

const numberOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** The types that TensorFlow.js has. */
export type TfDType = 'float32' | 'int32' | 'bool';
/** @throws YumoError `RUNTIME` for a type that TensorFlow.js lacks. */
export function tfType(dtype: DType, what: string): TfDType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new YumoError(
    'RUNTIME',
    `tfjs: ${what} is ${dtype}; TensorFlow.js computes in float32, int32 and bool: cast it, or use --device cpu`,
    { dtype },
  );
}

export const calls: { readonly [K in OpName]: Call<K> } = {
  neg: one('neg', negate),
  abs: one('abs', magnitude),
  exp: one('exp'),
  log: one('log'),
  sqrt: one('sqrt'),
  reciprocal: one('reciprocal'),
  sin: (at) => [at.tf.sin(withinPi(at, at.x[0]))],
  cos: (at) => [at.tf.cos(withinPi(at, at.x[0]))],
  tanh: one('tanh'),
  erf: one('erf'),
  sigmoid: one('sigmoid'),
  relu: one('relu'),
  floor: one('floor'),
  // As the interpreter: x · sigmoid(2u), u = √(2/π) (x + 0.044715 x³).
  geluTanh: ({ tf, x: [x] }) => {
    const slope = tf.add(tf.mul(tf.square(x), 0.044715), 1);
    return [tf.mul(x, tf.sigmoid(tf.mul(tf.mul(x, slope), 2 * Math.sqrt(2 / Math.PI))))];
  },
  // On WebAssembly a cast to bool keeps the lowest byte of the number.
  cast: (at) => {
    const { tf } = at;
    const [x] = at.x;
    const to = tfType(at.attrs.to, 'the target of a cast');
    if (to === 'float32') return [toFloat(at, x)];
    return [to === 'bool' && x.dtype !== 'bool' ? tf.notEqual(x, tf.scalar(0, x.dtype as 'int32')) : tf.cast(x, to)];
  },
  not: one('logicalNot'),
  detach: ({ tf, x: [x] }) => [tf.clone(x)],

  add: two('add'),
  sub: two('sub'),
  mul: two('mul', multiply),
  div: two('div', divide),
  pow: two('pow'),
  maximum: two('maximum'),
  minimum: two('minimum'),
  equal: two('equal'),
  less: two('less'),
  greater: two('greater'),
  and: two('logicalAnd'),
  where: ({ tf, x: [condition, a, b] }) => [tf.where(condition, a, b)],

  matmul: ({ tf, x: [a, b], attrs: { transposeA, transposeB, scale } }) => {
    const scaled = (y: TfTensor): TfTensor => (scale === 1 ? y : tf.mul(y, scale));
    const batchA = a.shape.slice(0, -2);
    const batchB = b.shape.slice(0, -2);
    // All rows of a batch against one matrix: a single product.
    if (b.rank === 2 && a.rank > 2 && !transposeA) {
      const flat = tf.reshape(a, [numberOf(a.shape.slice(0, -1)), a.shape.at(-1)!]);
      const y = tf.matMul(flat, b, false, transposeB);
      return [tf.reshape(scaled(y), [...a.shape.slice(0, -1), y.shape[1]!])];
    }
    // Kernels pair the matrices of both sides by counting, so the batch axes must be equal, or one side a single matrix.
    const paired = batchA.join() === batchB.join() || numberOf(batchA) === 1 || numberOf(batchB) === 1;
    if (paired) return [scaled(tf.matMul(a, b, transposeA, transposeB))];
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
    const spread = (t: TfTensor): TfTensor => tf.broadcastTo(t, [...batch, ...t.shape.slice(-2)]);
    return [scaled(tf.matMul(spread(a), spread(b), transposeA, transposeB))];
  },

  sum: reduction('sum'),
  max: reduction('max'),
  // On WebGPU the only axis stays, with size 1.
  argmax: (at) => {
    const [x] = at.x;
    const { axis } = at.attrs;
    return [
      at.tf.reshape(
        asFloats(at, x, (t) => at.tf.argMax(t, axis)),
        x.shape.toSpliced(axis, 1),
      ),
    ];
  },
  softmax: ({ tf, x: [x], attrs: { axis } }) => [alongLast(tf, x, axis, (t) => tf.softmax(t))],

  cumsum: (at) => {
    const { axis, exclusive, reverse } = at.attrs;
    return [asFloats(at, at.x[0], (t) => at.tf.cumsum(t, axis, exclusive, reverse))];
  },
  // The kernel takes the largest along the last axis; of equals the first comes first there too.
  topK: (at) => {
    const { tf } = at;
    const [x] = at.x;
    const { axis, k, largest } = at.attrs;
    const swapped = [...x.shape.keys()].with(axis, x.rank - 1).with(x.rank - 1, axis);
    const turned = (t: TfTensor): TfTensor => (axis === x.rank - 1 ? t : permuted(at, t, swapped));
    const { values, indices } = tf.topk(largest ? turned(x) : tf.neg(turned(x)), k);
    return [turned(largest ? values : tf.neg(values)), turned(indices)];
  },

  reshape: ({ tf, x: [x], attrs: { shape }, size }) => [tf.reshape(x, shape.map(size))],
  transpose: (at) => [permuted(at, at.x[0], at.attrs.permutation)],
  expand: ({ tf, x: [x], attrs: { shape }, size }) => [tf.broadcastTo(x, shape.map(size))],
  slice: ({ tf, x: [x], attrs: { axis, start, end }, size }) => {
    const begin = x.shape.map(() => 0).with(axis, size(start));
    return [tf.slice(x, begin, x.shape.with(axis, size(end) - size(start)))];
  },
  pad: ({ tf, x: [x], attrs: { axis, before, after }, size }) => [
    tf.pad(
      x,
      x.shape.map((_, i): [number, number] => (i === axis ? [size(before), size(after)] : [0, 0])),
    ),
  ],
  concat: ({ tf, x, attrs: { axis } }) => [tf.concat([...x], axis)],

  gather: (at) => {
    const [x, indices] = at.x;
    const { axis } = at.attrs;
    return [at.tf.gather(x, positions(at, 'gather', indices, x.shape[axis]!), axis)];
  },
  scatterRows: (at) => {
    const [rows, indices] = at.x;
    const { size } = at.attrs;
    const count = numberOf(indices.shape);
    const at2 = at.tf.reshape(positions(at, 'scatterRows', indices, size), [count, 1]);
    const width = rows.shape.at(-1)!;
    return [at.tf.scatterND(at2, at.tf.reshape(rows, [count, width]), [size, width])];
  },
  gatherElements: (at) => {
    const [x, indices] = at.x;
    const from = flatPositions(at, 'gatherElements', indices, x.shape, at.attrs.axis);
    const picked = at.tf.gather(at.tf.reshape(x, [x.size]), at.tf.reshape(from, [indices.size]));
    return [at.tf.reshape(picked, indices.shape)];
  },
  scatterElements: (at) => {
    const [x, updates, indices] = at.x;
    const to = flatPositions(at, 'scatterElements', indices, x.shape, at.attrs.axis);
    const added = at.tf.scatterND(at.tf.reshape(to, [indices.size, 1]), at.tf.reshape(updates, [updates.size]), [
      x.size,
    ]);
    return [at.tf.add(x, at.tf.reshape(added, x.shape))];
  },

  layerNorm: ({ tf, x: [x, weight, bias], attrs: { epsilon } }) => {
    const mean = tf.mean(x, -1, true);
    const centred = tf.sub(x, mean);
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    return [tf.add(tf.mul(tf.mul(centred, inverse), weight), bias), mean, inverse];
  },
  lstm: ({ tf, x: [gates, hidden, h0, c0, mask], attrs: { reverse } }) => {
    const [batch, time] = gates.shape as [number, number, number];
    const n = hidden.shape[1]!;
    let [h, c] = [tf.clone(h0), tf.clone(c0)];
    const outputs: TfTensor[] = [];
    for (let step = 0; step < time; step++) {
      const at = reverse ? time - 1 - step : step;
      const own = tf.reshape(tf.slice(gates, [0, at, 0], [batch, 1, 4 * n]), [batch, 4 * n]);
      const all = tf.add(own, tf.matMul(h, hidden, false, true));
      const gate = (kind: number): TfTensor => tf.slice(all, [0, kind * n], [batch, n]);
      const fresh = tf.mul(tf.sigmoid(gate(0)), tf.tanh(gate(2)));
      const cell = tf.add(tf.mul(tf.sigmoid(gate(1)), c), fresh);
      const next = tf.mul(tf.sigmoid(gate(3)), tf.tanh(cell));
      const m = tf.slice(mask, [0, at], [batch, 1]);
      outputs[at] = tf.mul(next, m);
      h = tf.add(h, tf.mul(m, tf.sub(next, h)));
      c = tf.add(c, tf.mul(m, tf.sub(cell, c)));
    }
    return [time === 0 ? tf.zeros([batch, 0, n]) : tf.stack(outputs, 1), h, c];
  },
  crossEntropy: (at) => {
    const { tf } = at;
    const [logits, labels] = at.x;
    const [rows, classes] = logits.shape as [number, number];
    const p = tf.softmax(logits);
    const zero = tf.scalar(0, 'int32');
    const chosen = tf.gather(
      tf.reshape(logits, [rows * classes]),
      tf.reshape(flatPositions(at, 'crossEntropy', tf.reshape(tf.maximum(labels, zero), [rows, 1]), logits.shape, 1), [
        rows,
      ]),
    );
    // log Σ exp z = max z − log max p: max p ≥ 1/classes never underflows, and no further pass of exp is needed.
    const logSum = tf.sub(tf.max(logits, 1), tf.log(tf.max(p, 1)));
    return [tf.where(tf.less(labels, zero), tf.scalar(0), tf.sub(logSum, chosen)), p];
  },

  iota: ({ tf, attrs: { start, size: length }, size }) => [
    tf.range(size(start), size(start) + size(length), 1, 'int32'),
  ],
};
