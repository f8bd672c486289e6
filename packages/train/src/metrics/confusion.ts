// The confusion matrix: how often each expected label met each predicted one.

import { suggestion, YumoError } from '@yumo/core';
import type { LabelRow } from './accuracy.ts';
import type { Metric } from './metric.ts';

export type Label = string | number;

export interface Confusion {
  /** In the order of the matrix. */
  readonly labels: readonly Label[];
  /** `counts[expected][predicted]`, by position in `labels`. */
  readonly counts: readonly (readonly number[])[];
}

/**
 * @param labels the rows and columns of the matrix; without it, the labels that occur, sorted (numbers by size, names by code
 *   point).
 * @throws YumoError `DATA` for a row with a label that is not among the given ones.
 */
export const confusionMatrix = (labels?: readonly Label[]): Metric<LabelRow, LabelRow, Confusion> => ({
  name: 'confusion matrix',
  part: (row) => row,
  result: (rows) => {
    const names = labels ?? sortedLabels(rows.flatMap((row) => [row.expected, row.predicted]));
    const index = new Map(names.map((name, i) => [name, i]));
    const counts = names.map(() => new Array<number>(names.length).fill(0));
    const indexOf = (label: Label): number => {
      const i = index.get(label);
      if (i !== undefined) return i;
      throw new YumoError(
        'DATA',
        `confusion matrix: label ${JSON.stringify(label)} is not one of ${names.length} labels${suggestion(String(label), names.map(String))}`,
        { label, labels: names },
      );
    };
    for (const { expected, predicted } of rows) counts[indexOf(expected)]![indexOf(predicted)]!++;
    return { labels: names, counts };
  },
});

/** Each label once, in an order that does not depend on the rows. */
export function sortedLabels(labels: Iterable<Label>): Label[] {
  return [...new Set(labels)].sort((a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : byCodePoint(String(a), String(b)),
  );
}

function byCodePoint(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
