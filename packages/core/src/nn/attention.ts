// Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762, §3.2) over heads, with causal, padding and sliding-window masks.

import { addDims, type Dim, multiplyDims } from '../dimension.ts';
import {
  add,
  and,
  cast,
  concat,
  greater,
  iota,
  less,
  matmul,
  mul,
  not,
  pad,
  reshape,
  slice,
  softmax,
  sub,
  transpose,
} from '../ops/build.ts';
import { dim, fixedDim, unsqueeze } from '../ops/compose.ts';
import { integer, type Tensor } from '../tensor.ts';
import { type Dropout, drop } from './dropout.ts';

/** What is added to the score of a key that may not be seen. Finite, so that a row that sees nothing stays a number. */
export const hidden = -1e9;

/** `[batch, time, heads · size]` → `[batch, heads, time, size]`. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  const width = fixedDim(x, -1, 'splitHeads');
  // Of one position the two orders are one.
  if (dim(x, 1) === 1) return reshape(x, [dim(x, 0), heads, 1, width / heads]);
  return transpose(reshape(x, [dim(x, 0), dim(x, 1), heads, width / heads]), [0, 2, 1, 3]);
}

/** `[batch, heads, time, size]` → `[batch, time, heads · size]`. */
export function mergeHeads(x: Tensor): Tensor {
  const heads = fixedDim(x, 1, 'mergeHeads');
  const size = fixedDim(x, 3, 'mergeHeads');
  if (dim(x, 2) === 1) return reshape(x, [dim(x, 0), 1, heads * size]);
  return reshape(transpose(x, [0, 2, 1, 3]), [dim(x, 0), dim(x, 2), heads * size]);
}

export interface CausalMask {
  /** Number of queries, and of keys before the first of them. */
  readonly queries: Dim;
  readonly past: Dim;
  /** int32 `[batch, past + queries]`; 0 hides a key. Or the additive mask itself. */
  readonly attentionMask?: Tensor | undefined;
  /** Query i sees keys j with i − window < j ≤ i. */
  readonly window?: number | undefined;
}

/** Additive mask, `[1 or batch, 1, queries, keys]`; undefined where it would hide nothing: a single query sees all that is before it. */
export function causalMask({ queries, past, attentionMask, window }: CausalMask): Tensor | undefined {
  if (attentionMask?.shape.length === 4) {
    if (window !== undefined) throw new Error('internal: an additive mask for a layer with a window');
    return attentionMask;
  }
  if (queries === 1 && window === undefined) return attentionMask && paddingMask(attentionMask);
  const row = unsqueeze(iota(queries, past), -1);
  const column = unsqueeze(iota(addDims(past, queries)), 0);
  let seen = not(greater(column, row));
  if (window !== undefined) seen = and(seen, less(row, add(column, integer(window))));
  const causal = unsqueeze(unsqueeze(hide(seen), 0), 0);
  return attentionMask ? add(causal, paddingMask(attentionMask)) : causal;
}

/** Additive mask of padded keys, `[batch, 1, 1, keys]`. */
export const paddingMask = (attentionMask: Tensor): Tensor =>
  unsqueeze(unsqueeze(mul(sub(1, cast(attentionMask, 'float32')), hidden), 1), 1);

/** Additive mask of the keys that are more than `reach` positions away, to either side. `[1, 1, time, time]`. */
export function windowMask(time: Dim, reach: number): Tensor {
  const row = unsqueeze(iota(time), -1);
  const column = unsqueeze(iota(time), 0);
  const far = integer(reach);
  const seen = and(not(greater(row, add(column, far))), not(greater(column, add(row, far))));
  return unsqueeze(unsqueeze(hide(seen), 0), 0);
}

const hide = (seen: Tensor): Tensor => mul(sub(1, cast(seen, 'float32')), hidden);

export interface AttentionOptions {
  /** Factor of the scores; 1/√size unless given. */
  readonly scale?: number;
  readonly mask?: Tensor | undefined;
  readonly dropout?: Dropout | undefined;
  readonly dropoutRate?: number;
  readonly place?: string;
}

/**
 * softmax(scale · q kᵀ + mask) v. All `[batch, heads, time, size]`; the probabilities are `[batch, heads, queries, keys]`. Keys and values may have
 * fewer heads: then head h reads their head ⌊h / (heads / keyValueHeads)⌋ (Ainslie et al. 2023, arXiv:2305.13245). They are not repeated: the queries
 * of the heads that share one stand below each other as the rows of one product.
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): { output: Tensor; probabilities: Tensor } {
  const { scale = 1 / Math.sqrt(fixedDim(q, -1, 'attention')), mask, dropout, dropoutRate = 0, place = '' } = options;
  const [batch, heads, queries, keys] = [dim(q, 0), fixedDim(q, 1, 'attention'), dim(q, 2), dim(k, 2)];
  const shared = fixedDim(k, 1, 'attention');
  const rows = multiplyDims(heads / shared, queries);
  const grouped = (x: Tensor, width: Dim): Tensor => (shared === heads ? x : reshape(x, [batch, shared, rows, width]));
  const apart = (x: Tensor, width: Dim): Tensor => (shared === heads ? x : reshape(x, [batch, heads, queries, width]));
  const scores = apart(matmul(grouped(q, dim(q, 3)), k, { transposeB: true, scale }), keys);
  const probabilities = softmax(mask ? add(scores, mask) : scores);
  const read = grouped(drop(dropout, probabilities, dropoutRate, place), keys);
  return { output: apart(matmul(read, v), dim(v, 3)), probabilities };
}

/** Contexts from this length on are attended in two blocks of rows: the first half of the queries sees no key of the second. */
const blockedFrom = 128;

/**
 * Causal attention of a whole sequence of known length, no cache and no padding: a quarter of the products and of the softmax is never computed
 * (1.06 × the speed of a training step at 256 tokens; docs/log.md).
 */
export function causalAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions & { window?: number | undefined } = {},
): { output: Tensor; probabilities: Tensor } {
  const time = dim(q, 2);
  const { window, place = '', ...rest } = options;
  if (typeof time !== 'number' || time < blockedFrom) {
    return attention(q, k, v, { ...options, mask: causalMask({ queries: time, past: 0, window }) });
  }
  const half = Math.ceil(time / 2);
  const upper = attention(slice(q, 2, 0, half), slice(k, 2, 0, half), slice(v, 2, 0, half), {
    ...rest,
    place: `${place}.0`,
    mask: causalMask({ queries: half, past: 0, window }),
  });
  const lower = attention(slice(q, 2, half, time), k, v, {
    ...rest,
    place: `${place}.1`,
    mask: causalMask({ queries: time - half, past: half, window }),
  });
  return {
    output: concat([upper.output, lower.output], 2),
    probabilities: concat([pad(upper.probabilities, 3, 0, time - half), lower.probabilities], 2),
  };
}
