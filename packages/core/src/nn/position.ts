// Positions as angles: rotary embedding (Su et al. 2021, arXiv:2104.09864) in the half-split layout of GPT-NeoX and Llama checkpoints, and static sines (Vaswani et al. 2017).

import { YumoError } from '../errors.ts';
import { add, cast, concat, cos, mul, sin, slice, sub } from '../ops/build.ts';
import { fixedDim, unsqueeze } from '../ops/compose.ts';
import { constant, type Tensor } from '../tensor.ts';

export interface RotaryOptions {
  /** θ of the paper, `rope_theta` in configurations. */
  readonly base: number;
  /** How many of each head's numbers are rotated; even. */
  readonly size: number;
  /** `rope_scaling` of the configuration. */
  readonly scaling?: RotaryScaling | null;
}

export interface RotaryScaling {
  readonly rope_type?: string;
  readonly type?: string;
  readonly factor?: number;
  readonly low_freq_factor?: number;
  readonly high_freq_factor?: number;
  readonly original_max_position_embeddings?: number;
}

/** θ_i = base^(−2i/size), radians per position, with the configuration's scaling. */
export function rotaryFrequencies({ base, size, scaling }: RotaryOptions): Float64Array {
  if (size < 2 || size % 2 !== 0)
    throw new YumoError(
      'CONFIG',
      `rotary positions turn pairs of numbers, but ${size} of each head would be turned; head size × rotary share must be even`,
      { size },
    );
  const frequencies = Float64Array.from({ length: size / 2 }, (_, i) => base ** ((-2 * i) / size));
  const kind = scaling?.rope_type ?? scaling?.type ?? 'default';
  if (!scaling || kind === 'default') return frequencies;
  const factor = scaling.factor ?? 1;
  if (kind === 'linear') return frequencies.map((f) => f / factor);
  if (kind === 'llama3') {
    const {
      low_freq_factor: low = 1,
      high_freq_factor: high = 4,
      original_max_position_embeddings: length = 8192,
    } = scaling;
    return frequencies.map((f) => {
      const turns = (length * f) / (2 * Math.PI); // whole turns within the original context
      const smooth = Math.min(1, Math.max(0, (turns - low) / (high - low)));
      return (1 - smooth) * (f / factor) + smooth * f;
    });
  }
  throw new YumoError('CONFIG', `rope_scaling "${kind}" is not supported; known: default, linear, llama3`, { kind });
}

/** The rotation of every position, computed once a graph. */
export interface Rotary {
  /** `[batch or 1, 1, time, size/2]`. */
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly size: number;
}

/** @param positions int32 `[batch or 1, time]`. */
export function rotary(positions: Tensor, options: RotaryOptions): Rotary {
  const frequencies = constant({ dtype: 'float64', shape: [options.size / 2], data: rotaryFrequencies(options) });
  const angles = unsqueeze(mul(unsqueeze(cast(positions, 'float32'), -1), frequencies), 1);
  return { cos: cos(angles), sin: sin(angles), size: options.size };
}

/** Rotates queries or keys. `x [batch, heads, time, n]`; numbers past `size` are left as they are. */
export function rotate(x: Tensor, { cos: c, sin: s, size }: Rotary): Tensor {
  const n = fixedDim(x, -1, 'rotary');
  const first = slice(x, 3, 0, size / 2);
  const second = slice(x, 3, size / 2, size);
  const turned = [sub(mul(first, c), mul(second, s)), add(mul(second, c), mul(first, s))];
  return concat(size === n ? turned : [...turned, slice(x, 3, size, n)], 3);
}

/**
 * Sines and cosines of every position (Vaswani et al. 2017, arXiv:1706.03762, §3.5), sines in the first half of the vector, cosines in the second.
 * @param positions int32 `[batch or 1, time]`
 * @returns `[batch or 1, time, width]`
 */
export function sinusoidal(positions: Tensor, width: number): Tensor {
  const frequencies = Float64Array.from({ length: Math.ceil(width / 2) }, (_, i) => 10000 ** ((-2 * i) / width));
  const table = constant({ dtype: 'float64', shape: [frequencies.length], data: frequencies });
  const angles = mul(unsqueeze(cast(positions, 'float32'), -1), table);
  return concat([sin(angles), slice(cos(angles), 2, 0, Math.floor(width / 2))], 2);
}
