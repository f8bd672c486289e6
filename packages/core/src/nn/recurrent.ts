// Recurrent layers, unrolled over a sequence whose length is a number; over one with a name an LSTM is one operation. LSTM (Hochreiter & Schmidhuber 1997) and GRU (Cho et al. 2014, arXiv:1406.1078), with PyTorch's gates and parameter names.

import { add, concat, expand, lstmSequence, matmul, mul, sigmoid, slice, sub, tanh } from '../ops/build.ts';
import { dim, fixedDim, split, squeeze, stack } from '../ops/compose.ts';
import { scalar, type Tensor } from '../tensor.ts';
import { type Dropout, drop } from './dropout.ts';
import { type Scope, uniform } from './scope.ts';

/** Weights of one direction of one layer. */
export interface RecurrentWeights {
  /** `[gates · hidden, inputs]` and `[gates · hidden, hidden]`. */
  readonly input: Tensor;
  readonly hidden: Tensor;
  /** Two bias vectors `[gates · hidden]`; LSTM adds them, GRU's second one lies inside the reset gate. */
  readonly inputBias: Tensor;
  readonly hiddenBias: Tensor;
}

/** Output and cell, `[batch, hidden]`. */
export interface LstmState {
  readonly h: Tensor;
  readonly c: Tensor;
}

/** One step. Gates lie in the order input, forget, cell, output. @param gates x Wᵀ + both biases, `[batch, 4 · hidden]` */
export function lstmStep(gates: Tensor, { h, c }: LstmState, hidden: Tensor): LstmState {
  const size = fixedDim(h, 1, 'lstm');
  const all = add(gates, matmul(h, hidden, { transposeB: true }));
  const [input, forget, cell, output] = split(all, [size, size, size, size], 1) as [Tensor, Tensor, Tensor, Tensor]; // four sizes, four pieces
  const next = add(mul(sigmoid(forget), c), mul(sigmoid(input), tanh(cell)));
  return { h: mul(sigmoid(output), tanh(next)), c: next };
}

/** One step of an LSTM from its input. x `[batch, inputs]`. */
export const lstmCell = (x: Tensor, state: LstmState, w: RecurrentWeights): LstmState =>
  lstmStep(add(matmul(x, w.input, { transposeB: true }), add(w.inputBias, w.hiddenBias)), state, w.hidden);

export interface SequenceOptions {
  readonly reverse?: boolean;
  /** float32 `[batch, time]`: where 0 the state stays as it is and the output is 0. */
  readonly mask?: Tensor | undefined;
}

/** x at every step in order of time, or from the end. */
function order(x: Tensor, reverse: boolean): number[] {
  const times = Array.from({ length: fixedDim(x, 1, 'a recurrent layer, unrolled over its sequence') }, (_, t) => t);
  return reverse ? times.reverse() : times;
}
const at = (x: Tensor, t: number): Tensor => squeeze(slice(x, 1, t, t + 1), 1);
const inTime = (steps: readonly Tensor[], reverse: boolean): Tensor => stack(reverse ? steps.toReversed() : steps, 1);

/** `mask · next + (1 − mask) · before`. */
const held = (next: Tensor, before: Tensor, mask: Tensor | undefined): Tensor =>
  mask ? add(before, mul(mask, sub(next, before))) : next;

/** One direction of one layer. x `[batch, time, inputs]` → outputs `[batch, time, hidden]` and the last state. */
export function lstmLayer(
  x: Tensor,
  start: LstmState,
  w: RecurrentWeights,
  { reverse = false, mask }: SequenceOptions = {},
): LstmState & { outputs: Tensor } {
  // The input's part of all steps is one product.
  const gates = add(matmul(x, w.input, { transposeB: true }), add(w.inputBias, w.hiddenBias));
  if (typeof x.shape[1] === 'string') {
    const all = mask ?? expand(scalar(1), [dim(x, 0), dim(x, 1)]);
    const [outputs, h, c] = lstmSequence(gates, w.hidden, start, all, reverse);
    return { outputs, h, c };
  }
  let state = start;
  const outputs = order(x, reverse).map((t) => {
    const real = mask && slice(mask, 1, t, t + 1);
    const next = lstmStep(at(gates, t), state, w.hidden);
    state = { h: held(next.h, state.h, real), c: held(next.c, state.c, real) };
    return real ? mul(next.h, real) : next.h;
  });
  return { ...state, outputs: inTime(outputs, reverse) };
}

