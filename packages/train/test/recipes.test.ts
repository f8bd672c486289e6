// Every recipe of the repository is valid, finds its data, and fits its model.

import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readTextFiles } from '../src/data/files.node.ts';
import { planModel } from '../src/model-config.ts';
import { loadRecipe, recipeFolders } from '../src/train.node.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../recipes');

describe('recipes/', () => {
  it.each(readdirSync(folder).filter((f) => f.endsWith('.json')))('%s', async (file) => {
    const path = join(folder, file);
    const recipe = await loadRecipe(path);
    expect(`${recipe.name}.json`).toBe(file);
    const files = await readTextFiles(recipe.data, recipeFolders(path));
    expect(files.length).toBeGreaterThan(0);
    const vocabulary = recipe.tokenizer.kind === 'byte-level-bpe' ? recipe.tokenizer.vocabularySize : 65;
    expect(planModel(recipe, vocabulary).context).toBeGreaterThan(0);
  });
});
