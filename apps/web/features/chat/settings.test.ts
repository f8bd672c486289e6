// Settings: what is asked of the engine, and what is believed of what was stored.

import { samplingSchema } from '@yumo/serve';
import { expect, it } from 'vitest';
import { defaults, largestSeed, ranges, samplingOf, storedSettings } from './settings.ts';

it('asks for nothing random when the likeliest token is taken', () => {
  expect(samplingOf({ ...defaults, temperature: 0, topK: 5 }, () => 0.5)).toEqual({
    maxNewTokens: 240,
    temperature: 0,
  });
});

it('names the seed that it draws, and leaves out what is off', () => {
  const drawn = samplingOf({ ...defaults, topP: 1, topK: 0 }, () => 0.5);
  expect(drawn).toEqual({ maxNewTokens: 240, temperature: 0.8, seed: 2 ** 31 });
  expect(samplingOf({ ...defaults, seed: 7 }, () => 0.5).seed).toBe(7);
  expect(samplingOf(defaults, () => 1 - Number.EPSILON).seed).toBe(largestSeed);
});

it('asks for what the server allows, at both ends of every slider', () => {
  for (const end of [0, 1] as const) {
    const settings = {
      ...defaults,
      temperature: ranges.temperature[end],
      topK: ranges.topK[end],
      topP: ranges.topP[end],
      maxNewTokens: ranges.maxNewTokens[end],
    };
    expect(samplingSchema.safeParse(samplingOf(settings, Math.random)).error).toBeUndefined();
  }
});

it('believes stored values that are possible, and no others', () => {
  expect(storedSettings.parse({ temperature: 1.5, topK: 3.7, place: 'browser', seed: 12, model: 'm' })).toEqual({
    ...defaults,
    temperature: 1.5,
    topK: 3,
    place: 'browser',
    seed: 12,
    model: 'm',
  });
  expect(
    storedSettings.parse({ temperature: 99, topP: 'x', maxNewTokens: -1, device: 'tpu', seed: 0.5, place: 4 }),
  ).toEqual(defaults);
  expect(storedSettings.parse('nonsense')).toBeUndefined();
});
