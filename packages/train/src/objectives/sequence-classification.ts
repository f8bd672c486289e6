// Classification of texts and of pairs of texts: one label each.

import { ignoredLabel } from '../data/batches.ts';
import { classificationRows, pairRows } from '../data/readers/tasks.ts';
import { type SourceFile, tellReport } from '../data/sources.ts';
import { accuracy } from '../metrics/accuracy.ts';
import { fScore } from '../metrics/f-score.ts';
import { measure } from '../metrics/metric.ts';
import { classesOf, distinctLabels, labelFields } from './labels.ts';
import type { Note, Objective } from './objective.ts';
import { smoothedSum } from './smoothing.ts';
import { type TextPair, textParts, textReading } from './text-task.ts';

/** A text, perhaps with another, and its label. */
export interface LabelledText extends TextPair {
  readonly label: string;
}

/** The name of the text field: `text` by default. */
export const textField = ({ fields }: SourceFile['source']): string =>
  typeof fields.text === 'string' ? fields.text : (fields.text?.[0] ?? 'text');

/**
 * Rows of a file by the names that its source gives to fields: `text` and `label` by default.
 * @param labels those that are allowed; any by default
 */
export function labelledTexts(
  { name, source, rows, goesOn }: SourceFile,
  note: Note,
  labels?: readonly string[],
): LabelledText[] {
  const { fields, label: fixed, prefix, onBadRow } = source;
  const text = textField(source);
  const options = { file: name, onBadRow, goesOn, who: 'objective sequence-classification' };
  const label = fields.label ?? 'label';
  const allowed = labels === undefined ? {} : { labels };
  if (fields.second !== undefined) {
    const read = pairRows(rows, { first: text, second: fields.second, label, ...allowed }, options);
    tellReport(name, read.report, note);
    return read.rows.map((r) => ({ text: prefix + r.first, second: r.second, label: r.label! }));
  }
  if (fixed !== undefined) {
    const texts = rows.map((row) =>
      row.task === 'text' ? row.text : row.task === 'record' ? row.fields[text] : undefined,
    );
    const found = texts.filter((t): t is string => typeof t === 'string' && t.trim() !== '');
    if (found.length < texts.length)
      note(`${name}: rows without text in "${text}", left out`, texts.length - found.length);
    return found.map((t) => ({ text: prefix + t, label: fixed }));
  }
  const read = classificationRows(rows, { text, label, ...allowed }, options);
  tellReport(name, read.report, note);
  return read.rows.map((r) => ({ text: prefix + r.text, label: r.label }));
}

/** The number of the largest entry. */
export const largest = (scores: Float32Array): number =>
  scores.reduce((best, x, i) => (x > scores[best]! ? i : best), 0);

export const sequenceClassification: Objective<'sequence-classification'> = async (given) => {
  const { objective } = given;
  const rowsOf = (file: SourceFile, note: Note) => labelledTexts(file, note, objective.labels);
  const parts = await textParts(given, rowsOf, objective.labels);
  const classes = classesOf(await distinctLabels(parts, (r) => [r.label]), objective);
  return textReading(given, parts, {
    fields: { ...labelFields(classes.names), problem_type: 'single_label_classification' },
    columns: { labels: { padding: ignoredLabel, scalar: true } },
    answer: 'class',
    labels: classes.labels,
    // Smoothing is for training, where there is dropout; measured is the plain loss.
    loss: (logits, { labels }, dropout) => smoothedSum(logits, labels!, dropout ? objective.labelSmoothing : 0),
    metrics: ['accuracy', 'macroF1'],
    outcome: ({ label }, output) => ({ expected: classes.numberOf(label), predicted: largest(output) }),
    measures: (rows) => ({ accuracy: measure(accuracy, rows), macroF1: measure(fScore(), rows).macro.f }),
  });
};
