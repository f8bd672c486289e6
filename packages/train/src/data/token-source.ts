// Token streams that may lie in memory or on disk, and their rows in shuffled order with a bounded buffer.

import { permuted, randomUniform, streamKey } from '../random.ts';
import type { StreamRows } from './batches.ts';

/** A stream of token ids that is read in pieces. */
export interface TokenSource {
  /** Tokens in all. */
  readonly length: number;
  /** Tokens `start` … `start + count − 1`, all of which are there. */
  read(start: number, count: number): Promise<Int32Array>;
}

/** Batches that may have to be waited for. */
export interface StreamedOrder {
  /** Rows in one pass over the stream. */
  readonly rowsPerEpoch: number;
  /** @param index number of the batch since the start of training. */
  batch(index: number): Promise<StreamRows>;
}

export const memorySource = (stream: Int32Array): TokenSource => ({
  length: stream.length,
  read: async (start, count) => stream.subarray(start, start + count),
});

/** Neighbouring rows that are read at once. */
const chunkRows = 64;

/**
 * Rows of `context` tokens, every row once an epoch, in an order that needs no more than a buffer of rows in memory: chunks of neighbouring
 * rows are drawn from the whole stream until the buffer is full, and its rows are shuffled. A stream no longer than the buffer is shuffled
 * as a whole. The cut of an epoch into rows starts at a random token. Row number → place is a function of the seed, so that the cursor of
 * a resumed run is the step number.
 *
 * @param source more than `context` tokens.
 * @param bufferRows held at once, and once more while the next are read.
 */
export function bufferedRows(
  source: TokenSource,
  rows: number,
  context: number,
  seed: number,
  bufferRows: number,
): StreamedOrder {
  const whole = Math.floor((source.length - 1) / context);
  const rowsPerEpoch = Math.max(1, whole - 1);
  const slack = source.length - 1 - rowsPerEpoch * context;
  const chunks = Math.ceil(rowsPerEpoch / chunkRows);
  const chunksPerBuffer = Math.max(1, Math.floor(bufferRows / chunkRows));
  const buffersPerEpoch = Math.ceil(chunks / chunksPerBuffer);

  /** The chunks of one buffer, and how many rows they are. Only the last chunk of the stream may be shorter. */
  const layout = (key: number, buffer: number): { starts: number[]; sizes: number[]; total: number } => {
    const first = buffer * chunksPerBuffer;
    const count = Math.min(chunksPerBuffer, chunks - first);
    const starts = Array.from({ length: count }, (_, i) => permuted(key, first + i, chunks) * chunkRows);
    const sizes = starts.map((start) => Math.min(chunkRows, rowsPerEpoch - start));
    return { starts, sizes, total: sizes.reduce((a, b) => a + b, 0) };
  };

  const held = new Map<string, Promise<Int32Array>>();
  /** The rows of a buffer, `context + 1` tokens each. At most three buffers are kept: those in use, and the next. */
  const load = (epoch: number, buffer: number): Promise<Int32Array> => {
    const name = `${epoch}/${buffer}`;
    const known = held.get(name);
    if (known) return known;
    const key = streamKey(seed, `order ${epoch}`);
    const offset = Math.floor(randomUniform(key, 0) * (slack + 1));
    const { starts, sizes, total } = layout(key, buffer);
    const loading = (async () => {
      const filled = new Int32Array(total * (context + 1));
      let at = 0;
      for (const [i, start] of starts.entries()) {
        const tokens = await source.read(offset + start * context, sizes[i]! * context + 1);
        for (let row = 0; row < sizes[i]!; row++, at += context + 1)
          filled.set(tokens.subarray(row * context, row * context + context + 1), at);
      }
      return filled;
    })();
    loading.catch(() => held.delete(name)); // whoever waits for it is told; a later call tries again
    held.set(name, loading);
    for (const old of held.keys()) {
      if (held.size <= 3) break;
      held.delete(old);
    }
    return loading;
  };

  /** Rows before each buffer of an epoch; computed once an epoch. */
  let counted: { epoch: number; before: number[] } | undefined;
  const placeOf = (number: number): { epoch: number; buffer: number; row: number; total: number } => {
    const epoch = Math.floor(number / rowsPerEpoch);
    const inEpoch = number % rowsPerEpoch;
    if (counted?.epoch !== epoch) {
      const key = streamKey(seed, `order ${epoch}`);
      const before = [0];
      for (let b = 0; b < buffersPerEpoch; b++) before.push(before[b]! + layout(key, b).total);
      counted = { epoch, before };
    }
    // All buffers but the one with the short chunk and the last are equally long, so the guess is off by one at most.
    let buffer = Math.min(buffersPerEpoch - 1, Math.floor(inEpoch / (chunksPerBuffer * chunkRows)));
    while (counted.before[buffer + 1]! <= inEpoch) buffer++;
    while (counted.before[buffer]! > inEpoch) buffer--;
    const start = counted.before[buffer]!;
    return { epoch, buffer, row: inEpoch - start, total: counted.before[buffer + 1]! - start };
  };

  return {
    rowsPerEpoch,
    async batch(index) {
      const inputIds = new Int32Array(rows * context);
      const labels = new Int32Array(rows * context);
      for (let row = 0; row < rows; row++) {
        const place = placeOf(index * rows + row);
        const filled = await load(place.epoch, place.buffer);
        const key = streamKey(seed, `buffer ${place.epoch} ${place.buffer}`);
        const start = permuted(key, place.row, place.total) * (context + 1);
        inputIds.set(filled.subarray(start, start + context), row * context);
        labels.set(filled.subarray(start + 1, start + 1 + context), row * context);
      }
      // The next buffer is read while this one's rows are trained on.
      const { epoch, buffer } = placeOf((index + 1) * rows - 1);
      void load(...(buffer + 1 < buffersPerEpoch ? ([epoch, buffer + 1] as const) : ([epoch + 1, 0] as const)));
      return { inputIds, labels };
    },
  };
}

/** The whole stream in order, every token but the first predicted once. The last batch is filled up with rows that count nothing. */
export async function* orderedSourceRows(
  source: TokenSource,
  rows: number,
  context: number,
  ignored: number,
): AsyncGenerator<StreamRows> {
  const predicted = source.length - 1;
  for (let start = 0; start < predicted; start += rows * context) {
    const count = Math.min(rows * context, predicted - start);
    const tokens = await source.read(start, count + 1);
    const inputIds = new Int32Array(rows * context);
    const labels = new Int32Array(rows * context).fill(ignored);
    inputIds.set(tokens.subarray(0, count));
    labels.set(tokens.subarray(1));
    yield { inputIds, labels };
  }
}
