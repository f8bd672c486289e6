// One function per operation: they check shapes and make nodes.

import type { Dim } from '../dimension.ts';
import { isYumoError, YumoError } from '../errors.ts';
import { type OpNode, scalar, type Tensor } from '../tensor.ts';
import type { DType } from '../value.ts';
import { type Infer, infer, resolveAxis } from './infer.ts';
import type { AttrsOf, InputsOf, OpName, ResultsOf } from './signatures.ts';

let place = '';

/** Builds with this place on record: nodes made inside carry it, and shape errors name it. Building is synchronous, so places nest. */
export function within<T>(where: string, build: () => T): T {
  const outer = place;
  place = where;
  try {
    return build();
  } finally {
    place = outer;
  }
}

/** Makes a node of any operation. @throws YumoError `SHAPE` */
export function apply<K extends OpName>(op: K, inputs: InputsOf<K, Tensor>, attrs: AttrsOf<K>): ResultsOf<K, Tensor> {
  let results: ResultsOf<K, { dtype: DType; shape: readonly Dim[] }>;
  try {
    results = (infer[op] as Infer<K>)(inputs, attrs);
  } catch (error) {
    if (place !== '' && isYumoError(error))
      throw new YumoError(error.code, `${error.message} (in ${place})`, { ...error.detail, place }, error);
    throw error;
  }
  // One object type per operation: the compiler cannot follow the generic K through the mapped union, hence the cast.
  const node = { kind: 'op', op, inputs, attrs, results, place } as unknown as OpNode;
  return (results as readonly { dtype: DType; shape: readonly Dim[] }[]).map((r, result) => ({
    ...r,
    node,
    result,
  })) as unknown as ResultsOf<K, Tensor>;
}

type UnaryName = {
  [K in OpName]: InputsOf<K, 0> extends readonly [0] ? (object extends AttrsOf<K> ? K : never) : never;
}[OpName];
type BinaryName = 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'maximum' | 'minimum' | 'equal' | 'less' | 'greater' | 'and';

const unary =
  (op: UnaryName) =>
  (x: Tensor): Tensor =>
    apply(op, [x], {})[0];
/** Numbers are allowed on either side where the other side is a float32 tensor. */
const binary =
  (op: BinaryName) =>
  (a: Tensor | number, b: Tensor | number): Tensor =>
    apply(op, [typeof a === 'number' ? scalar(a) : a, typeof b === 'number' ? scalar(b) : b], {})[0];

export const neg = unary('neg');
export const abs = unary('abs');
export const exp = unary('exp');
export const log = unary('log');
export const sqrt = unary('sqrt');
export const reciprocal = unary('reciprocal');
export const sin = unary('sin');
export const cos = unary('cos');
export const tanh = unary('tanh');
export const erf = unary('erf');
export const sigmoid = unary('sigmoid');
export const relu = unary('relu');
export const floor = unary('floor');
export const geluTanh = unary('geluTanh');
export const not = unary('not');
/** The same numbers, held constant when differentiating. */
export const detach = unary('detach');
export const cast = (x: Tensor, to: DType): Tensor => (x.dtype === to ? x : apply('cast', [x], { to })[0]);

export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const div = binary('div');
export const pow = binary('pow');
export const maximum = binary('maximum');
export const minimum = binary('minimum');
export const equal = binary('equal');
export const less = binary('less');
export const greater = binary('greater');
export const and = binary('and');

