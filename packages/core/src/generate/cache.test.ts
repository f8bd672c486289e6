// The cache against plain copies: what each row holds after growing, reordering, repeating and dropping.

import { describe, expect, it } from 'vitest';
import { sizeOf, type Value } from '../value.ts';
import { cacheNames, KeyValueCache } from './cache.ts';
import { uniformAt } from './sampling.ts';

const [heads, size] = [2, 3];
/** Numbers that tell row, step, layer and part apart. */
const step = (rows: number, count: number, salt: number): Value[] =>
  cacheNames(2, 'new_key_values').map((_, tensor) => {
    const shape = [rows, heads, count, size];
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => uniformAt(salt, tensor, i));
    return { dtype: 'float32', shape, data };
  });

/** `[row][tensor][head]` → the numbers of all positions in use. */
type Plain = number[][][][];
const positions = (v: Value, row: number, head: number, from: number, to: number): number[] => {
  const slots = v.shape[2]!;
  const at = (row * heads + head) * slots * size;
  return [...(v.data as Float32Array).slice(at + from * size, at + to * size)];
};

describe.each([true, false])('with empty slots: %s', (slack) => {
  it('holds for each row what that row was given, through any order of rows', () => {
    const cache = new KeyValueCache({ layers: 2, keyValueHeads: heads, headSize: size, slack }, 2);
    let plain: Plain = [0, 1].map(() => Array.from({ length: 4 }, () => [[], []]));
    let places = [0, 1];
    const orders = [[0, 1], [1, 0], [0, 0, 1, 1], [3, 1, 1, 0], [2, 2, 2, 2], [3, 0], [1], [0, 0, 0]];
    // Beams: rows that have much in common, and differ at the end.
    for (let salt = orders.length; salt < 40; salt++) {
      const before = orders.at(-1)!.length;
      const rows = 1 + Math.floor(5 * uniformAt(8, salt));
      orders.push(Array.from({ length: rows }, (_, row) => Math.floor(before * uniformAt(9, salt, row))));
    }
    orders.forEach((order, salt) => {
      const count = salt === 0 ? 5 : 1;
      const added = step(places.length, count, salt);
      plain = plain.map((row, r) =>
        row.map((tensor, i) => tensor.map((all, h) => [...all, ...positions(added[i]!, places[r]!, h, 0, count)])),
      );
      cache.append(added, count);
      plain = order.map((r) => plain[r]!);
      places = cache.take(order.map((r) => places[r]!));
      expect(new Set(places)).toEqual(new Set(order.map((_, i) => i)));
      const fed = Object.values(cache.feeds());
      expect(cache.capacity === cache.length || slack).toBe(true);
      plain.forEach((row, r) => {
        row.forEach((tensor, i) => {
          tensor.forEach((all, h) => {
            expect(fed[i]!.shape).toEqual([order.length, heads, cache.capacity, size]);
            expect(positions(fed[i]!, places[r]!, h, 0, cache.length)).toEqual(all);
            const unused = positions(fed[i]!, places[r]!, h, cache.length, cache.capacity);
            expect(unused.every(Number.isFinite)).toBe(true);
          });
        });
      });
    });
  });
});

it('compacts: slots that stay move together, and rows go on from there', () => {
  const cache = new KeyValueCache({ layers: 2, keyValueHeads: heads, headSize: size, slack: true }, 2);
  const before = step(2, 7, 1);
  cache.append(before, 7);
  const kept = [
    [0, 1, 3, 4, 6],
    [2, 5],
  ];
  cache.compact(kept);
  expect(cache.length).toBe(5);
  const next = step(2, 2, 2);
  cache.append(next, 2);
  expect(cache.take([1, 1])).toEqual([1, 0]);
  for (const [i, fed] of Object.values(cache.feeds()).entries())
    for (const place of [0, 1])
      for (let head = 0; head < heads; head++) {
        const old = positions(before[i]!, 1, head, 0, 7);
        const stayed = kept[1]!.flatMap((slot) => old.slice(slot * size, (slot + 1) * size));
        expect(positions(fed, place, head, 0, 2)).toEqual(stayed);
        expect(positions(fed, place, head, 5, 7)).toEqual(positions(next[i]!, 1, head, 0, 2));
      }
});

it('moves only rows that are repeated', () => {
  const cache = new KeyValueCache({ layers: 1, keyValueHeads: 1, headSize: 1, slack: true }, 4);
  cache.append(
    ['k', 'v'].map(() => ({ dtype: 'float32', shape: [4, 1, 1, 1], data: Float32Array.of(1, 2, 3, 4) })),
    1,
  );
  expect(cache.take([3, 2, 0, 1])).toEqual([3, 2, 0, 1]); // a row's place is its own, whatever its rank
  expect(cache.take([2, 2, 3, 0])).toEqual([2, 1, 3, 0]);
});

it('lets a repeated row take the place of one that began alike', () => {
  const cache = new KeyValueCache({ layers: 1, keyValueHeads: 1, headSize: 1, slack: true }, 2);
  const added = (rows: number): Value[] =>
    ['k', 'v'].map(() => ({ dtype: 'float32', shape: [rows, 1, 1, 1], data: new Float32Array(rows) }));
  cache.append(added(2), 1);
  // Two texts of two beams each: the second of each goes where there is room.
  expect(cache.take([0, 0, 1, 1])).toEqual([0, 2, 1, 3]);
  cache.append(added(4), 1);
  // Places 1 and 2 fall free: 2 was of the first text, 1 of the second.
  expect(cache.take([0, 0, 3, 3])).toEqual([0, 2, 3, 1]);
});
