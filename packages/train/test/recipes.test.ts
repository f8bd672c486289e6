// Every recipe of the repository is valid, finds its data, and fits its model.

import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readTrainingData } from '../src/data/files.node.ts';
import type { SourceFile, TrainingData } from '../src/data/sources.ts';
import type { Recipe } from '../src/recipe.ts';
import { sharedFolder } from '../src/shared.node.ts';
import { loadRecipe, recipeFolders } from '../src/train.node.ts';
import { planTraining } from '../src/trainer.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../recipes');
const shared = sharedFolder('data');

describe('recipes/', () => {
  it.each(readdirSync(folder).filter((f) => f.endsWith('.json')))(
    '%s',
    async (file) => {
      const path = join(folder, file);
      const recipe = await loadRecipe(path);
      expect(`${recipe.name}.json`).toBe(file);
      // Data that may not be shipped lie beside the repository, and not on every machine; what is started from is trained first.
      const folders = [...recipeFolders(path), shared];
      const data = await readTrainingData(recipe.data, folders, () => undefined).catch((error: Error) => error);
      if (data instanceof Error && !existsSync(shared)) return;
      if (data instanceof Error) throw data;
      const whole = await withItsStart(recipe);
      const job = { recipe: { ...whole, tokenizer: quick(whole.tokenizer) }, data: beginningOf(data) };
      expect((await planTraining(job)).model.context).toBeGreaterThan(0);
    },
    60_000,
  );
});

/** What is started from is not trained here: model and tokenizer are those of its own recipe, which must be there. */
async function withItsStart(recipe: Recipe): Promise<Recipe> {
  if (!recipe.init) return recipe;
  const start = await withItsStart(await loadRecipe(join(folder, `${basename(recipe.init.from)}.json`)));
  const { init: _, ...rest } = recipe;
  return { ...rest, tokenizer: start.tokenizer, model: { ...start.model, ...recipe.model } };
}

/** The first rows of every file: what they are, not how many. */
function beginningOf(data: TrainingData): TrainingData {
  if (data.kind !== 'rows') return data;
  const some = (files: readonly SourceFile[]): SourceFile[] => files.map((f) => ({ ...f, rows: f.rows.slice(0, 150) }));
  return { ...data, training: some(data.training), validation: data.validation && some(data.validation) };
}

/** Merges are not the point here. */
const quick = (tokenizer: Recipe['tokenizer']): Recipe['tokenizer'] =>
  tokenizer.kind === 'byte-level-bpe' ? { ...tokenizer, vocabularySize: 300 } : tokenizer;
