// The list of operations: number of inputs, attributes, number of results. A new line here makes the compiler ask for a row in every table.

import type { Dim } from '../dimension.ts';
import type { DType } from '../value.ts';

type Arity = 0 | 1 | 2 | 3 | 5 | 'many';
// biome-ignore lint/complexity/noBannedTypes: `{}` is the type of "no attributes"; Record<string, never> would forbid adding any.
interface Op<I extends Arity, A = {}, R extends 1 | 2 | 3 = 1> {
  inputs: I;
  attrs: A;
  results: R;
}

/**
 * What graphs are made of. An operation earns its line when it cannot be composed from others, or when a runtime has a kernel for it
 * that measured faster; the composed form then stays in `compose.ts` as definition and fall-back.
 */
export interface Ops {
  // Elementwise, one input.
  neg: Op<1>;
  abs: Op<1>;
  exp: Op<1>;
  log: Op<1>;
  sqrt: Op<1>;
  reciprocal: Op<1>;
  sin: Op<1>;
  cos: Op<1>;
  tanh: Op<1>;
  erf: Op<1>;
  sigmoid: Op<1>;
  relu: Op<1>;
  floor: Op<1>;
  /** tanh-approximated GELU: one pass in onnxruntime, six when composed (0.9 % of a training step). */
  geluTanh: Op<1>;
  /** Also from and to int32 and bool; float → int32 truncates. */
  cast: Op<1, { to: DType }>;
  not: Op<1>;
  /** The same numbers; no gradient passes. */
  detach: Op<1>;

  // Elementwise, two inputs, broadcast by NumPy's rules.
  add: Op<2>;
  sub: Op<2>;
  mul: Op<2>;
  div: Op<2>;
  pow: Op<2>;
  maximum: Op<2>;
  minimum: Op<2>;
  equal: Op<2>;
  less: Op<2>;
  greater: Op<2>;
  and: Op<2>;

  /** (condition, a, b) → a where true, b elsewhere; all broadcast. */
  where: Op<3>;

  /** scale · A B over the last two axes, leading axes broadcast; each side may be read transposed (last two axes). */
  matmul: Op<2, { transposeA: boolean; transposeB: boolean; scale: number }>;

  sum: Op<1, { axes: readonly number[]; keep: boolean }>;
  max: Op<1, { axes: readonly number[]; keep: boolean }>;
  /** Index of the first largest entry, int32; the axis disappears. */
  argmax: Op<1, { axis: number }>;
  softmax: Op<1, { axis: number }>;
  /** Running sum along one axis: entry i holds the sum up to i, without i itself when exclusive; from the end when reverse. Also int32. */
  cumsum: Op<1, { axis: number; exclusive: boolean; reverse: boolean }>;
  /** The k largest (or smallest) entries along one axis, best first, and their indices, int32; of equals the first comes first. */
  topK: Op<1, { axis: number; k: number; largest: boolean }, 2>;

  reshape: Op<1, { shape: readonly Dim[] }>;
  transpose: Op<1, { permutation: readonly number[] }>;
  expand: Op<1, { shape: readonly Dim[] }>;
  /** Entries start, start+1, … end−1 of one axis. */
  slice: Op<1, { axis: number; start: Dim; end: Dim }>;
  /** Zeros before and after one axis. */
  pad: Op<1, { axis: number; before: Dim; after: Dim }>;
  concat: Op<'many', { axis: number }>;

  /** (x, indices) → x with `axis` replaced by the axes of the indices. */
  gather: Op<2, { axis: number }>;
  /** (rows `[…, n]`, indices `[…]`) → `[size, n]`: the sum of the rows that share an index. The gradient of an embedding. */
  scatterRows: Op<2, { size: number }>;
  /** (x, indices): x[…, indices[…, j], …] along `axis`; indices have x's rank. */
  gatherElements: Op<2, { axis: number }>;
  /** (x, updates, indices) → x plus each update at its index along `axis`; updates that meet are summed. The gradient of gatherElements. */
  scatterElements: Op<3, { axis: number }>;

  /** (x, weight, bias) → normalised over the last axis; its mean and inverse standard deviation, kept for the gradient. */
  layerNorm: Op<3, { epsilon: number }, 3>;
  /**
   * (logits `[n, classes]`, labels int32 `[n]`) → −log softmax at the label, `[n]`; and the probabilities, kept for the gradient.
   * A row whose label is negative costs 0 and has no gradient.
   */
  crossEntropy: Op<2, object, 2>;

  /**
   * One direction of an LSTM over a whole sequence, whose length may have a name:
   * (gates x Wᵀ + biases `[batch, time, 4n]`, in the order input, forget, cell, output; hidden weights `[4n, n]`; first output and cell
   * `[batch, n]`; mask `[batch, time]`) → outputs `[batch, time, n]`, last output and cell `[batch, n]`.
   * Where the mask is 0 the state stays as it is and the output is 0. Read from the end when reverse.
   */
  lstm: Op<5, { reverse: boolean }, 3>;

  /** start, start+1, … as int32 `[size]`. */
  iota: Op<0, { start: Dim; size: Dim }>;
}

export type OpName = keyof Ops;
export type AttrsOf<K extends OpName> = Ops[K]['attrs'];

interface Inputs<T> {
  0: readonly [];
  1: readonly [T];
  2: readonly [T, T];
  3: readonly [T, T, T];
  5: readonly [T, T, T, T, T];
  many: readonly T[];
}
/** A tuple with one entry per input of the operation. */
export type InputsOf<K extends OpName, T> = Inputs<T>[Ops[K]['inputs']];
/** A tuple with one entry per result of the operation. */
export type ResultsOf<K extends OpName, T> = {
  1: readonly [T];
  2: readonly [T, T];
  3: readonly [T, T, T];
}[Ops[K]['results']];
