// The gradient of each operation: given dL/dy, the graph of dL/dx.

import { addDims, multiplyDims, productOfDims } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { integer, scalar, show, type Tensor } from '../tensor.ts';
import {
  add,
  cast,
  concat,
  cos,
  cumsum,
  div,
  equal,
  exp,
  expand,
  gather,
  gatherElements,
  greater,
  less,
  log,
  matmul,
  mul,
  neg,
  pad,
  pow,
  reciprocal,
  reshape,
  scatterElements,
  scatterRows,
  sigmoid,
  sin,
  slice,
  sub,
  sum,
  tanh,
  transpose,
  where,
} from './build.ts';
import { dim, flattenRows, sign, split, square, squeeze, stack, unbroadcast } from './compose.ts';
import type { AttrsOf, InputsOf, OpName, ResultsOf } from './signatures.ts';

export interface At<K extends OpName> {
  readonly x: InputsOf<K, Tensor>;
  /** The results; `dy` has null where no loss depends on one. */
  readonly y: ResultsOf<K, Tensor>;
  readonly dy: ResultsOf<K, Tensor | null>;
  readonly attrs: AttrsOf<K>;
}

/** One gradient per input; null where the input is not differentiable (indices, conditions) or the operation is flat. */
export type Gradient<K extends OpName> = (at: At<K>) => InputsOf<K, Tensor | null>;

/** An elementwise f: dx = dy · f′. */
const unary =
  (derivative: (x: Tensor, y: Tensor) => Tensor) =>
  ({
    x: [x],
    y: [y],
    dy: [dy],
  }: {
    x: readonly [Tensor];
    y: readonly [Tensor];
    dy: readonly [Tensor | null];
  }): readonly [Tensor] => [mul(dy!, derivative(x, y))];

/** An elementwise f(a, b) that broadcasts: da = Σ dy · ∂f/∂a. */
const binary =
  (
    da: (a: Tensor, b: Tensor, dy: Tensor, y: Tensor) => Tensor,
    db: (a: Tensor, b: Tensor, dy: Tensor, y: Tensor) => Tensor,
  ) =>
  ({
    x: [a, b],
    y: [y],
    dy: [dy],
  }: {
    x: readonly [Tensor, Tensor];
    y: readonly [Tensor];
    dy: readonly [Tensor | null];
  }): readonly [Tensor, Tensor] => [unbroadcast(da(a, b, dy!, y), a.shape), unbroadcast(db(a, b, dy!, y), b.shape)];

const flat1 = (): readonly [null] => [null];
const flat2 = (): readonly [null, null] => [null, null];

/** Puts back the axes that a reduction removed. */
const restore = (reduced: Tensor, x: Tensor, axes: readonly number[]): Tensor =>
  reshape(
    reduced,
    x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
  );

/** For max and min of two: the larger takes all; a tie is halved. */
const share = (chosen: (a: Tensor, b: Tensor) => Tensor) => (a: Tensor, b: Tensor, dy: Tensor) =>
  mul(dy, add(cast(chosen(a, b), dy.dtype), mul(cast(equal(a, b), dy.dtype), 0.5)));

/**
 * Σ dy·y of probabilities that weigh values, z = y·v: it is Σ dz·z, over the size of a value, where that is less than the number of
 * values (Dao et al. 2022, arXiv:2205.14135, appendix B.2). Undefined where dy does not come from such a product.
 */
function weighedSum(y: Tensor, dy: Tensor, axis: number): Tensor | undefined {
  const { node } = dy;
  if (node.kind !== 'op' || node.op !== 'matmul' || node.attrs.transposeA || axis !== y.shape.length - 1)
    return undefined;
  const [dz, values] = node.inputs;
  if (!(Number(dz.shape.at(-1)) < Number(y.shape.at(-1)))) return undefined; // sizes that are not known yet stay as they are
  const z = matmul(y, values, { ...node.attrs, transposeB: !node.attrs.transposeB }); // the same product as that of the forward pass
  return show(z.shape) === show(dz.shape) ? sum(mul(dz, z), [axis], true) : undefined;
}

const gelu2c = 2 * Math.sqrt(2 / Math.PI);

