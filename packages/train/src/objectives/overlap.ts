// Validation texts that are also in the training part: counted and told, because measures on them flatter.

import { textKey } from '../data/cleaning/fingerprint.ts';
import { HashSet, hashOfKey } from '../data/hash-set.ts';
import type { Parts } from '../data/kept.ts';
import type { Note } from './objective.ts';

/** @param textOf what of a row is compared, apart from case, width and punctuation */
export async function noteOverlap<Row>(parts: Parts<Row>, textOf: (row: Row) => string, note: Note): Promise<void> {
  const found = await parts.keeper.fact(parts, 'overlap', async () => {
    const hashOf = (row: Row): number => hashOfKey(textKey(textOf(row)));
    const validation = new HashSet();
    for await (const rows of parts.validation.groups()) for (const row of rows) validation.add(hashOf(row));
    const both = new HashSet();
    for await (const rows of parts.training.groups())
      for (const row of rows) {
        const hash = hashOf(row);
        if (validation.has(hash)) both.add(hash);
      }
    let shared = 0;
    if (both.size > 0)
      for await (const rows of parts.validation.groups()) for (const row of rows) if (both.has(hashOf(row))) shared++;
    return shared;
  });
  if (found === 0) return;
  const of = parts.validation.length;
  note(
    `validation rows that are also in the training part (${((100 * found) / of).toFixed(1)} % of ${of}): measures on them flatter`,
    found,
  );
}
