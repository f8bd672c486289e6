// Extractive question answering (Rajpurkar et al. 2016; Devlin et al. 2019, §4.2): where in the text does the answer begin and end?

import { YumoError } from '@yumo/core';
import type { QuestionRow } from '../data/readers/rows.ts';
import { partsOf, type SourceFile } from '../data/sources.ts';
import type { Objective } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { questionReading } from './question-reading.ts';
import { shareOf } from './text-task.ts';

function questionRows({ name, rows }: SourceFile): QuestionRow[] {
  return rows.map((row) => {
    if (row.task !== 'question-answering')
      throw new YumoError('DATA', `${name}: its rows are ${row.task}, question answering needs SQuAD JSON`, {
        file: name,
      });
    return row;
  });
}

export const questionAnswering: Objective<'question-answering'> = (given) => {
  const { recipe, objective, data, note } = given;
  let refused = 0;
  const rowsOf = (file: SourceFile): QuestionRow[] => {
    const rows = questionRows(file);
    const wanted = objective.unanswerable ? rows : rows.filter(({ answers }) => answers.length > 0);
    refused += rows.length - wanted.length;
    return wanted;
  };
  // Questions about one text stay on one side: the others show what it says.
  const parts = partsOf(data, shareOf(recipe), objective.kind, rowsOf, ({ context }) => context);
  if (refused > 0) note('questions without an answer, left out', refused);
  const key = (r: QuestionRow): string => `${r.question}\n${r.context}`;
  noteOverlap(parts.training.map(key), parts.validation.map(key), note);
  return questionReading(given, parts);
};
