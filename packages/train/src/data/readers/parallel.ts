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
): Promise<{ rows: SequenceRow[]; lines: readonly number[]; report: ReadReport }> {
  const [from, to] = [linesOf(await textOf(source)), linesOf(await textOf(target))];
  if (from.length !== to.length) throw unevenLines(source.name, from.length, target.name, to.length);
  const lines: number[] = [];
  const tracker = new Tracker(source.name, onBadRow, lines);
  const rows = from.flatMap((line, i) => pairOf(line, to[i]!, i + 1, target.name, tracker));
  return { rows, lines, report: tracker.report(rows.length) };
}

/** Lines of the same number as a pair; none when both are blank. */
export function pairOf(
  source: string,
  target: string,
  line: number,
  targetName: string,
  tracker: Tracker,
): SequenceRow[] {
  if (source.trim() === '' && target.trim() === '') {
    tracker.note('blank line');
    return [];
  }
  return tracker.at(line, (): SequenceRow => {
    if (source.trim() === '') throw new RowError(`empty, but ${targetName} has a sentence there`, 'source');
    if (target.trim() === '') throw new RowError(`the line in ${targetName} is empty`, 'target');
    tracker.lines?.push(line);
    return { task: 'sequence-to-sequence', source, targets: [target] };
  });
}

export const unevenLines = (source: string, lines: number, target: string, targetLines: number): YumoError =>
  new YumoError(
    'DATA',
    `${source} has ${lines} lines, ${target} has ${targetLines}; line n of both must be the same sentence`,
    { file: source, other: target },
  );
