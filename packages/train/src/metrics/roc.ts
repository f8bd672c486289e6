// Receiver operating characteristic: the curve, the area beneath it, and the precision-recall summary.

import { YumoError } from '@yumo/core';
import { exactMean, exactSum } from './exact-sum.ts';
import type { Metric } from './metric.ts';

/** A row of a binary decision. */
export interface ScoredRow {
  /** True for the positive class. */
  readonly expected: boolean;
  /** Higher means more likely positive. */
  readonly score: number;
}

/** One point per threshold that changes the direction of the curve, from nothing accepted to everything accepted. */
export interface RocCurve {
  /** Rows with at least this score are accepted; the first is infinite. */
  readonly thresholds: readonly number[];
  readonly falsePositiveRate: readonly number[];
  readonly truePositiveRate: readonly number[];
  /** Area under the curve: the chance that a positive row has the higher score, ties counting half. */
  readonly area: number;
}

/**
 * As scikit-learn's `roc_curve` and `roc_auc_score`.
 * @throws YumoError `DATA` for scores that are NaN and for rows of one class only.
 */
export const roc: Metric<ScoredRow, ScoredRow, RocCurve> = {
  name: 'ROC',
  part: (row) => checked('ROC', row),
  result: (rows) => {
    const steps = cumulative(rows);
    const { positives, negatives } = steps.at(-1)!;
    if (positives === 0 || negatives === 0)
      throw new YumoError(
        'DATA',
        `ROC: all ${rows.length} rows are ${positives === 0 ? 'negative' : 'positive'}; both classes are needed`,
      );
    const nothing = { threshold: Number.POSITIVE_INFINITY, positives: 0, negatives: 0 };
    const area = steps.reduce((sum, p, i) => {
      const q = steps[i - 1] ?? nothing;
      return sum + (p.negatives - q.negatives) * (p.positives + q.positives);
    }, 0);
    const corners = [nothing, ...steps.filter((_, i) => isCorner(steps, i))];
    return {
      thresholds: corners.map((p) => p.threshold),
      falsePositiveRate: corners.map((p) => p.negatives / negatives),
      truePositiveRate: corners.map((p) => p.positives / positives),
      area: area / (2 * positives * negatives),
    };
  },
};

/** Average precision: Σ (Rₙ − Rₙ₋₁) Pₙ over thresholds, without interpolation, as scikit-learn's `average_precision_score`. */
export const averagePrecision: Metric<ScoredRow, ScoredRow, number> = {
  name: 'average precision',
  part: (row) => checked('average precision', row),
  result: (rows) => {
    const steps = cumulative(rows);
    const { positives } = steps.at(-1)!;
    if (positives === 0) throw new YumoError('DATA', `average precision: none of ${rows.length} rows is positive`);
    return exactSum(
      steps.map(
        (p, i) =>
          ((p.positives - (steps[i - 1]?.positives ?? 0)) / positives) * (p.positives / (p.positives + p.negatives)),
      ),
    );
  },
};

/** A row of several classes: `scores[c]` for each class c. */
export interface ClassScoresRow {
  readonly expected: number;
  readonly scores: readonly number[];
}

/** The mean area under the curves of each class against all others. Every class must occur. */
export const rocOneVersusRest: Metric<ClassScoresRow, ClassScoresRow, number> = {
  name: 'ROC, one versus rest',
  part: (row) => row,
  result: (rows) =>
    exactMean(
      rows[0]!.scores.map((_, c) => {
        const binary = rows.map((row) =>
          checked('ROC, one versus rest', { expected: row.expected === c, score: row.scores[c] ?? Number.NaN }),
        );
        return roc.result(binary).area;
      }),
    ),
};

interface Step {
  readonly threshold: number;
  /** Rows with at least the threshold, by class. */
  readonly positives: number;
  readonly negatives: number;
}

/** The counts at each distinct score, from the highest down. */
function cumulative(rows: readonly ScoredRow[]): Step[] {
  const sorted = [...rows].sort((a, b) => b.score - a.score);
  const steps: Step[] = [];
  let positives = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (sorted[i]!.expected) positives++;
    if (sorted[i + 1]?.score !== sorted[i]!.score)
      steps.push({ threshold: sorted[i]!.score, positives, negatives: i + 1 - positives });
  }
  return steps;
}

/** Points on a straight line between their neighbours are left out: they do not change the drawing. */
function isCorner(steps: readonly Step[], i: number): boolean {
  const [q, p, r] = [steps[i - 1], steps[i]!, steps[i + 1]];
  if (q === undefined || r === undefined) return true;
  return (
    p.positives - q.positives !== r.positives - p.positives || p.negatives - q.negatives !== r.negatives - p.negatives
  );
}

function checked(name: string, row: ScoredRow): ScoredRow {
  if (Number.isNaN(row.score)) throw new YumoError('DATA', `${name}: a score is not a number`, {});
  return row;
}