export const gradients: { readonly [K in OpName]: Gradient<K> } = {
  neg: ({ dy: [dy] }) => [neg(dy!)],
  abs: unary((x) => sign(x)),
  exp: unary((_, y) => y),
  log: unary((x) => reciprocal(x)),
  sqrt: unary((_, y) => mul(reciprocal(y), 0.5)),
  reciprocal: unary((_, y) => neg(square(y))),
  sin: unary((x) => cos(x)),
  cos: unary((x) => neg(sin(x))),
  tanh: unary((_, y) => sub(1, square(y))),
  erf: unary((x) => mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
  sigmoid: unary((_, y) => sub(y, square(y))),
  // A product with 0 or 1: onnxruntime's Where takes longer than Cast and Mul (docs/log.md).
  relu: ({ y: [y], dy: [dy] }) => [mul(dy!, cast(greater(y, 0), dy!.dtype))],
  floor: flat1,
  // y = x·s with s = 1 − n = sigmoid(−x·w), w = −2c (1 + a x²): y′ = s + y·n·(−3w − 4c) = −3 (n (y (w + ⁴⁄₃c) + ⅓) − ⅓). The factor −3 is taken by
  // the product that dy comes from, and passes over two tensors count less than those over three: of the widest tensor of a layer each is a pass
  // over memory.
  geluTanh: ({ x: [x], y: [y], dy: [dy] }) => {
    const w = sub(mul(square(x), -gelu2c * 0.044715), gelu2c);
    const n = sigmoid(mul(x, w));
    const inner = add(mul(y, add(w, (2 / 3) * gelu2c)), 1 / 3);
    return [mul(mul(dy!, -3), sub(mul(n, inner), 1 / 3))];
  },
  cast: ({ x: [x], dy: [dy] }) => [isFloat(x) && dy ? cast(dy, x.dtype) : null],
  not: flat1,
  detach: flat1,

  add: binary(
    (_a, _b, dy) => dy,
    (_a, _b, dy) => dy,
  ),
  sub: binary(
    (_a, _b, dy) => dy,
    (_a, _b, dy) => neg(dy),
  ),
  mul: binary(
    (_a, b, dy) => mul(dy, b),
    (a, _b, dy) => mul(dy, a),
  ),
  div: binary(
    (_a, b, dy) => div(dy, b),
    (_a, b, dy, y) => neg(div(mul(dy, y), b)),
  ),
  // d aᵇ/db = aᵇ ln a, taken as 0 where a ≤ 0 (there only whole exponents are defined).
  pow: binary(
    (a, b, dy) => mul(dy, mul(b, pow(a, sub(b, 1)))),
    (a, _b, dy, y) => mul(dy, where(greater(a, 0), mul(y, log(where(greater(a, 0), a, 1))), 0)),
  ),
  maximum: binary(
    share((a, b) => greater(a, b)),
    share((a, b) => less(a, b)),
  ),
  minimum: binary(
    share((a, b) => less(a, b)),
    share((a, b) => greater(a, b)),
  ),
  equal: flat2,
  less: flat2,
  greater: flat2,
  and: flat2,
  where: ({ x: [condition, a, b], dy: [dy] }) => [
    null,
    unbroadcast(where(condition, dy!, 0), a.shape),
    unbroadcast(where(condition, 0, dy!), b.shape),
  ],

  matmul: ({ x: [a, b], dy: [dy], attrs: { transposeA, transposeB, scale } }) => {
    // A weight against rows of a batch: one product over all rows, instead of one a batch entry and a sum over them.
    if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
      const rows = flattenRows(a);
      const dRows = flattenRows(dy!);
      return [
        reshape(matmul(dRows, b, { transposeB: !transposeB, scale }), a.shape),
        transposeB
          ? matmul(dRows, rows, { transposeA: true, scale })
          : matmul(rows, dRows, { transposeA: true, scale }),
      ];
    }
    const da = transposeA
      ? matmul(b, dy!, { transposeA: transposeB, transposeB: true, scale })
      : matmul(dy!, b, { transposeB: !transposeB, scale });
    const db = transposeB
      ? matmul(dy!, a, { transposeA: true, transposeB: transposeA, scale })
      : matmul(a, dy!, { transposeA: !transposeA, scale });
    return [unbroadcast(da, a.shape), unbroadcast(db, b.shape)];
  },

  sum: ({ x: [x], dy: [dy], attrs: { axes } }) => [expand(restore(dy!, x, axes), x.shape)],
  // The gradient goes to the largest entries, shared equally between ties.
  max: ({ x: [x], y: [y], dy: [dy], attrs: { axes } }) => {
    const hit = cast(equal(x, restore(y, x, axes)), x.dtype);
    return [mul(div(hit, sum(hit, axes, true)), restore(dy!, x, axes))];
  },
  argmax: flat1,
  // The Jacobian is diag(y) − y yᵀ, so dx = y · (dy − Σ dy·y).
  softmax: ({ y: [y], dy: [dy], attrs: { axis } }) => [
    mul(y, sub(dy!, weighedSum(y, dy!, axis) ?? sum(mul(dy!, y), [axis], true))),
  ],

  // Entry i of x is in the sums of i and what comes after; read from the other end that is the same operation.
  cumsum: ({ dy: [dy], attrs: { axis, exclusive, reverse } }) => [cumsum(dy!, axis, { exclusive, reverse: !reverse })],
  topK: ({ x: [x], y: [, indices], dy: [dy], attrs: { axis } }) => [
    dy && scatterElements(expand(scalar(0), x.shape), dy, indices, axis),
  ],

  reshape: ({ x: [x], dy: [dy] }) => [reshape(dy!, x.shape)],
  transpose: ({ dy: [dy], attrs: { permutation } }) => [
    transpose(
      dy!,
      permutation.map((_, i) => permutation.indexOf(i)),
    ),
  ],
  expand: ({ x: [x], dy: [dy] }) => [unbroadcast(dy!, x.shape)],
  slice: ({ x: [x], dy: [dy], attrs: { axis, start, end } }) => [
    pad(dy!, axis, start, addDims(dim(x, axis), multiplyDims(-1, end))),
  ],
  pad: ({ x: [x], dy: [dy], attrs: { axis, before } }) => [slice(dy!, axis, before, addDims(before, dim(x, axis)))],
  concat: ({ x, dy: [dy], attrs: { axis } }) => {
    let start = addDims(0, 0);
    return x.map((t) => {
      const end = addDims(start, dim(t, axis));
      const piece = slice(dy!, axis, start, end);
      start = end;
      return piece;
    });
  },

  gather: ({ x: [x, indices], dy: [dy], attrs: { axis } }) => {
    const size = dim(x, axis);
    if (typeof size !== 'number')
      throw new Error(`internal: gradient of gather along an axis of named size ${show(x.shape)}`);
    if (axis === 0 && x.shape.length === 2) return [scatterRows(dy!, indices, size), null];
    // Any other axis: bring it to the front, and the rest into one row.
    const rank = x.shape.length;
    const picks = indices.shape.length;
    const front = [
      ...indices.shape.map((_, i) => axis + i),
      ...dy!.shape.map((_, i) => i).filter((i) => i < axis || i >= axis + picks),
    ];
    const rest = x.shape.filter((_, i) => i !== axis);
    const rows = reshape(transpose(dy!, front), [...indices.shape, productOfDims(rest)]);
    const summed = reshape(scatterRows(rows, indices, size), [size, ...rest]);
    return [
      transpose(
        summed,
        Array.from({ length: rank }, (_, i) => (i === axis ? 0 : i < axis ? i + 1 : i)),
      ),
      null,
    ];
  },
  scatterRows: ({ x: [, indices], dy: [dy] }) => [gather(dy!, indices), null],
  gatherElements: ({ x: [x, indices], dy: [dy], attrs: { axis } }) => [
    scatterElements(expand(scalar(0), x.shape), dy!, indices, axis),
    null,
  ],
  scatterElements: ({ x: [, , indices], dy: [dy], attrs: { axis } }) => [dy, gatherElements(dy!, indices, axis), null],

  // With x̂ = (x − μ)·r and g = dy·γ: dx = r (g − mean g − x̂ · mean(g·x̂)). The two row means are products with γ/n.
  layerNorm: ({ x: [x, weight], y: [, mean, inverse], dy: [dy, dMean, dInverse] }) => {
    if (dMean || dInverse) throw new Error('internal: the statistics of layerNorm are for its gradient only');
    const n = dim(x, -1) as number; // infer has compared it with the weight's size, a number
    const normalised = mul(sub(x, mean), inverse);
    const weighted = mul(dy!, normalised);
    const column = reshape(mul(weight, 1 / n), [n, 1]);
    const dx = mul(sub(sub(mul(dy!, weight), matmul(dy!, column)), mul(normalised, matmul(weighted, column))), inverse);
    return [dx, unbroadcast(weighted, weight.shape), unbroadcast(dy!, weight.shape)];
  },
  // Backpropagation through time (Werbos 1990). The steps are computed again, so that a forward pass keeps nothing; one by one, so the length
  // must be a number.
  lstm: ({ x: [gates, hidden, h0, c0, mask], dy: [dOutputs, dLastH, dLastC], attrs: { reverse } }) => {
    const time = gates.shape[1]!;
    const n = hidden.shape[1] as number; // infer has seen a number
    if (typeof time !== 'number')
      throw new YumoError(
        'GRAPH',
        `lstm: the gradient over a sequence of ${time} steps needs their number; build the graph for texts of one length`,
        { time },
      );
    const places = Array.from({ length: time }, (_, t) => (reverse ? time - 1 - t : t));
    const at = (x: Tensor, t: number): Tensor => squeeze(slice(x, 1, t, t + 1), 1);
    let [h, c] = [h0, c0];
    const steps = places.map((t) => {
      const all = add(at(gates, t), matmul(h, hidden, { transposeB: true }));
      const [a, b, d, e] = split(all, [n, n, n, n], 1) as [Tensor, Tensor, Tensor, Tensor]; // four sizes, four pieces
      const [input, forget, fresh, output] = [sigmoid(a), sigmoid(b), tanh(d), sigmoid(e)];
      const cell = add(mul(forget, c), mul(input, fresh));
      const squashed = tanh(cell);
      const next = mul(output, squashed);
      const m = slice(mask, 1, t, t + 1);
      const step = { t, m, h, c, input, forget, fresh, output, cell, squashed, next };
      h = add(h, mul(m, sub(next, h)));
      c = add(c, mul(m, sub(cell, c)));
      return step;
    });
    const none = mul(h0, 0);
    let [dh, dc] = [dLastH ?? none, dLastC ?? none];
    let dHidden: Tensor = mul(hidden, 0);
    const dGates: Tensor[] = [];
    const dMask: Tensor[] = [];
    for (const s of steps.toReversed()) {
      const dy = dOutputs ? at(dOutputs, s.t) : none;
      dMask[s.t] = sum(add(mul(dy, s.next), add(mul(dh, sub(s.next, s.h)), mul(dc, sub(s.cell, s.c)))), [1]);
      const dNext = mul(s.m, add(dy, dh));
      const dCell = add(mul(s.m, dc), mul(mul(dNext, s.output), sub(1, square(s.squashed))));
      const throughSigmoid = (d: Tensor, y: Tensor): Tensor => mul(d, sub(y, square(y)));
      const dAll = concat(
        [
          throughSigmoid(mul(dCell, s.fresh), s.input),
          throughSigmoid(mul(dCell, s.c), s.forget),
          mul(mul(dCell, s.input), sub(1, square(s.fresh))),
          throughSigmoid(mul(dNext, s.squashed), s.output),
        ],
        1,
      );
      dGates[s.t] = dAll;
      dHidden = add(dHidden, matmul(dAll, s.h, { transposeA: true }));
      const kept = sub(1, s.m);
      dh = add(mul(kept, dh), matmul(dAll, hidden));
      dc = add(mul(kept, dc), mul(dCell, s.forget));
    }
    return [stack(dGates, 1), dHidden, dh, dc, stack(dMask, 1)];
  },
  // dL/dz = (p − onehot) · dy, and nothing for ignored rows. The label's entry is changed in place; the rows' factors stand outside, so that they can
  // wait for the products that read this (see simplify): no further pass over [n, classes].
  crossEntropy: ({ x: [logits, labels], y: [, p], dy: [dy, dp] }) => {
    if (dp) throw new Error('internal: the probabilities of crossEntropy are for its gradient only');
    const rows = dim(logits, 0);
    const column = (t: Tensor): Tensor => reshape(t, [rows, 1]);
    const ignored = less(labels, integer(0));
    const label = column(where(ignored, integer(0), labels));
    const difference = scatterElements(p, expand(scalar(-1), [rows, 1]), label, 1);
    return [mul(difference, column(where(ignored, 0, dy!))), null];
  },

  iota: () => [],
};

const isFloat = (t: Tensor): boolean => t.dtype === 'float32' || t.dtype === 'float64';
