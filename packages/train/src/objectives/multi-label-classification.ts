// Several labels at once: every class says yes or no of a text.

import { binaryCrossEntropy, expand, mul, sum, unsqueeze } from '@yumo/core';
import { show } from '../data/readers/json.ts';
import { RowError, Tracker } from '../data/readers/report.ts';
import { refuseOther } from '../data/readers/tasks.ts';
import { type SourceFile, tellReport } from '../data/sources.ts';
import { multiLabelFScore, subsetAccuracy } from '../metrics/f-score.ts';
import { measure } from '../metrics/metric.ts';
import { classesOf, distinctLabels, labelFields } from './labels.ts';
import type { Note, Objective } from './objective.ts';
import { textField } from './sequence-classification.ts';
import { type TextPair, textParts, textReading } from './text-task.ts';

interface TaggedText extends TextPair {
  readonly labels: readonly string[];
}

/**
 * Labels are a list (JSON), or stand in one field with a separator between them.
 * @param allowed the labels that may occur; any by default
 */
function taggedTexts(
  { name, source, rows }: SourceFile,
  { separator, labels: allowed }: { separator: string; labels?: readonly string[] | undefined },
  note: Note,
): TaggedText[] {
  const text = textField(source);
  const label = source.fields.label ?? 'labels';
  const { second } = source.fields;
  const tracker = new Tracker(name, source.onBadRow);
  const found = rows.flatMap((row, i) =>
    tracker.at(row.task === 'record' ? row.line : i + 1, (): TaggedText => {
      const fields = row.task === 'record' ? row.fields : {};
      const own = fields[text];
      const labels = labelsIn(fields[label], separator);
      const other = second === undefined ? undefined : fields[second];
      if (
        typeof own !== 'string' ||
        own.trim() === '' ||
        !labels ||
        (second !== undefined && typeof other !== 'string')
      )
        throw new RowError(
          `${text} is ${show(own)}, ${second === undefined ? '' : `${second} is ${show(other)}, `}${label} is ${show(fields[label])}; expected a text and its labels (it has ${Object.keys(fields).join(', ') || 'no named fields'})`,
        );
      for (const one of labels) refuseOther(one, label, allowed);
      return { text: source.prefix + own, labels, ...(typeof other === 'string' ? { second: other } : {}) };
    }),
  );
  tellReport(name, tracker.report(found.length), note);
  return found;
}

function labelsIn(given: unknown, separator: string): readonly string[] | undefined {
  if (Array.isArray(given)) return given.map(String);
  if (typeof given !== 'string') return undefined;
  return given
    .split(separator)
    .map((l) => l.trim())
    .filter((l) => l !== '');
}

export const multiLabelClassification: Objective<'multi-label-classification'> = async (given) => {
  const { objective } = given;
  const { separator, labels } = objective;
  const parts = await textParts(given, (file, note) => taggedTexts(file, objective, note), { separator, labels });
  const classes = classesOf(await distinctLabels(parts, (r) => r.labels), objective);
  const count = classes.labels.length;
  return textReading(given, parts, {
    fields: { ...labelFields(classes.names), problem_type: 'multi_label_classification' },
    columns: { labels: { padding: 0 }, weights: { padding: 0, scalar: true } },
    answer: 'classes',
    labels: classes.labels,
    loss: (logits, { labels, weights }) => {
      const counts = expand(unsqueeze(weights!, 1), logits.shape);
      const entries = mul(sum(weights!), count);
      return { sum: mul(binaryCrossEntropy(logits, labels!, { counts }), sum(counts)), count: entries };
    },
    metrics: ['microF1', 'macroF1', 'subsetAccuracy'],
    outcome: ({ labels }, output) => ({
      expected: labels.map((l) => classes.numberOf(l)),
      predicted: [...output.keys()].filter((c) => output[c]! > 0),
    }),
    measures: (rows) => {
      const { micro, macro } = measure(multiLabelFScore({ labels: [...classes.labels.keys()] }), rows);
      return { microF1: micro.f, macroF1: macro.f, subsetAccuracy: measure(subsetAccuracy, rows) };
    },
  });
};
