// Labels of a data set as classes of a model.

import { suggestion, YumoError } from '@yumo/core';
import type { Parts } from '../data/kept.ts';
import { sortedLabels } from '../metrics/confusion.ts';

/** Classes in order, by the labels of the data and by their names. */
export interface Classes {
  readonly labels: readonly string[];
  /** What people see: config.json's id2label. */
  readonly names: readonly string[];
  /** @throws YumoError `DATA` for a label that is none of them. */
  numberOf(label: string): number;
}

/**
 * @param listed the classes as the recipe lists them; by default those that occur in training, numbers by size, names by code point.
 * @throws YumoError `DATA` when there is but one class, `CONFIG` for names of labels that are not there.
 */
export function classesOf(
  found: Iterable<string>,
  {
    labels: listed,
    labelNames,
  }: { labels?: readonly string[] | undefined; labelNames?: Readonly<Record<string, string>> | undefined },
): Classes {
  const distinct = new Set(found);
  const numeric = [...distinct].every(isNumeric);
  const labels =
    listed ?? (numeric ? [...distinct].sort((a, b) => Number(a) - Number(b)) : sortedLabels(distinct).map(String));
  const unknown = [...distinct].filter((l) => !labels.includes(l));
  if (unknown.length > 0)
    throw new YumoError(
      'DATA',
      `data: label "${unknown[0]}" is not one of objective.labels${suggestion(unknown[0]!, labels)}; they are ${labels.join(', ')}`,
      { unknown },
    );
  if (labels.length < 2)
    throw new YumoError('DATA', `data: all rows have the label "${labels[0]}"; there is nothing to tell apart`, {
      labels,
    });
  const strange = Object.keys(labelNames ?? {}).filter((l) => !labels.includes(l));
  if (strange.length > 0)
    throw new YumoError(
      'CONFIG',
      `objective.labelNames: no label "${strange[0]}"${suggestion(strange[0]!, labels)}; the data have ${labels.join(', ')}`,
      { strange },
    );
  return { labels, names: labels.map((l) => labelNames?.[l] ?? l), numberOf: numberingOf(labels) };
}

/** The labels that occur in training. */
export const distinctLabels = <Row>(parts: Parts<Row>, labelsOf: (row: Row) => readonly string[]): Promise<string[]> =>
  parts.keeper.fact(parts, 'labels', async () => {
    const found = new Set<string>();
    for await (const rows of parts.training.groups())
      for (const row of rows) for (const label of labelsOf(row)) found.add(label);
    return [...found];
  });

/** Number of a label among classes in order. @throws YumoError `DATA` for a label that is none of them. */
export function numberingOf(labels: readonly string[]): (label: string) => number {
  const numbers = new Map(labels.map((l, i) => [l, i]));
  const numeric = labels.every(isNumeric);
  return (label) => {
    const number = numbers.get(label);
    if (number === undefined)
      throw new YumoError(
        'DATA',
        `data: label "${label}" does not occur in the training part${numeric ? '' : suggestion(label, labels)}; it has ${labels.join(', ')}`,
        { label },
      );
    return number;
  };
}

const isNumeric = (label: string): boolean => /^-?\d+$/.test(label);

/** Fields of config.json. */
export const labelFields = (names: readonly string[]): Readonly<Record<string, unknown>> => ({
  id2label: Object.fromEntries(names.map((name, i) => [String(i), name])),
  label2id: Object.fromEntries(names.map((name, i) => [name, i])),
});
