// What a training will take, before it is begun: a few steps on made-up tokens, and the sizes of its graph.

import { graphCost, peakBytes, sizeOf, throwIfAborted } from '@yumo/core';
import { formsOf, trainingEngine } from './engine.ts';
import { initialValues } from './initial.ts';
import { planTraining, type TrainingJob } from './trainer.ts';

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
  /** Mean of the steps that were measured, compiling left out. */
  readonly secondsPerStep: number;
  /** All steps of the recipe; evaluations and checkpoints come on top. */
  readonly seconds: number;
}

const float32Bytes = 4;

/**
 * Plans a recipe, runs its first steps a few times, and writes nothing.
 * @throws YumoError as the training would: `CONFIG`, `DATA`, `TOKENIZER`, `RUNTIME`.
 */
export async function estimateTraining(
  job: Pick<TrainingJob, 'recipe' | 'data' | 'tokenizerJson' | 'init' | 'runtime' | 'signal'>,
  { steps = 4 }: { readonly steps?: number } = {},
): Promise<TrainingEstimate> {
  const { recipe, runtime, signal } = job;
  const { task, model, tokenizer } = await planTraining(job);
  const forms = formsOf(await task.order.batch(0));
  const engine = await trainingEngine(runtime, recipe, task.loss, forms, (step) => ({
    parameters: initialValues([...step.parameters, ...step.buffers], recipe.seed, recipe.zeroStart),
    state: step.initialState(),
  }));
  try {
    // Every step twice: the first time its shape may have to be compiled.
    const times: number[] = [];
    for (let i = 0; i < 2 * steps; i++) {
      throwIfAborted(signal, 'estimate');
      const started = performance.now();
      await engine.run(i >> 1, task.order);
      if (i % 2 === 1) times.push((performance.now() - started) / 1000);
    }
    const secondsPerStep = times.reduce((a, b) => a + b, 0) / times.length;
    const { parameters, state, whole } = engine.step;
    const numbers = (tensors: readonly { readonly shape: readonly number[] }[]): number =>
      tensors.reduce((n, t) => n + sizeOf(t.shape), 0);
    return {
      parameters: numbers(parameters),
      vocabularySize: tokenizer.vocabularySize,
      contextLength: model.context,
      tokensPerStep: task.facts.tokensPerStep,
      flopsPerStep: graphCost(whole, {}).matmul * recipe.accumulate,
      parameterBytes: numbers(parameters) * float32Bytes,
      optimizerBytes: numbers(state) * float32Bytes,
      activationBytes: peakBytes(whole, {}),
      secondsPerStep,
      seconds: secondsPerStep * recipe.steps,
    };
  } finally {
    await engine.dispose();
  }
}
