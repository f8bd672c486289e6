// The ONNX nodes of each operation: one row an operation. https://onnx.ai/onnx/operators/ (opset 21); com.microsoft: onnxruntime's ContribOperators.md.

import type { AttrsOf, InputsOf, OpName, ResultsOf } from '../../ops/signatures.ts';
import type { Tensor } from '../../tensor.ts';
import { turn } from '../turn.ts';
import { Emitter, isStatic } from './emitter.ts';
import { onnxType } from './proto.ts';

export interface At<K extends OpName> {
  /** The symbolic inputs, for their shapes and types. */
  readonly x: InputsOf<K, Tensor>;
  /** Their names in the file. */
  readonly names: InputsOf<K, string>;
  readonly y: ResultsOf<K, Tensor>;
  readonly attrs: AttrsOf<K>;
}
/** Emits nodes; returns the names of the results. */
export type Lower<K extends OpName> = (e: Emitter, at: At<K>) => readonly string[];

/** Same operator, no attributes. */
const plain =
  (op: string) =>
  (e: Emitter, { names }: { names: readonly string[] }): readonly string[] => [e.node(op, names)];

const reduction =
  (op: string) =>
  (
    e: Emitter,
    {
      names: [x],
      attrs: { axes, keep },
    }: { names: readonly [string]; attrs: { axes: readonly number[]; keep: boolean } },
  ): readonly string[] => [e.node(op, [x, e.int64s(axes)], { keepdims: keep ? 1 : 0 })];

/** Whether a sum is over everything but the last axis. */
export const isSumOfRows = (x: Tensor, { axes, keep }: AttrsOf<'sum'>): boolean =>
  x.shape.length >= 2 &&
  !keep &&
  axes.length === x.shape.length - 1 &&
  !axes.includes(x.shape.length - 1) &&
  x.dtype === 'float32';

/** Σ x² in one pass. */
export const lowerSumOfSquares = (e: Emitter, x: string, attrs: AttrsOf<'sum'>): readonly string[] =>
  reduction('ReduceSumSquare')(e, { names: [x], attrs });

/** ScatterElements and ScatterND want int64 indices on WebGPU; the cast must come last, since nothing else computes on int64 there. */
const indices64 = (e: Emitter, name: string, t: Tensor): string =>
  t.dtype === 'int64' ? name : e.node('Cast', [name], { to: onnxType('int64') });

/** From so many rows of the result on they are added where they belong; to fewer, by a 0/1 matrix and a product. */
export const mostHotRows = 512;

/** Adds rows to those of a matrix. ScatterND with reduction="add" races on the CPU when indices repeat; ScatterElements is serial and right. */
export function lowerScatterOnto(e: Emitter, onto: string, ids: string, flatRows: string): string {
  const column = e.node('Reshape', [ids, e.int64s([-1, 1])]);
  const spread = e.node('Expand', [column, e.node('Shape', [flatRows])]);
  return e.node('ScatterElements', [onto, spread, flatRows], { axis: 0, reduction: 'add' });
}

const reduced = new WeakMap<Emitter, Map<string, string>>();

/** An angle minus its nearest whole number of turns; emitted once for sin and cos of the same angle. */
function withinPi(e: Emitter, angle: string): string {
  const mine = reduced.get(e) ?? new Map<string, string>();
  reduced.set(e, mine);
  const known = mine.get(angle);
  if (known) return known;
  const turns = e.node('Mul', [angle, e.float(1 / (2 * Math.PI))]);
  const whole = e.node('Floor', [e.node('Add', [turns, e.float(0.5)])]);
  const rest = turn.reduce((x, part) => e.node('Sub', [x, e.node('Mul', [whole, e.float(part)])]), angle);
  mine.set(angle, rest);
  return rest;
}

