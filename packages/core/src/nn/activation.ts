// Activation functions by the names that config.json files use.

import { suggestion, YumoError } from '../errors.ts';
import { add, erf, geluTanh, maximum, mul, relu, sigmoid, sub, tanh } from '../ops/build.ts';
import { clamp, gelu, geluQuick, silu, softplus, square } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';

/** √(1/4π). */
const laplaceDeviation = Math.sqrt(1 / (4 * Math.PI));

const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  gelu,
  gelu_python: gelu,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_10: (x) => clamp(gelu(x), -10, 10),
  gelu_pytorch_tanh: geluTanh,
  quick_gelu: geluQuick,
  relu,
  relu2: (x) => square(relu(x)),
  relu6: (x) => clamp(x, 0, 6),
  leaky_relu: (x) => maximum(x, mul(x, 0.01)),
  mish: (x) => mul(x, tanh(softplus(x))),
  silu,
  swish: silu,
  sigmoid,
  tanh,
  // The distribution function of a normal law near relu² (Ma et al. 2022, arXiv:2209.10655, §3.3).
  laplace: (x) => mul(add(erf(mul(sub(x, Math.SQRT1_2), 1 / (laplaceDeviation * Math.SQRT2))), 1), 0.5),
  linear: (x) => x,
};

/** @throws YumoError `CONFIG` for a name that is not known. */
export function activation(name: string): (x: Tensor) => Tensor {
  const found = activations[name];
  if (!found)
    throw new YumoError('CONFIG', `activation "${name}" is not known${suggestion(name, Object.keys(activations))}`, {
      name,
    });
  return found;
}
