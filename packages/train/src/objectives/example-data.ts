// Examples of unequal length as an objective hands them to the trainer: what is told of them, their order, and their batches.

import { bucketedOrder, bucketsOf, evaluationBatches } from '../data/examples.ts';
import type { ExampleOrder, KeptExamples } from '../data/kept.ts';
import type { Recipe } from '../recipe.ts';
import { makerOf } from './makers/index.ts';
import type { Batch, Task } from './objective.ts';

export interface ExampleData extends Required<Pick<Task, 'facts' | 'order' | 'close'>> {
  readonly training: KeptExamples;
  readonly validation: KeptExamples;
  /** The validation part, every example once. */
  validationBatches(): AsyncGenerator<Batch>;
}

/** Makes examples of all rows. */
export async function exampleData<Row>(
  { batch, accumulate, seed, buckets: bucketCount }: Recipe,
  given: ExampleOrder<Row>,
): Promise<ExampleData> {
  const { parts, tokenizer, setup } = given;
  const { training, validation, fingerprint } = await parts.keeper.examples(given);
  const { columns, countTokens } = makerOf(tokenizer, setup);
  const buckets = bucketsOf(training, bucketCount);
  const options = { columns, buckets, batch, accumulate, seed, countTokens };
  return {
    training,
    validation,
    facts: {
      trainingTokens: training.tokens,
      validationTokens: validation.tokens,
      trainingExamples: parts.training.length,
      validationExamples: parts.validation.length,
      tokensPerStep: Math.round((batch * accumulate * training.tokens) / training.length),
      fingerprint,
    },
    order: bucketedOrder(training, options),
    validationBatches: () => evaluationBatches(validation, options),
    close: () => parts.keeper.close(),
  };
}
