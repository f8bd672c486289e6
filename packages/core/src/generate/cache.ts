// Rows of cached keys and values: which row continues which.

import { allocate, type Data, sizeOf, type Value } from '../value.ts';

/** Rows of the first axis, in the given order; a row may be taken several times, or not at all. */
export function takeRows(v: Value, rows: readonly number[]): Value {
  const [, ...rest] = v.shape;
  const width = sizeOf(rest);
  const data = allocate(v.dtype, rows.length * width);
  rows.forEach((from, to) => {
    const row = v.data.subarray(from * width, (from + 1) * width);
    (data as { set(source: Data, at: number): void }).set(row, to * width); // both are arrays of v's type
  });
  return { dtype: v.dtype, shape: [rows.length, ...rest], data };
}

/** The first `length` positions of keys or values `[batch, heads, time, size]`. */
export function takePositions(v: Value, length: number): Value {
  const [batch, heads, time, size] = v.shape as [number, number, number, number];
  if (length === time) return v;
  const data = allocate(v.dtype, batch * heads * length * size);
  for (let i = 0; i < batch * heads; i++) {
    const kept = v.data.subarray(i * time * size, (i * time + length) * size);
    (data as { set(source: Data, at: number): void }).set(kept, i * length * size); // as above
  }
  return { dtype: v.dtype, shape: [batch, heads, length, size], data };
}

/** True when the rows are 0, 1, … n − 1: nothing to move. */
export const isIdentity = (rows: readonly number[], n: number): boolean =>
  rows.length === n && rows.every((from, to) => from === to);
