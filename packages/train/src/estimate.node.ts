// What a recipe will take on this computer: its data are read, its tokenizer's size found, nothing is written.

import { readTrainingData } from './data/files.node.ts';
import { estimateTraining, type TrainingEstimate } from './estimate.ts';
import type { Progress } from './objectives/objective.ts';
import type { Recipe } from './recipe.ts';
import { openInit, readTokenizer, runtimeOf } from './train.node.ts';

export interface NodeEstimateOptions {
  /** Where the recipe's relative paths are looked for; the working directory by default. */
  readonly dataFolders?: readonly string[];
  readonly signal?: AbortSignal;
  /** Told how far reading and encoding of streamed data is. */
  readonly progress?: Progress;
}

/** @throws YumoError as {@link train} before its first step. */
export async function estimate(
  recipe: Recipe,
  { dataFolders = [process.cwd()], signal, progress }: NodeEstimateOptions = {},
): Promise<TrainingEstimate & { readonly runtime: string }> {
  const runtime = await runtimeOf(recipe);
  const data = await readTrainingData(recipe.data, dataFolders, () => undefined, signal);
  const tokenizerJson =
    recipe.tokenizer.kind === 'file' ? await readTokenizer(recipe.tokenizer.path, dataFolders) : undefined;
  const init = await openInit(recipe, dataFolders);
  const estimated = await estimateTraining({ recipe, data, tokenizerJson, init, runtime, signal, progress });
  return { ...estimated, runtime: runtime.description };
}
