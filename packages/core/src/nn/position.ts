// Positions as angles: rotary embedding (Su et al. 2021, arXiv:2104.09864) in the half-split layout of GPT-NeoX and Llama checkpoints, and static sines (Vaswani et al. 2017).

import type { Dim } from '../dimension.ts';
import { YumoError } from '../errors.ts';
import { add, cast, concat, cos, exp, log, maximum, mul, sin, slice, sub } from '../ops/build.ts';
import { fixedDim, sizeTensor, unsqueeze } from '../ops/compose.ts';
import { constant, type Tensor } from '../tensor.ts';

export interface RotaryOptions {
  /** θ of the paper, `rope_theta` in configurations. */
  readonly base: number;
  /** How many of each head's numbers are rotated; even. */
  readonly size: number;
  readonly scaling?: RotaryScaling | null;
}

/**
 * How contexts longer than those of the training are reached.
 * - `linear`: positions are divided by the factor (Chen et al. 2023, arXiv:2306.15595).
 * - `dynamic`: beyond the trained length the base grows with the number of keys (NTK-aware scaling, as in Hugging Face's `dynamic`).
 * - `llama3`: slow angles are divided by the factor, fast ones kept (Llama 3.1).
 * - `yarn`: the same with other borders, and `attention` as a factor of queries and keys (Peng et al. 2023, arXiv:2309.00071).
 */
export type RotaryScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | { readonly kind: 'dynamic'; readonly factor: number; readonly trainedLength: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly trainedLength: number;
      /** Whole turns within the trained length: fewer than `low` are slow angles, more than `high` fast ones. */
      readonly low: number;
      readonly high: number;
    }
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly trainedLength: number;
      readonly attention: number;
      /** Turns within the trained length above which an angle is fast (β of the paper), and below which it is slow (α). */
      readonly fast: number;
      readonly slow: number;
      /** Borders between angles at whole numbers. */
      readonly whole: boolean;
    };

/** θ_i = base^(−2i/size), radians per position, with the configuration's scaling; of `dynamic` scaling those up to the trained length. */
export function rotaryFrequencies({ base, size, scaling }: RotaryOptions): Float64Array {
  if (size < 2 || size % 2 !== 0)
    throw new YumoError(
      'CONFIG',
      `rotary positions turn pairs of numbers, but ${size} of each head would be turned; head size × rotary share must be even`,
      { size },
    );
  const frequencies = Float64Array.from({ length: size / 2 }, (_, i) => base ** ((-2 * i) / size));
  if (!scaling || scaling.kind === 'dynamic') return frequencies;
  const { factor } = scaling;
  if (scaling.kind === 'linear') return frequencies.map((f) => f / factor);
  const between = (f: number, kept: number): number => (1 - kept) * (f / factor) + kept * f;
  const ramp = (x: number): number => Math.min(1, Math.max(0, x));
  if (scaling.kind === 'llama3') {
    const { low, high, trainedLength } = scaling;
    return frequencies.map((f) => between(f, ramp(((trainedLength * f) / (2 * Math.PI) - low) / (high - low))));
  }
  // Which angle makes so many turns within the trained length? θ_i is known, so i is found by its logarithm.
  const angleOf = (turns: number): number =>
    (size * Math.log(scaling.trainedLength / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const [fast, slow] = [angleOf(scaling.fast), angleOf(scaling.slow)];
  const first = Math.max(0, scaling.whole ? Math.floor(fast) : fast);
  const last = Math.min(size - 1, scaling.whole ? Math.ceil(slow) : slow);
  return frequencies.map((f, i) => between(f, 1 - ramp((i - first) / (last - first || 1e-3))));
}

/** The rotation of every position, computed once a graph. */
export interface Rotary {
  /** `[batch or 1, 1, time, size/2]`. */
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly size: number;
}

/**
 * @param positions int32 `[batch or 1, time]`.
 * @param keys how many keys the queries meet, past and present: what `dynamic` scaling grows with
 */
export function rotary(positions: Tensor, keys: Dim, options: RotaryOptions): Rotary {
  const { scaling, size } = options;
  const half = size / 2;
  const known = constant({ dtype: 'float64', shape: [half], data: rotaryFrequencies(options) });
  const frequencies = scaling?.kind === 'dynamic' ? mul(known, slowed(keys, size, scaling)) : known;
  const angles = unsqueeze(mul(unsqueeze(cast(positions, 'float32'), -1), frequencies), 1);
  const strength = scaling?.kind === 'yarn' ? scaling.attention : 1;
  const scaled = (x: Tensor): Tensor => (strength === 1 ? x : mul(x, strength));
  return { cos: scaled(cos(angles)), sin: scaled(sin(angles)), size };
}

/** The base times r^(size/(size − 2)), r = max(1, factor · keys / trained − factor + 1), is θ_i times r^(−2i/(size − 2)). `[size/2]` */
function slowed(keys: Dim, size: number, scaling: RotaryScaling & { readonly kind: 'dynamic' }): Tensor {
  const { factor, trainedLength } = scaling;
  const ratio = maximum(sub(mul(cast(sizeTensor(keys), 'float32'), factor / trainedLength), factor - 1), 1);
  const powers = Float64Array.from({ length: size / 2 }, (_, i) => (i === 0 ? 0 : (-2 * i) / (size - 2)));
  return exp(mul(log(ratio), constant({ dtype: 'float64', shape: [size / 2], data: powers })));
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
