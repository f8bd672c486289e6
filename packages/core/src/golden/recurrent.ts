// Recurrent cells written out step by step, as PyTorch defines them: what checks compare with.

import { add, matmul, mul, sigmoid, slice, sub, tanh } from '../ops/build.ts';
import { fixedDim, split, squeeze, stack, unsqueeze } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';

type Inputs = Readonly<Record<string, Tensor>>;

const gates = (x: Tensor, weight: Tensor, bias: Tensor): Tensor => add(matmul(x, weight, { transposeB: true }), bias);

/** x `[batch, inputs]`, h and c `[batch, hidden]`; gates input, forget, cell, output. Returns the new h and c. */
export function lstmCell({ x, h, c, w_ih, w_hh, b_ih, b_hh }: Inputs): [Tensor, Tensor] {
  const size = fixedDim(h!, -1, 'lstm');
  const all = add(gates(x!, w_ih!, b_ih!), gates(h!, w_hh!, b_hh!));
  const [i, f, g, o] = split(all, [size, size, size, size], -1) as [Tensor, Tensor, Tensor, Tensor];
  const cell = add(mul(sigmoid(f), c!), mul(sigmoid(i), tanh(g)));
  return [mul(sigmoid(o), tanh(cell)), cell];
}

/** The steps of `x [batch, time, inputs]`, one after the other. */
const steps = (x: Tensor): Tensor[] =>
  Array.from({ length: fixedDim(x, 1, 'recurrent') }, (_, t) => squeeze(slice(x, 1, t, t + 1), 1));

/** All outputs `[batch, time, hidden]`, the last h and c `[1, batch, hidden]`. */
export function lstmSequence({ x, h0, c0, ...weights }: Inputs): Tensor[] {
  let h = squeeze(h0!, 0);
  let c = squeeze(c0!, 0);
  const outputs: Tensor[] = [];
  for (const step of steps(x!)) {
    [h, c] = lstmCell({ ...weights, x: step, h, c });
    outputs.push(h);
  }
  return [stack(outputs, 1), unsqueeze(h, 0), unsqueeze(c, 0)];
}

/** Gates reset, update, new; the reset gate acts after the product with the hidden state. All outputs, and the last h. */
export function gruSequence({ x, h0, w_ih, w_hh, b_ih, b_hh }: Inputs): Tensor[] {
  let h = squeeze(h0!, 0);
  const size = fixedDim(h, -1, 'gru');
  const thirds = (t: Tensor): [Tensor, Tensor, Tensor] => split(t, [size, size, size], -1) as [Tensor, Tensor, Tensor];
  const outputs: Tensor[] = [];
  for (const step of steps(x!)) {
    const [xr, xz, xn] = thirds(gates(step, w_ih!, b_ih!));
    const [hr, hz, hn] = thirds(gates(h, w_hh!, b_hh!));
    const update = sigmoid(add(xz, hz));
    const candidate = tanh(add(xn, mul(sigmoid(add(xr, hr)), hn)));
    h = add(mul(sub(1, update), candidate), mul(update, h));
    outputs.push(h);
  }
  return [stack(outputs, 1), unsqueeze(h, 0)];
}