export const lowerings: { readonly [K in OpName]: Lower<K> } = {
  neg: plain('Neg'),
  abs: plain('Abs'),
  exp: plain('Exp'),
  log: plain('Log'),
  sqrt: plain('Sqrt'),
  reciprocal: plain('Reciprocal'),
  sin: (e, { names: [x] }) => [e.node('Sin', [e.target.webgpu ? withinPi(e, x) : x])],
  cos: (e, { names: [x] }) => [e.node('Cos', [e.target.webgpu ? withinPi(e, x) : x])],
  tanh: plain('Tanh'),
  erf: plain('Erf'),
  sigmoid: plain('Sigmoid'),
  relu: plain('Relu'),
  floor: plain('Floor'),
  geluTanh: (e, { names: [x] }) => [
    e.target.contrib ? e.node('FastGelu', [x], {}, 'com.microsoft') : e.node('Gelu', [x], { approximate: 'tanh' }),
  ],
  cast: (e, { names: [x], attrs: { to } }) => [e.node('Cast', [x], { to: onnxType(to) })],
  not: plain('Not'),
  detach: plain('Identity'),

  add: plain('Add'),
  sub: plain('Sub'),
  mul: plain('Mul'),
  div: plain('Div'),
  pow: plain('Pow'),
  maximum: plain('Max'),
  minimum: plain('Min'),
  equal: plain('Equal'),
  less: plain('Less'),
  greater: plain('Greater'),
  and: plain('And'),
  where: plain('Where'),

  matmul: (e, { x: [a, b], names: [an, bn], attrs: { transposeA, transposeB, scale } }) => {
    if (a.shape.length === 2 && b.shape.length === 2) {
      return [e.node('Gemm', [an, bn], { transA: +transposeA, transB: +transposeB, alpha: { float: scale } })];
    }
    if (!transposeA && !transposeB && scale === 1) return [e.node('MatMul', [an, bn])];
    if (e.target.contrib && !e.target.webgpu) {
      return [
        e.node(
          'FusedMatMul',
          [an, bn],
          { transA: +transposeA, transB: +transposeB, alpha: { float: scale } },
          'com.microsoft',
        ),
      ];
    }
    const swapped = (t: Tensor, name: string): string => {
      const n = t.shape.length;
      return e.node('Transpose', [name], { perm: [...Array(n - 2).keys(), n - 1, n - 2] });
    };
    const product = e.node('MatMul', [transposeA ? swapped(a, an) : an, transposeB ? swapped(b, bn) : bn]);
    return [scale === 1 ? product : e.node('Mul', [product, e.float(scale)])];
  },

  sum: (e, at) => {
    const {
      x: [x],
      names: [name],
      attrs: { axes, keep },
    } = at;
    // Σ over all rows as a product with a row of ones: a third of the time of ReduceSum over leading axes on the CPU.
    const { shape } = x;
    const rank = shape.length;
    if (isSumOfRows(x, { axes, keep }) && isStatic(shape) && !e.target.webgpu) {
      const width = shape.at(-1)!;
      const rows = shape.reduce((n, d) => n * d, 1) / width;
      const flat = rank === 2 ? name : e.node('Reshape', [name, e.int64s([rows, width])]);
      const ones = e.constant(
        { dtype: 'float32', shape: [1, rows], data: new Float32Array(rows).fill(1) },
        `ones_${rows}`,
      );
      return [e.node('Reshape', [e.node('Gemm', [ones, flat]), e.int64s([width])])];
    }
    return reduction('ReduceSum')(e, at);
  },
  max: reduction('ReduceMax'),
  argmax: (e, { names: [x], attrs: { axis } }) => [
    e.node('Cast', [e.node('ArgMax', [x], { axis, keepdims: 0 })], { to: onnxType('int32') }),
  ],
  softmax: (e, { names: [x], attrs: { axis } }) => [e.node('Softmax', [x], { axis })],

  cumsum: (e, { names: [x], attrs: { axis, exclusive, reverse } }) => [
    e.node('CumSum', [x, e.int64(axis)], { exclusive: +exclusive, reverse: +reverse }),
  ],
  topK: (e, { names: [x], attrs: { axis, k, largest } }) => {
    const [values, indices] = e.nodeWithOutputs('TopK', [x, e.int64s([k])], 2, { axis, largest: +largest, sorted: 1 });
    return [values!, e.node('Cast', [indices!], { to: onnxType('int32') })];
  },

  reshape: (e, { x: [x], names: [name], attrs: { shape } }) => {
    // 0 copies the size of the input's axis, one −1 is worked out; only other named sizes need Shape nodes.
    const pattern = shape.map((d, i) => (typeof d === 'number' ? d : d === x.shape[i] ? 0 : -1));
    const known = pattern.filter((d) => d === -1).length <= 1;
    return [e.node('Reshape', [name, known ? e.int64s(pattern) : e.sizes(shape)])];
  },
  transpose: (e, { names: [x], attrs: { permutation } }) => [e.node('Transpose', [x], { perm: permutation })],
  expand: (e, { names: [x], attrs: { shape } }) => [e.node('Expand', [x, e.sizes(shape)])],
  slice: (e, { names: [x], attrs: { axis, start, end } }) => [
    e.node('Slice', [x, e.size(start), e.size(end), e.int64s([axis])]),
  ],
  pad: (e, { x: [x], names: [name], attrs: { axis, before, after } }) => {
    const zeros = x.shape.map(() => 0);
    const pads = e.sizes([
      ...zeros.with(axis, 0).map((z, i) => (i === axis ? before : z)),
      ...zeros.map((z, i) => (i === axis ? after : z)),
    ]);
    return [e.node('Pad', [name, pads])];
  },
  concat: (e, { names, attrs: { axis } }) => [e.node('Concat', names, { axis })],

  gather: (e, { names: [x, indices], attrs: { axis } }) => [e.node('Gather', [x, indices], { axis })],
  scatterRows: (e, { x: [rows, ids], names: [rn, idn], attrs: { size } }) => {
    const width = rows.shape.at(-1)!;
    const flatRows = e.node('Reshape', [rn, e.sizes([-1, width])]);
    if (e.target.webgpu) {
      const zeros = e.node('Expand', [e.float(0), e.sizes([size, width])]);
      return [
        e.node('ScatterND', [zeros, indices64(e, e.node('Reshape', [idn, e.int64s([-1, 1])]), ids), flatRows], {
          reduction: 'add',
        }),
      ];
    }
    // Few rows: a 0/1 matrix and a product, below 1 ms where the serial scatter takes 20 (65 characters).
    if (size <= mostHotRows) {
      const column = e.node('Reshape', [indices64(e, idn, ids), e.int64s([-1])]);
      const hot = e.node(
        'OneHot',
        [column, e.int64s([size]), e.constant({ dtype: 'float32', shape: [2], data: Float32Array.of(0, 1) })],
        { axis: -1 },
      );
      return [e.node('Gemm', [hot, flatRows], { transA: 1 })];
    }
    const zeros = e.node('Expand', [e.float(0), e.sizes([size, width])]);
    return [lowerScatterOnto(e, zeros, idn, flatRows)];
  },
  gatherElements: (e, { names: [x, indices], attrs: { axis } }) => [e.node('GatherElements', [x, indices], { axis })],
  scatterElements: (e, { x: [, , ids], names: [x, updates, indices], attrs: { axis } }) => [
    e.node('ScatterElements', [x, e.target.webgpu ? indices64(e, indices, ids) : indices, updates], {
      axis,
      reduction: 'add',
    }),
  ],

  // Three outputs, read or not: with one, onnxruntime joins it and the sum before it into SkipLayerNormalization, whose kernel takes three times as
  // long as both (docs/log.md).
  layerNorm: (e, { names, attrs: { epsilon } }) =>
    e.nodeWithOutputs('LayerNormalization', names, 3, { axis: -1, epsilon: { float: epsilon } }),
  // Scan and not LSTM: LSTM knows padding at the end only, and would multiply by the weights of the input once more.
  lstm: (e, { names: [gates, hidden, h0, c0, mask], attrs: { reverse } }) => {
    const steps = e.node('Unsqueeze', [mask, e.int64s([2])]);
    const body = new Emitter(e.target, () => 0, e);
    const [h, c, own, m] = ['h', 'c', 'gates', 'mask'].map((name) => e.fresh(`scan/${name}`)) as [
      string,
      string,
      string,
      string,
    ]; // four names
    const all = body.node('Add', [own, body.node('Gemm', [h, hidden], { transB: 1 })]);
    const [input, forget, cell, output] = body.nodeWithOutputs('Split', [all], 4, { axis: 1, num_outputs: 4 }) as [
      string,
      string,
      string,
      string,
    ]; // four outputs
    const times = (a: string, b: string): string => body.node('Mul', [a, b]);
    const apply = (op: string, x: string): string => body.node(op, [x]);
    const nextC = body.node('Add', [
      times(apply('Sigmoid', forget), c),
      times(apply('Sigmoid', input), apply('Tanh', cell)),
    ]);
    const nextH = times(apply('Sigmoid', output), apply('Tanh', nextC));
    const held = (next: string, before: string): string =>
      body.node('Add', [before, times(m, body.node('Sub', [next, before]))]);
    // Sizes are left open: the outer graph knows them under names of its own.
    const form = (name: string) => ({ name, dtype: 'float32' as const, shape: ['', ''] });
    const graph = {
      nodes: body.nodes,
      inputs: [h, c, own, m].map(form),
      outputs: [held(nextH, h), held(nextC, c), times(nextH, m)].map(form),
      initializers: new Map(),
    };
    const [lastH, lastC, outputs] = e.nodeWithOutputs('Scan', [h0, c0, gates, steps], 3, {
      body: { graph },
      num_scan_inputs: 2,
      scan_input_axes: [1, 1],
      scan_output_axes: [1],
      scan_input_directions: [+reverse, +reverse],
      scan_output_directions: [+reverse],
    }) as [string, string, string]; // three outputs
    return [outputs, lastH, lastC];
  },
  // log Σ exp z = max z − log max p: max p ≥ 1/classes never underflows, and no further pass of exp is needed.
  crossEntropy: (e, { names: [z, labels] }) => {
    const p = e.node('Softmax', [z], { axis: 1 });
    const axis = e.int64s([1]);
    const logSum = e.node('Sub', [
      e.node('ReduceMax', [z, axis], { keepdims: 0 }),
      e.node('Log', [e.node('ReduceMax', [p, axis], { keepdims: 0 })]),
    ]);
    const zero = e.zero('int32');
    const ignored = e.node('Less', [labels, zero]);
    const safe = e.node('Reshape', [e.node('Where', [ignored, zero, labels]), e.int64s([-1, 1])]);
    const chosen = e.node('Reshape', [e.node('GatherElements', [z, safe], { axis: 1 }), e.int64s([-1])]);
    return [e.node('Where', [ignored, e.float(0), e.node('Sub', [logSum, chosen])]), p];
  },

  iota: (e, { attrs: { start, size } }) => {
    if (typeof start === 'number' && typeof size === 'number') {
      return [
        e.constant(
          { dtype: 'int32', shape: [size], data: Int32Array.from({ length: size }, (_, i) => start + i) },
          'iota',
        ),
      ];
    }
    const from = e.size(start);
    if (size === 1) return [e.node('Cast', [from], { to: onnxType('int32') })];
    const scalar = (name: string): string => e.node('Reshape', [name, e.int64s([])]);
    const range = e.node('Range', [
      scalar(from),
      scalar(start === 0 ? e.size(size) : e.node('Add', [from, e.size(size)])),
      e.int64(1),
    ]);
    return [e.node('Cast', [range], { to: onnxType('int32') })];
  },
};
