// Several labels at once: every class says yes or no of a text.

import { binaryCrossEntropy, expand, mul, sum, unsqueeze, YumoError } from '@yumo/core';
import { show } from '../data/readers/json.ts';
import type { SourceFile } from '../data/sources.ts';
import { multiLabelFScore, subsetAccuracy } from '../metrics/f-score.ts';
import { measure } from '../metrics/metric.ts';
import { classesOf, distinctLabels, labelFields } from './labels.ts';
import type { Note, Objective } from './objective.ts';
import { textField } from './sequence-classification.ts';
import { type TextPair, textParts, textReading } from './text-task.ts';

interface TaggedText extends TextPair {
  readonly labels: readonly string[];
}

/** Labels are a list (JSON), or stand in one field with a separator between them. */
function taggedTexts({ name, source, rows }: SourceFile, separator: string, note: Note): TaggedText[] {
  const text = textField(source);
  const label = source.fields.label ?? 'labels';
  const { second } = source.fields;
  let bad = 0;
  const found = rows.flatMap((row): TaggedText[] => {
    const fields = row.task === 'record' ? row.fields : {};
    const own = fields[text];
    const given = fields[label];
    const labels = Array.isArray(given)
      ? given.map(String)
      : typeof given === 'string'
        ? given
            .split(separator)
            .map((l) => l.trim())
            .filter((l) => l !== '')
        : undefined;
    const other = second === undefined ? undefined : fields[second];
    if (typeof own === 'string' && own.trim() !== '' && labels && (second === undefined || typeof other === 'string'))
      return [{ text: source.prefix + own, labels, ...(typeof other === 'string' ? { second: other } : {}) }];
    if (source.onBadRow === 'error')
      throw new YumoError(
        'DATA',
        `${name}${row.task === 'record' ? `:${row.line}` : ''}: ${text} is ${show(own)}, ${label} is ${show(given)}; expected a text and its labels (it has ${Object.keys(fields).join(', ') || 'no named fields'})`,
        { file: name },
      );
    bad++;
    return [];
  });
  if (bad > 0) note(`${name}: rows without text or labels, left out`, bad);
  return found;
}

export const multiLabelClassification: Objective<'multi-label-classification'> = async (given) => {
  const { objective } = given;
  const { separator } = objective;
  const parts = await textParts(given, (file, note) => taggedTexts(file, separator, note), separator);
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
