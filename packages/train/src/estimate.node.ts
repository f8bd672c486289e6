// What a recipe will take on this computer: its data are read, its tokenizer's size found, nothing is written.

import { Tokenizer } from '@yumo/tokenizer';
import { makeTokenizer, splitCorpus } from './data/corpus.ts';
import { readTextFiles } from './data/files.node.ts';
import { estimateTraining, type TrainingEstimate } from './estimate.ts';
import type { Recipe } from './recipe.ts';
import { readTokenizer, runtimeOf } from './train.node.ts';

export interface NodeEstimateOptions {
  /** Where the recipe's relative paths are looked for; the working directory by default. */
  readonly dataFolders?: readonly string[];
  readonly signal?: AbortSignal;
}

/** @throws YumoError as {@link train} before its first step. */
export async function estimate(
  recipe: Recipe,
  { dataFolders = [process.cwd()], signal }: NodeEstimateOptions = {},
): Promise<TrainingEstimate & { readonly runtime: string }> {
  const runtime = await runtimeOf(recipe);
  const files = await readTextFiles(recipe.data, dataFolders);
  const { tokenizer } = recipe;
  const size = async (): Promise<number> => {
    switch (tokenizer.kind) {
      case 'characters':
        return (
          await makeTokenizer(tokenizer, splitCorpus(files, recipe.data.trainShare, recipe.data.separator), signal)
        ).vocabularySize;
      case 'byte-level-bpe':
        return tokenizer.vocabularySize; // as the recipe asks; to learn the merges would be half the training
      case 'file':
        return Tokenizer.fromJson(await readTokenizer(tokenizer.path, dataFolders), { file: tokenizer.path })
          .vocabularySize;
    }
  };
  const estimated = await estimateTraining(recipe, await size(), runtime, signal ? { signal } : {});
  return { ...estimated, runtime: runtime.description };
}
