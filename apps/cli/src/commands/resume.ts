// `yumo resume <run>`: goes on with a training from its last checkpoint.

import { resume as resumeTraining } from '@yumo/train/node';
import { collect } from '../options.ts';
import { addRecipeFlags } from '../recipe-flags.ts';
import type { Register } from '../session.ts';
import { followTraining } from '../ui/training.ts';

export const resume: Register = (program, session) => {
  const { phrases, interruption } = session;
  const p = phrases.resume;
  const command = program
    .command('resume')
    .summary(p.summary)
    .description(p.description)
    .argument('<run>', p.run)
    .option('--data <folder>', phrases.train.dataFolder, collect);
  const overrides = addRecipeFlags(command, phrases);
  command.action(async (folder: string, options: { data?: readonly string[] }) => {
    const dataFolders = options.data ? [...options.data, process.cwd()] : undefined;
    const events = resumeTraining({
      folder,
      overrides,
      signal: interruption.signal,
      ...(dataFolders ? { dataFolders } : {}),
    });
    await followTraining(events, folder, session);
  });
};
