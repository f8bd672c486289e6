// Validation texts that are also in the training part: counted and told, because measures on them flatter.

import { findOverlap } from '../data/cleaning/index.ts';
import type { Note } from './objective.ts';

export function noteOverlap(training: Iterable<string>, validation: Iterable<string>, note: Note): void {
  const { shared, testTexts } = findOverlap(training, validation, { likeness: 'exact' });
  if (shared.length > 0)
    note(
      `of ${testTexts} validation rows are also in the training part (${((100 * shared.length) / testTexts).toFixed(1)} %): measures on them flatter`,
      shared.length,
    );
}
