// Every recipe of the repository is valid, finds its data, and fits its model.

import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readTrainingData } from '../src/data/files.node.ts';
import type { Recipe } from '../src/recipe.ts';
import { sharedFolder } from '../src/shared.node.ts';
import { loadRecipe, openInit, recipeFolders } from '../src/train.node.ts';
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
      if (recipe.init && !(await openInit(recipe, folders).catch(() => undefined))) return;
      const job = { recipe: { ...recipe, tokenizer: quick(recipe.tokenizer) }, data };
      expect((await planTraining(job)).model.context).toBeGreaterThan(0);
    },
    60_000,
  );
});

/** Merges are not the point here. */
const quick = (tokenizer: Recipe['tokenizer']): Recipe['tokenizer'] =>
  tokenizer.kind === 'byte-level-bpe' ? { ...tokenizer, vocabularySize: 300 } : tokenizer;
