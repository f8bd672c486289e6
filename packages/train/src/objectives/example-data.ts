// Examples of unequal length as an objective hands them to the trainer: what is told of them, their order, and their batches.

import {
  bucketedOrder,
  bucketsOf,
  type Columns,
  type Example,
  evaluationBatches,
  fingerprintOf,
} from '../data/examples.ts';
import type { Recipe } from '../recipe.ts';
import type { Batch, Task } from './objective.ts';
import { countTokens as tokensOfText } from './text-inputs.ts';

export interface ExampleParts {
  readonly training: readonly Example[];
  readonly validation: readonly Example[];
  readonly columns: Columns;
  /** Tokens of one example; of its `input_ids` by default. */
  readonly countTokens?: (e: Example) => number;
  /** Rows of the data, where a row may have become several examples. */
  readonly rows?: { readonly training: readonly unknown[]; readonly validation: readonly unknown[] };
}

export interface ExampleData extends Pick<Task, 'facts' | 'order'> {
  /** The validation part, every example once. */
  validationBatches(): Generator<Batch>;
}

export function exampleData(
  { batch, accumulate, seed, buckets: bucketCount }: Recipe,
  { training, validation, columns, countTokens = tokensOfText, rows = { training, validation } }: ExampleParts,
): ExampleData {
  const buckets = bucketsOf(training, columns, bucketCount);
  const options = { columns, buckets, batch, accumulate, seed, countTokens };
  const total = (examples: readonly Example[]): number => examples.reduce((n, e) => n + countTokens(e), 0);
  const trainingTokens = total(training);
  return {
    facts: {
      trainingTokens,
      validationTokens: total(validation),
      trainingExamples: rows.training.length,
      validationExamples: rows.validation.length,
      tokensPerStep: Math.round((batch * accumulate * trainingTokens) / training.length),
      fingerprint: fingerprintOf(training, validation),
    },
    order: bucketedOrder(training.length, (i) => training[i]!, options),
    validationBatches: () => evaluationBatches(validation, options),
  };
}
