// `yumo train <recipe>`: trains a model into a folder.

import { join } from 'node:path';
import { estimate, loadRecipe, train as runTraining } from '@yumo/train/node';
import { collect } from '../options.ts';
import { addRecipeFlags } from '../recipe-flags.ts';
import { dataPlaces, findRecipe } from '../recipe-places.ts';
import { progressOf, type Register } from '../session.ts';
import { describeEstimate, followTraining, showPreparing } from '../ui/training.ts';

interface Options {
  readonly out?: string;
  readonly data?: readonly string[];
  readonly overwrite?: true;
  readonly dryRun?: true;
}

export const train: Register = (program, session) => {
  const { output, phrases, interruption } = session;
  const p = phrases.train;
  const command = program
    .command('train')
    .summary(p.summary)
    .description(p.description)
    .argument('<recipe>', p.recipe)
    .option('-o, --out <folder>', p.out)
    .option('--data <folder>', p.dataFolder, collect)
    .option('--overwrite', p.overwrite)
    .option('--dry-run', p.dryRun);
  const overrides = addRecipeFlags(command, phrases);
  command.action(async (given: string, options: Options) => {
    const path = await findRecipe(given);
    const recipe = await loadRecipe(path, overrides);
    const dataFolders = dataPlaces(path, options.data);
    if (options.dryRun) {
      const bar = progressOf(session);
      const estimated = await estimate(recipe, {
        dataFolders,
        signal: interruption.signal,
        progress: (state) => showPreparing(bar, state, phrases),
      }).finally(() => bar.clear());
      output.document({ recipe, ...estimated });
      output.print(describeEstimate(estimated, recipe.steps, phrases));
      return;
    }
    const folder = options.out ?? join('runs', recipe.name);
    const events = runTraining(recipe, {
      folder,
      dataFolders,
      overwrite: options.overwrite ?? false,
      signal: interruption.signal,
    });
    await followTraining(events, folder, session);
  });
};
