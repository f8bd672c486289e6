// `yumo train <recipe>`: trains a model into a folder.

import { join } from 'node:path';
import { loadRecipe, train as runTraining } from '@yumo/train/node';
import { collect } from '../options.ts';
import { addRecipeFlags } from '../recipe-flags.ts';
import { dataPlaces, findRecipe } from '../recipe-places.ts';
import type { Register } from '../session.ts';
import { followTraining } from '../ui/training.ts';

interface Options {
  readonly out?: string;
  readonly data?: readonly string[];
  readonly overwrite?: true;
}

export const train: Register = (program, session) => {
  const { phrases, interruption } = session;
  const p = phrases.train;
  const command = program
    .command('train')
    .summary(p.summary)
    .description(p.description)
    .argument('<recipe>', p.recipe)
    .option('-o, --out <folder>', p.out)
    .option('--data <folder>', p.dataFolder, collect)
    .option('--overwrite', p.overwrite);
  const overrides = addRecipeFlags(command, phrases);
  command.action(async (given: string, options: Options) => {
    const path = await findRecipe(given);
    const recipe = await loadRecipe(path, overrides);
    const folder = options.out ?? join('runs', recipe.name);
    const events = runTraining(recipe, {
      folder,
      dataFolders: dataPlaces(path, options.data),
      overwrite: options.overwrite ?? false,
      signal: interruption.signal,
    });
    await followTraining(events, folder, session);
  });
};
