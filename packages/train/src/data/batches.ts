// Token streams as batches: packed to full context, in an order that is a function of the seed and the step.

import type { Value } from '@yumo/core';
import type { Batch } from '../objectives/objective.ts';
import { permuted, randomUniform, streamKey } from '../random.ts';

/** Inputs and labels of one run, `[rows, context]`: the label of a position is the next token; −100 where there is none. */
export interface StreamRows {
  readonly inputIds: Int32Array;
  readonly labels: Int32Array;
}

export const ignoredLabel = -100;

/** Rows of a stream. Nothing is kept between calls, so the cursor of a resumed run is the step number. */
export interface StreamOrder {
  /** Rows in one pass over the stream. */
  readonly rowsPerEpoch: number;
  /** @param index number of the batch since the start of training. */
  batch(index: number): StreamRows;
}

/** As feeds of a graph. */
export function streamBatch({ inputIds, labels }: StreamRows, rows: number): Batch {
  const ids = (data: Int32Array): Value => ({ dtype: 'int32', shape: [rows, data.length / rows], data });
  return { feeds: { input_ids: ids(inputIds), labels: ids(labels) }, tokens: inputIds.length };
}

/**
 * Rows of `context` tokens in random order, every row once an epoch. The cut of an epoch into rows starts at a random token, so that
 * no two epochs see the same rows.
 * @param stream more than `context` tokens.
 */
export function shuffledRows(stream: Int32Array, rows: number, context: number, seed: number): StreamOrder {
  const whole = Math.floor((stream.length - 1) / context);
  const rowsPerEpoch = Math.max(1, whole - 1);
  const slack = stream.length - 1 - rowsPerEpoch * context;
  return {
    rowsPerEpoch,
    batch(index) {
      const inputIds = new Int32Array(rows * context);
      const labels = new Int32Array(rows * context);
      for (let row = 0; row < rows; row++) {
        const number = index * rows + row;
        const epoch = Math.floor(number / rowsPerEpoch);
        const key = streamKey(seed, `order ${epoch}`);
        const offset = Math.floor(randomUniform(key, 0) * (slack + 1));
        const start = offset + permuted(key, number % rowsPerEpoch, rowsPerEpoch) * context;
        inputIds.set(stream.subarray(start, start + context), row * context);
        labels.set(stream.subarray(start + 1, start + 1 + context), row * context);
      }
      return { inputIds, labels };
    },
  };
}

/** The whole stream in order, every token but the first predicted once. The last batch is filled up with rows that count nothing. */
export function* orderedRows(stream: Int32Array, rows: number, context: number): Generator<StreamRows> {
  const predicted = stream.length - 1;
  for (let start = 0; start < predicted; start += rows * context) {
    const end = Math.min(predicted, start + rows * context);
    const inputIds = new Int32Array(rows * context);
    const labels = new Int32Array(rows * context).fill(ignoredLabel);
    inputIds.set(stream.subarray(start, end));
    labels.set(stream.subarray(start + 1, end + 1));
    yield { inputIds, labels };
  }
}
