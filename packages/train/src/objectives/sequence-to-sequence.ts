// Sequence to sequence (Sutskever et al. 2014; Vaswani et al. 2017): write a text for a text, as the pairs of the data do.

import type { SequenceRow } from '../data/readers/rows.ts';
import { sequenceRows } from '../data/readers/tasks.ts';
import { type SourceFile, tellReport } from '../data/sources.ts';
import type { Note, Objective } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { sequenceReading } from './sequence-reading.ts';
import { taskParts } from './text-task.ts';

/** Pairs of a file: parallel lines as they are, records by the names of their fields (`source` and `target` by default). */
export function sequencePairs({ name, source, rows, goesOn }: SourceFile, note: Note): SequenceRow[] {
  const { fields, prefix, swap, onBadRow } = source;
  const records = rows.some((r) => r.task === 'record');
  let pairs = rows.flatMap((r) => (r.task === 'sequence-to-sequence' ? [r] : []));
  if (records || pairs.length === 0) {
    const named = { source: fields.source ?? 'source', target: fields.target ?? 'target' };
    const read = sequenceRows(rows, named, { file: name, onBadRow, goesOn, who: 'objective sequence-to-sequence' });
    tellReport(name, read.report, note);
    pairs = [...read.rows];
  }
  return pairs.flatMap((r) =>
    swap
      ? r.targets.map((target) => ({ ...r, source: prefix + target, targets: [r.source] }))
      : [{ ...r, source: prefix + r.source }],
  );
}

export const sequenceToSequence: Objective<'sequence-to-sequence'> = async (given) => {
  const { objective, note } = given;
  const parts = await taskParts(given, sequencePairs);
  await noteOverlap(parts, (r) => r.source, note);
  return sequenceReading(given, parts, objective.metric === 'rouge' ? 'summarization' : 'translation');
};
