// Examples of different lengths as batches: neighbours in length together, padded to one of few lengths, in an order that is a function of the seed and the step.

import type { Value } from '@yumo/core';
import type { Batch, BatchOrder } from '../objectives/objective.ts';
import { permuted, streamKey } from '../random.ts';

/** A list of numbers of an example that is as long as others: `input_ids` and `attention_mask` share an axis. */
export type Example = Readonly<Record<string, Int32Array | Float32Array>>;

/** How a column of examples becomes an input `[rows, length]`, or `[rows]` for single numbers. */
export interface Column {
  /** Columns of one axis are padded to one length. Absent: every example has the same number of entries. */
  readonly axis?: string;
  readonly padding: number;
  /** Single numbers become `[rows]` instead of `[rows, 1]`. */
  readonly scalar?: boolean;
}

export type Columns = Readonly<Record<string, Column>>;

/** The lengths that examples are padded to, by axis: entry i of all axes belongs together, so that there are as many shapes as entries. */
export type Buckets = Readonly<Record<string, readonly number[]>>;

const roundedUp = (n: number): number => Math.max(8, Math.ceil(n / 8) * 8);

/** Length of an example along each axis. */
const lengthsOf = (example: Example, columns: Columns): Record<string, number> => {
  const lengths: Record<string, number> = {};
  for (const [name, { axis }] of Object.entries(columns))
    if (axis !== undefined) lengths[axis] = Math.max(lengths[axis] ?? 0, example[name]!.length);
  return lengths;
};

/** Lengths at even quantiles of the examples, so that every bucket has as much to do; multiples of eight. */
export function bucketsOf(examples: readonly Example[], columns: Columns, count: number): Buckets {
  const axes = [...new Set(Object.values(columns).flatMap((c) => c.axis ?? []))];
  const lengths = examples.map((e) => lengthsOf(e, columns));
  return Object.fromEntries(
    axes.map((axis) => {
      const sorted = Float64Array.from(lengths, (l) => l[axis]!).sort();
      const at = (share: number): number =>
        roundedUp(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 1);
      return [axis, Array.from({ length: count }, (_, i) => at((i + 1) / count))];
    }),
  );
}

/** The first bucket in which an example fits; the last one where none is large enough. */
function bucketIn(buckets: Buckets, lengths: Readonly<Record<string, number>>): number {
  let index = 0;
  for (const [axis, sizes] of Object.entries(buckets)) {
    const found = sizes.findIndex((size) => size >= lengths[axis]!);
    index = Math.max(index, found < 0 ? sizes.length - 1 : found);
  }
  return index;
}

/** Puts examples into one batch. Rows that are missing repeat the padding, with one real token, so that nothing is divided by zero. */
export function batchOf(
  examples: readonly (Example | undefined)[],
  columns: Columns,
  buckets: Buckets,
  countTokens: (e: Example) => number,
): Batch {
  const present = examples.filter((e) => e !== undefined);
  const lengths = present.map((e) => lengthsOf(e, columns));
  const bucket = Math.max(0, ...lengths.map((l) => bucketIn(buckets, l)));
  // Beyond the last bucket (a longer validation example) the length is its own.
  const sizeOn = (axis: string): number =>
    Math.max(buckets[axis]![bucket]!, roundedUp(Math.max(0, ...lengths.map((l) => l[axis]!))));
  const feeds: Record<string, Value> = {};
  for (const [name, { axis, padding, scalar }] of Object.entries(columns)) {
    const first = present[0]![name]!;
    const width = axis === undefined ? first.length : sizeOn(axis);
    const size = examples.length * width;
    const data = first instanceof Float32Array ? new Float32Array(size) : new Int32Array(size);
    data.fill(padding);
    examples.forEach((e, row) => {
      if (e) data.set(e[name]!, row * width);
      else if (name === 'attention_mask') data[row * width] = 1;
    });
    const shape = scalar ? [examples.length] : [examples.length, width];
    feeds[name] = data instanceof Float32Array ? { dtype: 'float32', shape, data } : { dtype: 'int32', shape, data };
  }
  return { feeds, tokens: present.reduce((n, e) => n + countTokens(e), 0) };
}

