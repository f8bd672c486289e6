// The numbers that parameters start with: a function of the seed and the parameter's name, so that no order matters.

import {
  type Architecture,
  type Bundle,
  matchParameters,
  type Parameter,
  sizeOf,
  toFloat32,
  type Value,
  type Values,
  YumoError,
} from '@yumo/core';
import { randomNormal, randomUniform, streamKey } from './random.ts';

/** What starts otherwise than the model says: ends of parameter names. */
export interface Starts {
  /** At zero: output projections that write nothing at first (Zhang et al. 2019, arXiv:1901.09321, §3). */
  readonly zeroStart?: readonly string[];
  /** As waves of as many lengths as there are columns: learnt positions that know their distances from the first step. */
  readonly sineStart?: readonly string[];
}

export function initialValues(
  parameters: readonly Parameter[],
  seed: number,
  { zeroStart = [], sineStart = [] }: Starts = {},
): Values {
  const isOneOf = (ends: readonly string[], name: string): boolean => ends.some((end) => name.endsWith(end));
  return Object.fromEntries(
    parameters.map((p) => {
      if (isOneOf(zeroStart, p.name))
        return [p.name, { dtype: 'float32', shape: p.shape, data: new Float32Array(sizeOf(p.shape)) }];
      return [p.name, isOneOf(sineStart, p.name) ? waves(p) : initialValue(p, seed)];
    }),
  );
}

/** Sinusoids with the mean square that the model's own numbers would have, so that no other part sees them larger. */
function waves({ shape, initializer }: Parameter): Value<'float32'> {
  const data = new Float32Array(sizeOf(shape));
  fillWithSines(data, shape.at(-1)!);
  const amplitude = initializer.kind === 'normal' ? initializer.deviation * Math.SQRT2 : 1;
  for (let i = 0; i < data.length; i++) data[i]! *= amplitude;
  return { dtype: 'float32', shape, data };
}

/** sin and cos of the row's number at wavelengths from 2π to 2π · 10,000 (Vaswani et al. 2017, §3.5). */
function fillWithSines(data: Float32Array, width: number): void {
  for (let i = 0; i < data.length; i++) {
    const column = i % width;
    const angle = Math.floor(i / width) / 10000 ** ((column - (column % 2)) / width);
    data[i] = column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  }
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
    case 'sines':
      fillWithSines(data, shape.at(-1)!);
      break;
    case 'normal':
      for (let i = 0; i < data.length; i++) data[i] = initializer.deviation * randomNormal(key, i);
      break;
    case 'uniform':
      for (let i = 0; i < data.length; i++) data[i] = initializer.bound * (2 * randomUniform(key, i) - 1);
  }
  return { dtype: 'float32', shape, data };
}

/** Parameters of output layers: another task has others. */
const heads =
  /(^|\.)(classifier|score|qa_outputs|lm_head|cls|pre_classifier|vocab_\w+|predictions|classification_head)\b/;

export interface Adopted {
  readonly values: Values;
  /** Parameters that start anew: the checkpoint has none of their name, or an output layer of another size. */
  readonly anew: readonly string[];
  /** Tensors of the checkpoint that this model has no use for. */
  readonly unused: readonly string[];
}

/**
 * Takes over the numbers of a trained model where names and shapes agree.
 * @throws YumoError `CHECKPOINT` when a tensor has another shape and is none of an output layer, or nothing agrees.
 */
export async function adoptedValues(
  bundle: Bundle,
  architecture: Architecture,
  parameters: readonly Parameter[],
  fresh: Values,
): Promise<Adopted> {
  const file = await bundle.weights();
  const { found, unexpected, misshaped } = matchParameters(file, parameters, architecture);
  const other = new Set(misshaped.filter((m) => heads.test(m.name)).map((m) => m.name));
  const wrong = misshaped.filter((m) => !other.has(m.name));
  if (wrong.length > 0)
    throw new YumoError(
      'CHECKPOINT',
      `init.from ${bundle.source.name}: another model: ${wrong
        .slice(0, 6)
        .map((m) => `${m.name} is [${m.stored.join(', ')}], this recipe has [${m.expected.join(', ')}]`)
        .join('; ')}. Leave the sizes in \`model\` out, and use tokenizer {"kind": "init"}`,
      { misshaped: wrong },
    );
  const taken = parameters.filter((p) => found.has(p.name) && !other.has(p.name));
  if (taken.length === 0)
    throw new YumoError(
      'CHECKPOINT',
      `init.from ${bundle.source.name}: none of its ${file.names.length} tensors is one of this model (${parameters[0]?.name} …)`,
      { names: file.names.slice(0, 8) },
    );
  const values: Record<string, Value> = { ...fresh };
  for (const { name } of taken) values[name] = toFloat32(await file.read(found.get(name)!));
  return {
    values,
    anew: parameters.filter((p) => !taken.includes(p)).map((p) => p.name),
    unused: unexpected,
  };
}
