// Matthews correlation coefficient, for any number of classes.

import type { LabelRow } from './accuracy.ts';
import { confusionMatrix } from './confusion.ts';
import type { Metric } from './metric.ts';

/**
 * R_K (Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient"), which for two classes is
 * Matthews 1975. −1 to 1; 0 when all predictions, or all expected labels, are the same.
 */
export const matthews: Metric<LabelRow, LabelRow, number> = {
  name: 'Matthews correlation',
  part: (row) => row,
  result: (rows) => {
    const { counts } = confusionMatrix().result(rows);
    const expected = counts.map((row) => sum(row));
    const predicted = counts.map((_, j) => sum(counts.map((row) => row[j]!)));
    const hits = sum(counts.map((row, i) => row[i]!));
    const n = rows.length;
    const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((x, i) => x * b[i]!));
    const covariance = hits * n - dot(expected, predicted);
    const scale = (n * n - dot(predicted, predicted)) * (n * n - dot(expected, expected));
    return scale === 0 ? 0 : covariance / Math.sqrt(scale);
  },
};

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
