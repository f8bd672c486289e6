// Activation functions by the names that config.json files use.

import { suggestion, YumoError } from '../errors.ts';
import { geluTanh, relu, sigmoid, tanh } from '../ops/build.ts';
import { gelu, geluQuick, silu, square } from '../ops/compose.ts';
import type { Tensor } from '../tensor.ts';

const activations: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  quick_gelu: geluQuick,
  relu,
  relu2: (x) => square(relu(x)),
  silu,
  swish: silu,
  sigmoid,
  tanh,
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
