// Extractive question answering (Rajpurkar et al. 2016; Devlin et al. 2019, §4.2): where in the text does the answer begin and end?

import { YumoError } from '@yumo/core';
import type { QuestionRow } from '../data/readers/rows.ts';
import type { SourceFile } from '../data/sources.ts';
import type { Note, Objective } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { questionReading } from './question-reading.ts';
import { taskParts } from './text-task.ts';

function questionRows({ name, rows }: SourceFile): QuestionRow[] {
  return rows.map((row) => {
    if (row.task !== 'question-answering')
      throw new YumoError('DATA', `${name}: its rows are ${row.task}, question answering needs SQuAD JSON`, {
        file: name,
      });
    return row;
  });
}

export const questionAnswering: Objective<'question-answering'> = async (given) => {
  const { unanswerable } = given.objective;
  const rowsOf = (file: SourceFile, note: Note): QuestionRow[] => {
    const rows = questionRows(file);
    if (unanswerable) return rows;
    const wanted = rows.filter(({ answers }) => answers.length > 0);
    if (wanted.length < rows.length) note('questions without an answer, left out', rows.length - wanted.length);
    return wanted;
  };
  // Questions about one text stay on one side: the others show what it says.
  const parts = await taskParts(given, rowsOf, { unanswerable, side: 'context' }, ({ context }) => context);
  await noteOverlap(parts, (r) => `${r.question}\n${r.context}`, given.note);
  return questionReading(given, parts);
};
