// Accuracy: the share of rows whose prediction is the expected label, or whose expected label is among the first k.

import { YumoError } from '@yumo/core';
import type { Metric } from './metric.ts';

/** A row of single-label classification. Labels are names or class numbers. */
export interface LabelRow<Label extends string | number = string | number> {
  readonly expected: Label;
  readonly predicted: Label;
}

export const accuracy: Metric<LabelRow, boolean, number> = {
  name: 'accuracy',
  part: ({ expected, predicted }) => expected === predicted,
  result: share,
};

/** A row with one score per class; `expected` is the class number. */
export interface ScoresRow {
  readonly expected: number;
  /** `[classes]`: logits or probabilities. */
  readonly scores: ArrayLike<number>;
}

/**
 * The share of rows whose expected class is among the k highest scores. Classes with equal scores are counted in favour of
 * the higher class number, as scikit-learn's `top_k_accuracy_score` does.
 */
export const topAccuracy = (k: number): Metric<ScoresRow, boolean, number> => ({
  name: `top-${k} accuracy`,
  part: ({ expected, scores }) => {
    const own = scores[expected];
    if (own === undefined || Number.isNaN(own))
      throw new YumoError('DATA', `top-${k} accuracy: class ${expected} has no score among ${scores.length}`, {
        expected,
      });
    let better = 0;
    for (let c = 0; c < scores.length; c++) if (scores[c]! > own || (scores[c] === own && c > expected)) better++;
    return better < k;
  },
  result: share,
});

function share(hits: readonly boolean[]): number {
  return hits.filter((hit) => hit).length / hits.length;
}
