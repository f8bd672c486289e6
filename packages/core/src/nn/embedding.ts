// Look-up of learned rows by id.

import { detach, equal, gather, where } from '../ops/build.ts';
import { unsqueeze } from '../ops/compose.ts';
import { integer, type Tensor } from '../tensor.ts';
import { type Initializer, normal, type Scope } from './scope.ts';

/** `weight`, `[rows, width]`. Asked for again by a tied output layer. */
export const embeddingTable = (
  s: Scope,
  rows: number,
  width: number,
  initializer: Initializer = normal(0.02),
): Tensor => s.param('weight', [rows, width], initializer);

/**
 * ids int32 `[...]` → `[..., width]`.
 * @param paddingId look-ups of this row send no gradient back (PyTorch's `padding_idx`).
 */
export function embedding(table: Tensor, ids: Tensor, paddingId?: number | null): Tensor {
  const rows = gather(table, ids);
  return paddingId === undefined || paddingId === null
    ? rows
    : where(unsqueeze(equal(ids, integer(paddingId)), -1), detach(rows), rows);
}
