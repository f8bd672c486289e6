// Precision, recall and F score, per class and averaged; for one label a row or several.

import type { LabelRow } from './accuracy.ts';
import { type Label, sortedLabels } from './confusion.ts';
import { exactSum } from './exact-sum.ts';
import type { Metric } from './metric.ts';

/** What is counted of one class. */
export interface Counts {
  /** Predicted and expected. */
  readonly hits: number;
  readonly predicted: number;
  readonly expected: number;
}

/** Shares between 0 and 1; what would be 0/0 is 0. */
export interface Scores {
  readonly precision: number;
  readonly recall: number;
  readonly f: number;
  /** How many are expected. */
  readonly support: number;
}

export interface FScores {
  readonly perClass: ReadonlyMap<Label, Scores>;
  /** Of all counts added up. */
  readonly micro: Scores;
  /** Mean over classes. */
  readonly macro: Scores;
  /** Mean over classes, weighted by support. */
  readonly weighted: Scores;
}

/** A row of multi-label classification. A label that stands twice counts once. */
export interface LabelSetRow {
  readonly expected: Iterable<Label>;
  readonly predicted: Iterable<Label>;
}

export interface FScoreOptions {
  /** The classes that count, in this order; e.g. without "Other". Default: all that occur, sorted. */
  readonly labels?: readonly Label[];
  /** Weight of recall against precision (van Rijsbergen 1979). Default 1. */
  readonly beta?: number;
}

/** Precision, recall and F of single-label classification, as scikit-learn's `precision_recall_fscore_support`. */
export const fScore = (options: FScoreOptions = {}): Metric<LabelRow, SetPart, FScores> => ({
  name: 'F score',
  part: ({ expected, predicted }) => ({ expected: [expected], predicted: [predicted] }),
  result: (parts) => resultOf(parts, options),
});

/** The same of multi-label classification. */
export const multiLabelFScore = (options: FScoreOptions = {}): Metric<LabelSetRow, SetPart, FScores> => ({
  name: 'multi-label F score',
  part: ({ expected, predicted }) => ({ expected: [...new Set(expected)], predicted: [...new Set(predicted)] }),
  result: (parts) => resultOf(parts, options),
});

/** The share of rows whose sets of labels are equal. */
export const subsetAccuracy: Metric<LabelSetRow, boolean, number> = {
  name: 'subset accuracy',
  part: (row) => {
    const expected = new Set(row.expected);
    const predicted = new Set(row.predicted);
    return expected.size === predicted.size && [...expected].every((label) => predicted.has(label));
  },
  result: (hits) => hits.filter((hit) => hit).length / hits.length,
};

interface SetPart {
  readonly expected: readonly Label[];
  readonly predicted: readonly Label[];
}

function resultOf(parts: readonly SetPart[], { labels, beta = 1 }: FScoreOptions): FScores {
  const names = labels ?? sortedLabels(parts.flatMap((part) => [...part.expected, ...part.predicted]));
  const counts = new Map(names.map((name) => [name, { hits: 0, predicted: 0, expected: 0 }]));
  for (const { expected, predicted } of parts) {
    for (const label of expected) {
      const count = counts.get(label);
      if (count === undefined) continue;
      count.expected++;
      if (predicted.includes(label)) count.hits++;
    }
    for (const label of predicted) {
      const count = counts.get(label);
      if (count !== undefined) count.predicted++;
    }
  }
  return averages(counts, beta);
}

/** The scores of each class and their averages. Without any class, all are 0. */
export function averages(counts: ReadonlyMap<Label, Counts>, beta = 1): FScores {
  const perClass = new Map([...counts].map(([label, count]) => [label, scoresOf(count, beta)]));
  const all = [...perClass.values()];
  const total = (of: (count: Counts) => number): number =>
    [...counts.values()].reduce((sum, count) => sum + of(count), 0);
  const support = total((c) => c.expected);
  const mean = (weight: (scores: Scores) => number): Scores => {
    const weights = exactSum(all.map(weight));
    const of = (field: 'precision' | 'recall' | 'f'): number =>
      weights === 0 ? 0 : exactSum(all.map((scores) => weight(scores) * scores[field])) / weights;
    return { precision: of('precision'), recall: of('recall'), f: of('f'), support };
  };
  return {
    perClass,
    micro: scoresOf({ hits: total((c) => c.hits), predicted: total((c) => c.predicted), expected: support }, beta),
    macro: mean(() => 1),
    weighted: mean((scores) => scores.support),
  };
}

/** F_β = (1 + β²) · hits / (β² · expected + predicted). */
export function scoresOf({ hits, predicted, expected }: Counts, beta = 1): Scores {
  const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);
  return {
    precision: ratio(hits, predicted),
    recall: ratio(hits, expected),
    f: ratio((1 + beta ** 2) * hits, beta ** 2 * expected + predicted),
    support: expected,
  };
}
