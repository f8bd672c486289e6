// What a training will take, before it is begun: a few steps on made-up tokens, and the sizes of its graph.

import { graphCost, peakBytes, type Runtime, sizeOf, throwIfAborted } from '@yumo/core';
import { shuffledRows } from './data/batches.ts';
import { trainingEngine } from './engine.ts';
import { initialValues } from './initial.ts';
import { planModel } from './model-config.ts';
import { randomUniform, streamKey } from './random.ts';
import type { Recipe } from './recipe.ts';

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
  /** Median of the steps that were measured, without the first. */
  readonly secondsPerStep: number;
  /** All steps of the recipe; evaluations and checkpoints come on top. */
  readonly seconds: number;
}

const float32Bytes = 4;

/**
 * Builds a recipe's step, runs it a few times on random tokens, and writes nothing.
 * @param vocabularySize of the tokenizer that the recipe will have.
 * @throws YumoError as the training would: `CONFIG`, `TOKENIZER`, `RUNTIME`.
 */
export async function estimateTraining(
  recipe: Recipe,
  vocabularySize: number,
  runtime: Runtime,
  { steps = 4, signal }: { readonly steps?: number; readonly signal?: AbortSignal } = {},
): Promise<TrainingEstimate> {
  const model = planModel(recipe, vocabularySize);
  const { context } = model;
  const engine = await trainingEngine(runtime, recipe, model, (step) => ({
    parameters: initialValues(step.parameters, recipe.seed, recipe.zeroStart),
    state: step.initialState(),
  }));
  try {
    const key = streamKey(recipe.seed, 'estimate');
    const tokens = Int32Array.from({ length: 4 * recipe.batch * context + 1 }, (_, i) =>
      Math.floor(randomUniform(key, i) * vocabularySize),
    );
    const order = shuffledRows(tokens, recipe.batch, context, recipe.seed);
    const times: number[] = [];
    for (let i = 0; i < steps; i++) {
      throwIfAborted(signal, 'estimate');
      const started = performance.now();
      await engine.run(i, order);
      times.push((performance.now() - started) / 1000);
    }
    const sorted = times.slice(times.length > 1 ? 1 : 0).sort((a, b) => a - b);
    const secondsPerStep = sorted[Math.floor(sorted.length / 2)]!;
    const { parameters, state, whole } = engine.step;
    const numbers = (tensors: readonly { readonly shape: readonly number[] }[]): number =>
      tensors.reduce((n, t) => n + sizeOf(t.shape), 0);
    return {
      parameters: numbers(parameters),
      vocabularySize,
      contextLength: context,
      tokensPerStep: recipe.batch * recipe.accumulate * context,
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
