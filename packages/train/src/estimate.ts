// What a training will take, before it is begun: a few steps on made-up tokens, and the sizes of its graph.

import { graphCost, peakBytes, type Runtime, sizeOf, throwIfAborted } from '@yumo/core';
import { formsOf, trainingEngine } from './engine.ts';
import { initialValues } from './initial.ts';
import type { Progress, Task } from './objectives/objective.ts';
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
  job: Pick<TrainingJob, 'recipe' | 'data' | 'tokenizerJson' | 'init' | 'runtime' | 'signal'> & {
    readonly progress?: Progress | undefined;
  },
  { steps = 4 }: { readonly steps?: number } = {},
): Promise<TrainingEstimate> {
  const recipe = await resolvedRecipe(job);
  const { runtime, signal } = job;
  const { task, model, tokenizer } = await planTraining({ ...job, recipe });
  try {
    // Rows of unequal length make batches of unequal size: the mean counts for time, the largest for memory.
    const sizes = await sizesOf(task, recipe);
    const flopsPerStep = recipe.accumulate * meanOf(sizes, (size) => size.flops);
    const measured = flopsPerStep < smallStep ? 'steps' : 'products';
    const typical = closest(sizes, flopsPerStep / recipe.accumulate);
    const secondsPerStep =
      measured === 'steps'
        ? await secondsOfSteps(runtime, recipe, task, steps, signal)
        : (flopsPerStep / typical.flops) * (await estimateSeconds(runtime, typical.step.whole, { signal }));
    const { parameters, buffers, state } = typical.step;
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
      activationBytes: Math.max(...sizes.map(({ step }) => peakBytes(step.whole, {}))),
      secondsPerStep,
      seconds: secondsPerStep * recipe.steps,
      measured,
    };
  } finally {
    await task.close?.();
  }
}

interface BatchSize {
  readonly step: ReturnType<typeof trainingStep>;
  readonly flops: number;
  /** How many of the sampled batches have it. */
  count: number;
}

/** Batches that are looked at to learn how large they come. */
const sampledBatches = 48;

async function sizesOf(task: Task, recipe: Recipe): Promise<BatchSize[]> {
  const sizes = new Map<string, BatchSize>();
  for (let i = 0; i < Math.min(sampledBatches, recipe.steps * recipe.accumulate); i++) {
    const inputs = formsOf(await task.order.batch(i));
    const key = JSON.stringify(inputs);
    const known = sizes.get(key);
    if (known) known.count++;
    else {
      const step = trainingStep({ inputs, loss: task.loss, recipe });
      sizes.set(key, { step, flops: graphCost(step.whole, {}).matmul, count: 1 });
    }
  }
  return [...sizes.values()];
}

function meanOf(sizes: readonly BatchSize[], number: (size: BatchSize) => number): number {
  const batches = sizes.reduce((n, size) => n + size.count, 0);
  return sizes.reduce((sum, size) => sum + size.count * number(size), 0) / batches;
}

const closest = (sizes: readonly BatchSize[], flops: number): BatchSize =>
  sizes.reduce((best, size) => (Math.abs(size.flops - flops) < Math.abs(best.flops - flops) ? size : best));

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
