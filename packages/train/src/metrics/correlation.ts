// Pearson's and Spearman's correlation, and the errors of regression.

import { YumoError } from '@yumo/core';
import { exactMean, exactSum } from './exact-sum.ts';
import type { Metric } from './metric.ts';

/** A row of regression, e.g. the similarity of two sentences. */
export interface ValueRow {
  readonly expected: number;
  readonly predicted: number;
}

const finite =
  (name: string) =>
  (row: ValueRow): ValueRow => {
    for (const field of ['expected', 'predicted'] as const)
      if (!Number.isFinite(row[field]))
        throw new YumoError('DATA', `${name}: ${field} is ${row[field]}, expected a finite number`, { field });
    return row;
  };

/** Pearson 1895. NaN when one side is constant or there is one row: the coefficient is not defined there. */
export const pearson: Metric<ValueRow, ValueRow, number> = {
  name: 'Pearson correlation',
  part: finite('Pearson correlation'),
  result: (rows) =>
    correlation(
      rows.map((row) => row.expected),
      rows.map((row) => row.predicted),
    ),
};

/** Spearman 1904: Pearson's coefficient of the ranks, equal values sharing their mean rank. NaN as there. */
export const spearman: Metric<ValueRow, ValueRow, number> = {
  name: 'Spearman correlation',
  part: finite('Spearman correlation'),
  result: (rows) => correlation(ranks(rows.map((row) => row.expected)), ranks(rows.map((row) => row.predicted))),
};

export interface RegressionErrors {
  readonly meanSquared: number;
  readonly meanAbsolute: number;
  /** 1 − residual over total sum of squares; NaN when the expected values are all equal. */
  readonly determination: number;
}

export const regressionErrors: Metric<ValueRow, ValueRow, RegressionErrors> = {
  name: 'regression errors',
  part: finite('regression errors'),
  result: (rows) => {
    const squares = rows.map((row) => (row.predicted - row.expected) ** 2);
    const mean = exactMean(rows.map((row) => row.expected));
    const total = exactSum(rows.map((row) => (row.expected - mean) ** 2));
    return {
      meanSquared: exactMean(squares),
      meanAbsolute: exactMean(rows.map((row) => Math.abs(row.predicted - row.expected))),
      determination: total === 0 ? Number.NaN : 1 - exactSum(squares) / total,
    };
  },
};

function correlation(x: readonly number[], y: readonly number[]): number {
  const [meanX, meanY] = [exactMean(x), exactMean(y)];
  const dx = x.map((v) => v - meanX);
  const dy = y.map((v) => v - meanY);
  const dot = (a: readonly number[], b: readonly number[]): number => exactSum(a.map((v, i) => v * b[i]!));
  const scale = Math.sqrt(dot(dx, dx)) * Math.sqrt(dot(dy, dy));
  return scale === 0 ? Number.NaN : Math.max(-1, Math.min(1, dot(dx, dy) / scale));
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const rank = new Array<number>(values.length);
  for (let i = 0; i < order.length; ) {
    let end = i;
    while (end < order.length && values[order[end]!] === values[order[i]!]) end++;
    for (let k = i; k < end; k++) rank[order[k]!] = (i + end + 1) / 2;
    i = end;
  }
  return rank;
}
