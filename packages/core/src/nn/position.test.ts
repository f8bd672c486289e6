// Rotary positions: which configurations cannot be built, and what the frequencies are.

import { expect, it } from 'vitest';
import { evaluateTensors } from '../graph/evaluate.ts';
import { readRotary, rotaryContext } from '../models/rotary-config.ts';
import { tensor } from '../tensor.ts';
import { rotary, rotaryFrequencies } from './position.ts';

const scalingOf = (rope_scaling: object, max_position_embeddings = 32) =>
  readRotary({ max_position_embeddings, rope_scaling }, { base: 10_000, share: 1 }).scaling;

it('rotary frequencies fall from 1 by equal ratios', () => {
  const frequencies = rotaryFrequencies({ base: 10_000, size: 8 });
  [1, 0.1, 0.01, 0.001].forEach((f, i) => void expect(frequencies[i]).toBeCloseTo(f, 12));
});

it('a share that turns an odd number of each head is refused by name', () => {
  expect(() => rotaryFrequencies({ base: 10_000, size: 1 })).toThrow('but 1 of each head would be turned');
});

it('linear scaling divides every angle, under the older and the newer name of the field', () => {
  const scaling = scalingOf({ type: 'linear', factor: 4 });
  expect(rotaryFrequencies({ base: 10_000, size: 4, scaling })[1]).toBeCloseTo(0.01 / 4, 12);
  const newer = { rope_parameters: { rope_type: 'linear', factor: 4, rope_theta: 500, partial_rotary_factor: 0.5 } };
  expect(readRotary(newer, { base: 10_000, share: 1 })).toEqual({ base: 500, share: 0.5, scaling });
  expect(rotaryContext(32, scaling)).toBe(128);
});

it('llama3 scaling keeps short waves, stretches long ones, and goes from one to the other between', () => {
  const [factor, low, high, length] = [8, 1, 4, 64];
  const given = { rope_type: 'llama3', factor, low_freq_factor: low, high_freq_factor: high };
  const scaling = scalingOf({ ...given, original_max_position_embeddings: length });
  const got = rotaryFrequencies({ base: 500, size: 16, scaling });
  const kinds = new Set<string>();
  // By wavelengths, as Meta's code has it.
  for (let i = 0; i < 8; i++) {
    const f = 500 ** (-i / 8);
    const wave = (2 * Math.PI) / f;
    const smooth = (length / wave - low) / (high - low);
    const [kind, wanted] =
      wave < length / high
        ? ['short', f]
        : wave > length / low
          ? ['long', f / factor]
          : ['between', ((1 - smooth) * f) / factor + smooth * f];
    kinds.add(kind as string);
    expect(got[i]).toBeCloseTo(wanted as number, 12);
  }
  expect(kinds.size).toBe(3);
});

it('yarn scaling mixes kept and stretched angles by the ramp of the paper, and scales the rotation', () => {
  const [factor, length, size, base] = [4, 256, 16, 1000];
  const given = { rope_type: 'yarn', factor, original_max_position_embeddings: length, beta_fast: 8, beta_slow: 1 };
  const scaling = scalingOf(given, 1024);
  const border = (turns: number) => (size * Math.log(length / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const [first, last] = [Math.max(0, Math.floor(border(8))), Math.min(size - 1, Math.ceil(border(1)))];
  const got = rotaryFrequencies({ base, size, scaling });
  for (let i = 0; i < size / 2; i++) {
    const stretched = Math.min(1, Math.max(0, (i - first) / (last - first)));
    const wave = base ** ((2 * i) / size);
    expect(got[i]).toBeCloseTo((1 / (factor * wave)) * stretched + (1 / wave) * (1 - stretched), 12);
  }
  const positions = tensor('positions', 'int32', [1, 1]);
  const feeds = { positions: { dtype: 'int32' as const, shape: [1, 1], data: Int32Array.of(0) } };
  const [cosine] = evaluateTensors([rotary(positions, 1, { base, size, scaling }).cos], feeds);
  expect(cosine!.data[0]).toBeCloseTo(0.1 * Math.log(factor) + 1, 12);
  expect(scalingOf({ ...given, attention_factor: 1.5 })).toMatchObject({ attention: 1.5 });
  expect(rotaryContext(1024, scaling)).toBe(1024);
});

it('dynamic scaling changes nothing up to the trained length; beyond it the base grows with the keys', () => {
  const [factor, length, size, base] = [2, 32, 8, 10_000];
  const scaling = scalingOf({ type: 'dynamic', factor });
  const positions = tensor('positions', 'int32', [1, 1]);
  const feeds = { positions: { dtype: 'int32' as const, shape: [1, 1], data: Int32Array.of(5) } };
  for (const keys of [8, 32, 33, 60]) {
    const [cosine] = evaluateTensors([rotary(positions, keys, { base, size, scaling }).cos], feeds);
    const grown = keys <= length ? base : base * ((factor * keys) / length - (factor - 1)) ** (size / (size - 2));
    for (let i = 0; i < size / 2; i++)
      expect(cosine!.data[i], `${keys} keys`).toBeCloseTo(Math.cos(5 * grown ** ((-2 * i) / size)), 6);
  }
});

it('scaling that cannot be read is refused by name', () => {
  expect(() => scalingOf({ type: 'linaer', factor: 2 })).toThrow('did you mean "linear"');
  expect(() => scalingOf({ type: 'longrope', factor: 2 })).toThrow('rope_scaling "longrope" is not supported');
  expect(() => scalingOf({ type: 'linear' })).toThrow('"factor" must be a number');
  expect(() => scalingOf({ type: 'linear', factor: 0 })).toThrow('"factor" must be above 0');
  expect(() => scalingOf({ rope_type: 'llama3', factor: 2, low_freq_factor: 4, high_freq_factor: 4 })).toThrow(
    'must be below',
  );
  const nested = { rope_parameters: { full_attention: { rope_type: 'default' } } };
  expect(() => readRotary(nested, { base: 10_000, share: 1 })).toThrow('layers of kind "full_attention"');
});
