// Regression: a number for a text or a pair of texts, such as how alike they are.

import { dim, mul, reshape, square, sub, sum, YumoError } from '@yumo/core';
import { pairRows } from '../data/readers/tasks.ts';
import { type SourceFile, tellReport } from '../data/sources.ts';
import { pearson, regressionErrors, spearman } from '../metrics/correlation.ts';
import { measure } from '../metrics/metric.ts';
import type { Note, Objective } from './objective.ts';
import { textField } from './sequence-classification.ts';
import { type TextPair, textParts, textReading } from './text-task.ts';

interface ScoredText extends TextPair {
  readonly score: number;
}

function scoredTexts({ name, source, rows, goesOn }: SourceFile, note: Note): ScoredText[] {
  const { fields, prefix, onBadRow } = source;
  const first = textField(source);
  const score = fields.score ?? 'score';
  // A text alone is read as a pair with itself, and the second one dropped.
  const read = pairRows(
    rows,
    { first, second: fields.second ?? first, score },
    { file: name, onBadRow, goesOn, who: 'objective regression' },
  );
  tellReport(name, read.report, note);
  return read.rows.map((r) => ({
    text: prefix + r.first,
    ...(fields.second === undefined ? {} : { second: r.second }),
    score: r.score!,
  }));
}

export const regression: Objective<'regression'> = async (given) => {
  const parts = await textParts(given, scoredTexts);
  const [least, most] = await parts.keeper.fact(parts, 'scores', async () => {
    let [a, b] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for await (const rows of parts.training.groups())
      for (const { score } of rows) [a, b] = [Math.min(a, score), Math.max(b, score)];
    return [a, b] as const;
  });
  if (least === most)
    throw new YumoError(
      'DATA',
      `data: every row of the training part has the score ${least}; there is nothing to learn`,
      { least },
    );
  return textReading(given, parts, {
    fields: { id2label: { '0': 'score' }, label2id: { score: 0 }, problem_type: 'regression' },
    columns: { labels: { padding: 0, scalar: true }, weights: { padding: 0, scalar: true } },
    answer: 'score',
    labels: [],
    loss: (logits, { labels, weights }) => ({
      sum: sum(mul(square(sub(reshape(logits, [dim(logits, 0)]), labels!)), weights!)),
      count: sum(weights!),
    }),
    metrics: ['pearson', 'spearman', 'meanSquaredError'],
    outcome: ({ score }, output) => ({ expected: score, predicted: output[0]! }),
    measures: (rows) => ({
      pearson: measure(pearson, rows),
      spearman: measure(spearman, rows),
      meanSquaredError: measure(regressionErrors, rows).meanSquared,
    }),
  });
};