/** Steps whose examples are sorted by length together. */
const stepsInPool = 24;

export interface OrderOptions {
  readonly columns: Columns;
  readonly buckets: Buckets;
  /** Rows of a run, and runs of a step. */
  readonly batch: number;
  readonly accumulate: number;
  readonly seed: number;
  readonly countTokens: (e: Example) => number;
}

/**
 * Every example once an epoch, in random order. Examples of {@link stepsInPool} steps are sorted by length and cut into steps, which come in
 * random order; a step's examples are the same however it is cut into runs.
 * @param exampleAt number n of the endless sequence of epochs: its example may differ from epoch to epoch (masks are drawn anew).
 */
export function bucketedOrder(
  count: number,
  exampleAt: (index: number, draw: number) => Example,
  { columns, buckets, batch, accumulate, seed, countTokens }: OrderOptions,
): BatchOrder {
  const step = batch * accumulate;
  const poolSize = step * stepsInPool;
  let pool: { readonly number: number; readonly steps: readonly (readonly Example[])[] } | undefined;

  const poolAt = (number: number): readonly (readonly Example[])[] => {
    if (pool?.number === number) return pool.steps;
    const drawn = Array.from({ length: poolSize }, (_, i) => {
      const draw = number * poolSize + i;
      const key = streamKey(seed, `order ${Math.floor(draw / count)}`);
      const example = exampleAt(permuted(key, draw % count, count), draw);
      return { example, lengths: lengthsOf(example, columns), i };
    });
    const keyed = drawn.map((d) => ({
      ...d,
      bucket: bucketIn(buckets, d.lengths),
      first: Object.values(d.lengths)[0] ?? 0,
    }));
    keyed.sort((a, b) => a.bucket - b.bucket || a.first - b.first || a.i - b.i);
    const order = streamKey(seed, `pool ${number}`);
    const steps = Array.from({ length: stepsInPool }, (_, i) => {
      const at = permuted(order, i, stepsInPool) * step;
      return keyed.slice(at, at + step).map((d) => d.example);
    });
    pool = { number, steps };
    return steps;
  };

  return {
    rowsPerEpoch: count,
    batch(index) {
      const stepNumber = Math.floor(index / accumulate);
      const examples = poolAt(Math.floor(stepNumber / stepsInPool))[stepNumber % stepsInPool]!;
      const run = index % accumulate;
      return batchOf(examples.slice(run * batch, (run + 1) * batch), columns, buckets, countTokens);
    },
  };
}

/** Every example once, neighbours in length together. The last batch is filled up with rows that count nothing. */
export function* evaluationBatches(
  examples: readonly Example[],
  { columns, buckets, batch, countTokens }: Omit<OrderOptions, 'accumulate' | 'seed'>,
): Generator<Batch> {
  const keyed = examples.map((e, i) => {
    const lengths = lengthsOf(e, columns);
    return { i, bucket: bucketIn(buckets, lengths), first: Object.values(lengths)[0] ?? 0 };
  });
  keyed.sort((a, b) => a.bucket - b.bucket || a.first - b.first || a.i - b.i);
  for (let at = 0; at < keyed.length; at += batch) {
    const numbers = keyed.slice(at, at + batch).map((k) => k.i);
    const rows = Array.from({ length: batch }, (_, row) =>
      row < numbers.length ? examples[numbers[row]!] : undefined,
    );
    yield { ...batchOf(rows, columns, buckets, countTokens), examples: numbers };
  }
}

/** FNV-1a over all numbers of examples. */
export function fingerprintOf(...sets: readonly (readonly Example[])[]): string {
  let hash = 0x811c9dc5;
  const words = new Float32Array(1);
  const bits = new Int32Array(words.buffer);
  for (const examples of sets) {
    hash = Math.imul(hash ^ examples.length, 0x01000193);
    for (const example of examples)
      for (const column of Object.values(example))
        for (const x of column) {
          if (column instanceof Float32Array) words[0] = x;
          else bits[0] = x;
          hash = Math.imul(hash ^ bits[0]!, 0x01000193);
        }
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
