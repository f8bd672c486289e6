// `yumo train <recipe>`: trains a model into a folder.

import { join } from 'node:path';
import { loadRecipe, recipeFolders, train as runTraining } from '@yumo/train/node';
import { collect } from '../options.ts';
import { addRecipeFlags } from '../recipe-flags.ts';
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
  command.action(async (path: string, options: Options) => {
    const recipe = await loadRecipe(path, overrides);
    const folder = options.out ?? join('runs', recipe.name);
    const dataFolders = [...new Set([...(options.data ?? []), process.cwd(), ...recipeFolders(path)])];
    const events = runTraining(recipe, {
      folder,
      dataFolders,
      overwrite: options.overwrite ?? false,
      signal: interruption.signal,
    });
    await followTraining(events, folder, session);
  });
};