/** One direction of one GRU layer; gates in the order reset, update, new. x `[batch, time, inputs]`, h `[batch, hidden]`. */
export function gruLayer(
  x: Tensor,
  start: Tensor,
  w: RecurrentWeights,
  { reverse = false, mask }: SequenceOptions = {},
): { outputs: Tensor; h: Tensor } {
  const size = fixedDim(start, 1, 'gru');
  const inputs = add(matmul(x, w.input, { transposeB: true }), w.inputBias);
  let h = start;
  const outputs = order(x, reverse).map((t) => {
    const [xr, xz, xn] = split(at(inputs, t), [size, size, size], 1) as [Tensor, Tensor, Tensor]; // three sizes, three pieces
    const own = add(matmul(h, w.hidden, { transposeB: true }), w.hiddenBias);
    const [hr, hz, hn] = split(own, [size, size, size], 1) as [Tensor, Tensor, Tensor]; // as above
    const update = sigmoid(add(xz, hz));
    const fresh = tanh(add(xn, mul(sigmoid(add(xr, hr)), hn)));
    const next = add(fresh, mul(update, sub(h, fresh)));
    const real = mask && slice(mask, 1, t, t + 1);
    h = held(next, h, real);
    return real ? mul(next, real) : next;
  });
  return { outputs: inTime(outputs, reverse), h };
}

export interface LstmOptions extends Pick<SequenceOptions, 'mask'> {
  readonly hidden: number;
  readonly layers: number;
  readonly bidirectional?: boolean;
  /** First states of every layer and direction, `[layers · directions, batch, hidden]`; zeros by default. */
  readonly h0?: Tensor | undefined;
  readonly c0?: Tensor | undefined;
  /** Between layers. */
  readonly dropout?: Dropout | undefined;
  readonly dropoutRate?: number;
}

/**
 * A stack of LSTM layers under PyTorch's names (`weight_ih_l0`, `weight_hh_l0_reverse` …).
 * @param x `[batch, time, inputs]`
 * @returns outputs `[batch, time, directions · hidden]`; last states of every layer and direction, `[layers · directions, batch, hidden]`
 */
export function lstm(s: Scope, x: Tensor, options: LstmOptions): { outputs: Tensor; h: Tensor; c: Tensor } {
  const { hidden, layers, bidirectional = false, h0, c0, mask, dropout, dropoutRate = 0 } = options;
  const blank = expand(scalar(0), [dim(x, 0), hidden]);
  const suffixes = bidirectional ? ['', '_reverse'] : [''];
  const initializer = uniform(1 / Math.sqrt(hidden));
  const [hs, cs]: [Tensor[], Tensor[]] = [[], []];
  let y = x;
  for (let layer = 0; layer < layers; layer++) {
    const inputs = fixedDim(y, 2, s.path);
    const sides = suffixes.map((suffix) => {
      const name = (kind: string): string => `${kind}_l${layer}${suffix}`;
      const first = (states: Tensor | undefined): Tensor =>
        states ? squeeze(slice(states, 0, hs.length, hs.length + 1), 0) : blank;
      const w: RecurrentWeights = {
        input: s.param(name('weight_ih'), [4 * hidden, inputs], initializer),
        hidden: s.param(name('weight_hh'), [4 * hidden, hidden], initializer),
        inputBias: s.param(name('bias_ih'), [4 * hidden], initializer),
        hiddenBias: s.param(name('bias_hh'), [4 * hidden], initializer),
      };
      const side = lstmLayer(y, { h: first(h0), c: first(c0) }, w, { reverse: suffix !== '', mask });
      hs.push(side.h);
      cs.push(side.c);
      return side.outputs;
    });
    y = concat(sides, 2);
    if (layer < layers - 1) y = drop(dropout, y, dropoutRate, `${s.path}.l${layer}`);
  }
  return { outputs: y, h: stack(hs, 0), c: stack(cs, 0) };
}