/** a where the condition holds, else b. */
export const where = (condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor =>
  apply('where', [condition, typeof a === 'number' ? scalar(a) : a, typeof b === 'number' ? scalar(b) : b], {})[0];

/** scale · A B, either side read transposed. `[…, m, k] × […, k, n]` → `[…, m, n]`. */
export const matmul = (a: Tensor, b: Tensor, { transposeA = false, transposeB = false, scale = 1 } = {}): Tensor =>
  apply('matmul', [a, b], { transposeA, transposeB, scale })[0];

const axesOf = (x: Tensor, axes: readonly number[] | undefined): number[] =>
  (axes ?? x.shape.map((_, i) => i)).map((a) => resolveAxis('reduce', a, x.shape.length)).sort((p, q) => p - q);

/** Sum over the given axes; over all by default. */
export const sum = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  axes?.length === 0 ? x : apply('sum', [x], { axes: axesOf(x, axes), keep })[0];
/** Largest entry over the given axes; over all by default. */
export const max = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  apply('max', [x], { axes: axesOf(x, axes), keep })[0];
export const argmax = (x: Tensor, axis: number): Tensor =>
  apply('argmax', [x], { axis: resolveAxis('argmax', axis, x.shape.length) })[0];
export const softmax = (x: Tensor, axis = -1): Tensor =>
  apply('softmax', [x], { axis: resolveAxis('softmax', axis, x.shape.length) })[0];

/** Running sum along one axis. */
export const cumsum = (x: Tensor, axis: number, { exclusive = false, reverse = false } = {}): Tensor =>
  apply('cumsum', [x], { axis: resolveAxis('cumsum', axis, x.shape.length), exclusive, reverse })[0];
/** The k largest (or smallest) entries along one axis, best first, and their int32 indices. */
export const topK = (x: Tensor, k: number, { axis = -1, largest = true } = {}): readonly [Tensor, Tensor] =>
  apply('topK', [x], { axis: resolveAxis('topK', axis, x.shape.length), k, largest });

export const reshape = (x: Tensor, shape: readonly Dim[]): Tensor =>
  shape.length === x.shape.length && shape.every((d, i) => d === x.shape[i]) ? x : apply('reshape', [x], { shape })[0];
export const transpose = (x: Tensor, permutation: readonly number[]): Tensor =>
  permutation.every((p, i) => p === i) ? x : apply('transpose', [x], { permutation })[0];
export const expand = (x: Tensor, shape: readonly Dim[]): Tensor =>
  shape.length === x.shape.length && shape.every((d, i) => d === x.shape[i]) ? x : apply('expand', [x], { shape })[0];

/** Entries [start, end) of one axis. */
export function slice(x: Tensor, axis: number, start: Dim, end: Dim): Tensor {
  const at = resolveAxis('slice', axis, x.shape.length);
  return start === 0 && end === x.shape[at] ? x : apply('slice', [x], { axis: at, start, end })[0];
}
/** Zeros before and after one axis. */
export const pad = (x: Tensor, axis: number, before: Dim, after: Dim): Tensor =>
  before === 0 && after === 0
    ? x
    : apply('pad', [x], { axis: resolveAxis('pad', axis, x.shape.length), before, after })[0];
export const concat = (x: readonly Tensor[], axis: number): Tensor =>
  x.length === 1
    ? x[0]!
    : apply('concat', x, { axis: x[0] ? resolveAxis('concat', axis, x[0].shape.length) : axis })[0];

/** x with `axis` replaced by the axes of the indices: an embedding look-up for axis 0. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  apply('gather', [x, indices], { axis: resolveAxis('gather', axis, x.shape.length) })[0];
export const scatterRows = (rows: Tensor, indices: Tensor, size: number): Tensor =>
  apply('scatterRows', [rows, indices], { size })[0];
export const gatherElements = (x: Tensor, indices: Tensor, axis: number): Tensor =>
  apply('gatherElements', [x, indices], { axis: resolveAxis('gatherElements', axis, x.shape.length) })[0];
/** x plus each update at its index along one axis. */
export const scatterElements = (x: Tensor, updates: Tensor, indices: Tensor, axis: number): Tensor =>
  apply('scatterElements', [x, updates, indices], { axis: resolveAxis('scatterElements', axis, x.shape.length) })[0];

/** Normalised `[…, n]`, mean `[…, 1]`, inverse standard deviation `[…, 1]`. */
export const layerNormWithStatistics = (
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  epsilon: number,
): readonly [Tensor, Tensor, Tensor] => apply('layerNorm', [x, weight, bias], { epsilon });
/** Loss of each row `[n]`, and the probabilities `[n, classes]`. */
export const crossEntropyWithProbabilities = (logits: Tensor, labels: Tensor): readonly [Tensor, Tensor] =>
  apply('crossEntropy', [logits, labels], {});

/** Outputs `[batch, time, n]`, last output and last cell `[batch, n]`; see the list of operations. */
export const lstmSequence = (
  gates: Tensor,
  hidden: Tensor,
  start: { readonly h: Tensor; readonly c: Tensor },
  mask: Tensor,
  reverse = false,
): readonly [Tensor, Tensor, Tensor] => apply('lstm', [gates, hidden, start.h, start.c, mask], { reverse });

/** start, start+1, … start+size−1 as int32. */
export const iota = (size: Dim, start: Dim = 0): Tensor => apply('iota', [], { start, size })[0];
