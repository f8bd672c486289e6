// Two files with a line each for the same sentence.

import { YumoError } from '@yumo/core';
import { type DataFile, linesOf, textOf } from './bytes.ts';
import { type OnBadRow, type ReadReport, RowError, Tracker } from './report.ts';
import type { SequenceRow } from './rows.ts';

/** @throws YumoError `DATA` when the files differ in length, and for a line that is empty on one side. Lines empty on both sides are counted. */
export async function readParallel(
  source: DataFile,
  target: DataFile,
  onBadRow: OnBadRow = 'error',
): Promise<{ rows: SequenceRow[]; report: ReadReport }> {
  const [from, to] = [linesOf(await textOf(source)), linesOf(await textOf(target))];
  if (from.length !== to.length)
    throw new YumoError(
      'DATA',
      `${source.name} has ${from.length} lines, ${target.name} has ${to.length}; line n of both must be the same sentence`,
      {
        file: source.name,
        other: target.name,
      },
    );
  const tracker = new Tracker(source.name, onBadRow);
  const rows = from.flatMap((line, i) => {
    if (line.trim() === '' && to[i]!.trim() === '') {
      tracker.note('blank line');
      return [];
    }
    return tracker.at(i + 1, (): SequenceRow => {
      if (line.trim() === '') throw new RowError(`empty, but ${target.name} has a sentence there`, 'source');
      if (to[i]!.trim() === '') throw new RowError(`the line in ${target.name} is empty`, 'target');
      return { task: 'sequence-to-sequence', source: line, targets: [to[i]!] };
    });
  });
  return { rows, report: tracker.report(rows.length) };
}
