// Relative position biases in buckets (Raffel et al. 2020, arXiv:1910.10683, §2.1): one learned number a head and bucket of distances.

import { addDims, type Dim } from '../dimension.ts';
import { add, gather, iota, maximum, minimum, sub, transpose } from '../ops/build.ts';
import { unsqueeze } from '../ops/compose.ts';
import { constant, integer, type Tensor } from '../tensor.ts';

export interface RelativeBuckets {
  readonly buckets: number;
  /** Distances from here on share the last bucket. */
  readonly maxDistance: number;
  /** Keys after the query have buckets of their own, half of them; otherwise they share the bucket of distance 0. */
  readonly bidirectional: boolean;
}

/**
 * The bucket of key position − query position: half of the buckets hold one distance each, the rest grow logarithmically.
 * In single precision, as the published models were trained: at powers of two the last digit decides.
 */
export function relativeBucket(relative: number, { buckets, maxDistance, bidirectional }: RelativeBuckets): number {
  const side = bidirectional ? buckets >> 1 : buckets;
  const offset = bidirectional && relative > 0 ? side : 0;
  const distance = bidirectional ? Math.abs(relative) : Math.max(-relative, 0);
  const exact = side >> 1;
  if (distance < exact) return offset + distance;
  const { fround } = Math;
  const share = fround(fround(Math.log(fround(distance / exact))) / fround(Math.log(maxDistance / exact)));
  return offset + Math.min(exact + Math.trunc(fround(share * (side - exact))), side - 1);
}

/**
 * Biases of queries past … past + queries − 1 against all keys up to there, `[1, heads, queries, past + queries]`.
 * @param table `[buckets, heads]`
 */
export function relativeBias(table: Tensor, queries: Dim, past: Dim, options: RelativeBuckets): Tensor {
  const far = options.maxDistance;
  // Every bucket is looked up in one table of 2 · far + 1 distances: no logarithms at run time.
  const data = Int32Array.from({ length: 2 * far + 1 }, (_, i) => relativeBucket(i - far, options));
  const relative = sub(unsqueeze(iota(addDims(past, queries)), 0), unsqueeze(iota(queries, past), 1));
  const near = add(maximum(minimum(relative, integer(far)), integer(-far)), integer(far));
  const bucket = gather(constant({ dtype: 'int32', shape: [data.length], data }), near);
  return unsqueeze(transpose(gather(table, bucket), [2, 0, 1]), 0);
}
