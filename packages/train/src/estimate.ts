// What a training will take, before it is begun: a few steps on made-up tokens, and the sizes of its graph.

import { graphCost, peakBytes, type Runtime, sizeOf, throwIfAborted } from '@yumo/core';
import { formsOf, trainingEngine } from './engine.ts';
import { initialValues } from './initial.ts';
import type { Task } from './objectives/objective.ts';
import { estimateSeconds } from './product-times.ts';
import type { Recipe } from './recipe.ts';
import { trainingStep } from './step.ts';
import { planTraining, resolvedRecipe, type TrainingJob } from './trainer.ts';

export interface TrainingEstimate {
  readonly parameters: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly tokensPerStep: number;
  /** Floating-point operations of a step in products of matrices; both directions. */
  readonly flopsPerStep: number;
  /** Float32 parameters, and the optimizer's tensors. */
  readonly parameterBytes: number;
  readonly optimizerBytes: number;
  /** The most that intermediate results take at once; the engine's own memory comes on top. */
  readonly activationBytes: number;
  /** What was measured: whole steps, or their products of matrices, to which the rest is added by its numbers. */
  readonly measured: 'steps' | 'products';
  /** Compiling left out. */
  readonly secondsPerStep: number;
  /** All steps of the recipe; evaluations and checkpoints come on top. */
  readonly seconds: number;
}

const float32Bytes = 4;

/** Steps of fewer operations are run as they are; of larger ones the products are timed. */
const smallStep = 2e10;

/**
 * Plans a recipe, measures what its steps take, and writes nothing. Small steps are run; of large ones, which may take minutes to compile
 * and run, only the products of matrices are.
 * @throws YumoError as the training would: `CONFIG`, `DATA`, `TOKENIZER`, `RUNTIME`.
 */
export async function estimateTraining(
  job: Pick<TrainingJob, 'recipe' | 'data' | 'tokenizerJson' | 'init' | 'runtime' | 'signal'>,
  { steps = 4 }: { readonly steps?: number } = {},
): Promise<TrainingEstimate> {
  const recipe = await resolvedRecipe(job);
  const { runtime, signal } = job;
  const { task, model, tokenizer } = await planTraining({ ...job, recipe });
  const forms = formsOf(await task.order.batch(0));
  try {
    const step = trainingStep({ inputs: forms, loss: task.loss, recipe });
    const { parameters, buffers, state, whole } = step;
    const flopsPerStep = graphCost(whole, {}).matmul * recipe.accumulate;
    const measured = flopsPerStep < smallStep ? 'steps' : 'products';
    const secondsPerStep =
      measured === 'steps'
        ? await secondsOfSteps(runtime, recipe, task, steps, signal)
        : recipe.accumulate * (await estimateSeconds(runtime, whole, { signal }));
    const numbers = (tensors: readonly { readonly shape: readonly number[] }[]): number =>
      tensors.reduce((n, t) => n + sizeOf(t.shape), 0);
    return {
      parameters: numbers([...parameters, ...buffers.filter((p) => !p.fixed)]),
      vocabularySize: tokenizer.vocabularySize,
      contextLength: model.context,
      tokensPerStep: task.facts.tokensPerStep,
      flopsPerStep,
      parameterBytes: numbers([...parameters, ...buffers]) * float32Bytes,
      optimizerBytes: numbers(state) * float32Bytes,
      activationBytes: peakBytes(whole, {}),
      secondsPerStep,
      seconds: secondsPerStep * recipe.steps,
      measured,
    };
  } finally {
    await task.close?.();
  }
}

/** Mean over the first steps. */
async function secondsOfSteps(
  runtime: Runtime,
  recipe: Recipe,
  task: Task,
  steps: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const forms = formsOf(await task.order.batch(0));
  const engine = await trainingEngine(runtime, recipe, task.loss, forms, (step) => {
    const parameters = initialValues([...step.parameters, ...step.buffers], recipe.seed, recipe);
    return { parameters, state: step.initialState(parameters) };
  });
  try {
    // Every step twice: the first time its shape may have to be compiled.
    const times: number[] = [];
    for (let i = 0; i < 2 * steps; i++) {
      throwIfAborted(signal, 'estimate');
      const started = performance.now();
      await engine.run(i >> 1, task.order);
      if (i % 2 === 1) times.push((performance.now() - started) / 1000);
    }
    return times.reduce((a, b) => a + b, 0) / times.length;
  } finally {
    await engine.dispose();
  }
}
