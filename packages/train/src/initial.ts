// The numbers that parameters start with: a function of the seed and the parameter's name, so that no order matters.

import { type Parameter, sizeOf, type Value, type Values } from '@yumo/core';
import { randomNormal, randomUniform, streamKey } from './random.ts';

/**
 * @param zeroStart ends of names that start at zero whatever the model says: output projections that write nothing at first
 *   (Zhang et al. 2019, arXiv:1901.09321, §3).
 */
export function initialValues(
  parameters: readonly Parameter[],
  seed: number,
  zeroStart: readonly string[] = [],
): Values {
  return Object.fromEntries(
    parameters.map((p) => [
      p.name,
      zeroStart.some((end) => p.name.endsWith(end))
        ? { dtype: 'float32', shape: p.shape, data: new Float32Array(sizeOf(p.shape)) }
        : initialValue(p, seed),
    ]),
  );
}

function initialValue({ name, shape, initializer }: Parameter, seed: number): Value<'float32'> {
  const data = new Float32Array(sizeOf(shape));
  const key = streamKey(seed, `initial ${name}`);
  switch (initializer.kind) {
    case 'zeros':
      break;
    case 'ones':
      data.fill(1);
      break;
    case 'sines': {
      const width = shape.at(-1)!;
      for (let i = 0; i < data.length; i++) {
        const column = i % width;
        const angle = Math.floor(i / width) / 10000 ** ((column - (column % 2)) / width);
        data[i] = column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      }
      break;
    }
    case 'normal':
      for (let i = 0; i < data.length; i++) data[i] = initializer.deviation * randomNormal(key, i);
      break;
    case 'uniform':
      for (let i = 0; i < data.length; i++) data[i] = initializer.bound * (2 * randomUniform(key, i) - 1);
  }
  return { dtype: 'float32', shape, data };
}
