// Rotary positions: which configurations cannot be built, and what the frequencies are.

import { expect, it } from 'vitest';
import { rotaryFrequencies } from './position.ts';

it('rotary frequencies fall from 1 by equal ratios', () => {
  const frequencies = rotaryFrequencies({ base: 10_000, size: 8 });
  [1, 0.1, 0.01, 0.001].forEach((f, i) => void expect(frequencies[i]).toBeCloseTo(f, 12));
});

it('a share that turns an odd number of each head is refused by name', () => {
  expect(() => rotaryFrequencies({ base: 10_000, size: 1 })).toThrow('but 1 of each head would be turned');
});
