// Rows in an order that is fast and honest: chunks of similar length, and every beginning of the order a fair sample of the whole.

import { isYumoError } from '@yumo/core';
import { permuted, streamKey } from '../random.ts';
import type { EvaluationProgress } from './evaluation.ts';

/** Chunks that are drawn together and sorted by length: padding costs little, and time left is guessed well. */
const batchesInPool = 32;

export interface ChunkOptions {
  /** Rows that are computed together. */
  readonly batchSize: number;
  /** About how much work a row is. */
  readonly length: (row: number) => number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
}

/**
 * Computes a result for each of `count` rows, chunk by chunk.
 * @returns the results by row; undefined where the signal came first.
 * @throws what `run` throws, except `ABORTED`
 */
export async function inChunks<Result>(
  count: number,
  { batchSize, length, signal, onProgress }: ChunkOptions,
  run: (rows: readonly number[]) => Promise<readonly Result[]>,
): Promise<(Result | undefined)[]> {
  const results: (Result | undefined)[] = new Array(count).fill(undefined);
  let done = 0;
  for (const rows of chunksOfRows(count, batchSize, length)) {
    if (signal?.aborted) break;
    try {
      const found = await run(rows);
      for (const [i, row] of rows.entries()) results[row] = found[i];
    } catch (error) {
      if (signal?.aborted && isYumoError(error) && error.code === 'ABORTED') break;
      throw error;
    }
    done += rows.length;
    onProgress?.({ done, total: count });
  }
  return results;
}

/** Row numbers, shuffled into pools that are sorted by length and cut into chunks. */
export function* chunksOfRows(count: number, batchSize: number, length: (row: number) => number): Generator<number[]> {
  const key = streamKey(0, 'evaluation order');
  const order = Array.from({ length: count }, (_, i) => permuted(key, i, count));
  const pool = batchSize * batchesInPool;
  for (let at = 0; at < count; at += pool) {
    const rows = order.slice(at, at + pool).sort((a, b) => length(a) - length(b) || a - b);
    for (let i = 0; i < rows.length; i += batchSize) yield rows.slice(i, i + batchSize);
  }
}
