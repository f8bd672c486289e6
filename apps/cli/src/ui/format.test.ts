// Numbers as people read them.

import { expect, test } from 'vitest';
import { bytes, count, duration, significant, whole } from './format.ts';

test('durations', () => {
  expect([0.0123, 0.34, 2.345, 9.97, 61, 754.4, 3723].map(duration)).toEqual([
    '12.3 ms',
    '340 ms',
    '2.3 s',
    '0:10',
    '1:01',
    '12:34',
    '1:02:03',
  ]);
  expect(duration(Number.POSITIVE_INFINITY)).toBe('–');
});

test('sizes and counts', () => {
  expect([0, 1023, 1536, 5 * 2 ** 30].map(bytes)).toEqual(['0 B', '1020 B', '1.5 KiB', '5 GiB']);
  expect([999, 1_820_000, 2e12].map(count)).toEqual(['999', '1.82 M', '2 T']);
  expect(whole(12345.6)).toBe('12,346');
});

test('digits that say something', () => {
  expect([0, 1.23456, 0.01234, 1e-7, 12345678, Number.NaN].map((x) => significant(x))).toEqual([
    '0',
    '1.235',
    '0.01234',
    '1.00e-7',
    '1.23e+7',
    'NaN',
  ]);
});
