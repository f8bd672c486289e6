// Examples of different lengths as batches: neighbours in length together, padded to one of few lengths, in an order that is a function of the seed and the step.

import type { Value } from '@yumo/core';
import type { Batch, BatchOrder } from '../objectives/objective.ts';
import { permuted, streamKey } from '../random.ts';
import type { KeptExamples } from './kept.ts';

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
export const lengthsOf = (example: Example, columns: Columns): Record<string, number> => {
  const lengths: Record<string, number> = {};
  for (const [name, { axis }] of Object.entries(columns))
    if (axis !== undefined) lengths[axis] = Math.max(lengths[axis] ?? 0, example[name]!.length);
  return lengths;
};

/** Lengths at even quantiles of the examples, so that every bucket has as much to do; multiples of eight. */
export function bucketsOf({ lengths }: Pick<KeptExamples, 'lengths'>, count: number): Buckets {
  return Object.fromEntries(
    Object.entries(lengths).map(([axis, of]) => {
      const sorted = Uint32Array.from(of).sort();
      const at = (share: number): number =>
        roundedUp(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 1);
      return [axis, Array.from({ length: count }, (_, i) => at((i + 1) / count))];
    }),
  );
}

/** The first bucket in which an example fits; the last one where none is large enough. */
function bucketIn(buckets: Buckets, lengthOn: (axis: string) => number): number {
  let index = 0;
  for (const [axis, sizes] of Object.entries(buckets)) {
    const found = sizes.findIndex((size) => size >= lengthOn(axis));
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
  const bucket = Math.max(0, ...lengths.map((l) => bucketIn(buckets, (axis) => l[axis]!)));
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

export interface EvaluationOptions {
  readonly columns: Columns;
  readonly buckets: Buckets;
  /** Rows of a run. */
  readonly batch: number;
  readonly countTokens: (e: Example) => number;
}

export interface OrderOptions extends EvaluationOptions {
  /** Runs of a step. */
  readonly accumulate: number;
  readonly seed: number;
}

/** Orders examples by the bucket they fall into, then by their length on the first axis, then by their place. */
function byLength({ lengths }: KeptExamples, buckets: Buckets): (a: number, b: number) => number {
  const [first] = Object.values(lengths);
  const bucketAt = (n: number): number => bucketIn(buckets, (axis) => lengths[axis]![n]!);
  return (a, b) => bucketAt(a) - bucketAt(b) || (first ? first[a]! - first[b]! : 0);
}

/**
 * Every example once an epoch, in random order. Examples of {@link stepsInPool} steps are sorted by length and cut into steps, which come in
 * random order; a step's examples are the same however it is cut into runs. Only lengths are looked at for that: of the contents those of
 * the run asked for are read, and where reading takes time, those of the next one meanwhile.
 */
export function bucketedOrder(examples: KeptExamples, options: OrderOptions): BatchOrder {
  const { columns, buckets, batch, accumulate, seed, countTokens } = options;
  const count = examples.length;
  const step = batch * accumulate;
  const poolSize = step * stepsInPool;
  const compare = byLength(examples, buckets);
  let pool: { readonly number: number; readonly steps: readonly (readonly number[])[] } | undefined;

  const poolAt = (number: number): readonly (readonly number[])[] => {
    if (pool?.number === number) return pool.steps;
    const drawn = Array.from({ length: poolSize }, (_, i) => {
      const draw = number * poolSize + i;
      return permuted(streamKey(seed, `order ${Math.floor(draw / count)}`), draw % count, count);
    });
    drawn.sort(compare); // stable: of equals those drawn first
    const order = streamKey(seed, `pool ${number}`);
    const steps = Array.from({ length: stepsInPool }, (_, i) => {
      const at = permuted(order, i, stepsInPool) * step;
      return drawn.slice(at, at + step);
    });
    pool = { number, steps };
    return steps;
  };
  const read = (index: number) => {
    const stepNumber = Math.floor(index / accumulate);
    const run = index % accumulate;
    const numbers = poolAt(Math.floor(stepNumber / stepsInPool))[stepNumber % stepsInPool]!;
    return examples.read(numbers.slice(run * batch, (run + 1) * batch));
  };
  const made = (found: readonly Example[]): Batch => batchOf(found, columns, buckets, countTokens);
  let ahead: { readonly index: number; readonly found: ReturnType<typeof read> } | undefined;

  return {
    rowsPerEpoch: count,
    batch(index) {
      const found = ahead?.index === index ? ahead.found : read(index);
      if (!(found instanceof Promise)) return made(found);
      const next = read(index + 1);
      if (next instanceof Promise) next.catch(() => undefined); // told when its turn comes
      ahead = { index: index + 1, found: next };
      return found.then(made);
    },
  };
}

/** Every example once, neighbours in length together. The last batch is filled up with rows that count nothing. */
export async function* evaluationBatches(
  examples: KeptExamples,
  { columns, buckets, batch, countTokens }: EvaluationOptions,
): AsyncGenerator<Batch> {
  const compare = byLength(examples, buckets);
  const order = Uint32Array.from({ length: examples.length }, (_, i) => i).sort((a, b) => compare(a, b) || a - b);
  for (let at = 0; at < order.length; at += batch) {
    const numbers = [...order.subarray(at, at + batch)];
    const given = await examples.read(numbers);
    const rows = Array.from({ length: batch }, (_, row) => given[row]);
    yield { ...batchOf(rows, columns, buckets, countTokens), examples: numbers, given };
  }
}
