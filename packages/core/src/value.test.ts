// Half floats: every one of them, what lies between two, and the ends.

import { describe, expect, it } from 'vitest';
import { halfToNumber, numberToHalf } from './value.ts';

describe('half floats', () => {
  it('survive a round trip, all 65,536 bit patterns but those of NaN', () => {
    for (let bits = 0; bits < 2 ** 16; bits++) {
      const x = halfToNumber(bits);
      if (Number.isNaN(x)) expect(Number.isNaN(halfToNumber(numberToHalf(x)))).toBe(true);
      else expect(numberToHalf(x)).toBe(bits);
    }
  });

  it('are the nearest to a number, of two the even one', () => {
    for (const bits of [0, 1, 2, 1022, 1023, 1024, 1025, 5000, 15360, 31742]) {
      const [a, b] = [halfToNumber(bits), halfToNumber(bits + 1)];
      const middle = (a + b) / 2;
      expect(numberToHalf(middle)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(numberToHalf(middle - (b - a) / 64)).toBe(bits);
      expect(numberToHalf(middle + (b - a) / 64)).toBe(bits + 1);
      expect(numberToHalf(-middle - (b - a) / 64)).toBe(0x8000 | (bits + 1));
    }
  });

  it('end at 65504', () => {
    expect(halfToNumber(numberToHalf(65519))).toBe(65504);
    expect(halfToNumber(numberToHalf(65520))).toBe(Number.POSITIVE_INFINITY);
    expect(halfToNumber(numberToHalf(-1e9))).toBe(Number.NEGATIVE_INFINITY);
    expect(halfToNumber(numberToHalf(1e-9))).toBe(0);
  });
});
