// `yumo runs [folders...]`: the trainings of a folder, side by side.

import { listRuns } from '@yumo/train/node';
import type { Register } from '../session.ts';
import { duration, significant, whole } from '../ui/format.ts';
import { table } from '../ui/table.ts';

export const runs: Register = (program, { output, phrases }) => {
  const p = phrases.runs;
  program
    .command('runs')
    .summary(p.summary)
    .description(p.description)
    .argument('[folders...]', p.folders)
    .action(async (given: string[]) => {
      const found = await listRuns(given.length > 0 ? given : ['runs']);
      output.document({ runs: found });
      if (found.length === 0) return output.note(p.none);
      const optional = (x: number | null, show: (x: number) => string): string => (x === null ? '–' : show(x));
      const loss = (x: number): string => x.toFixed(4);
      const { columns } = p;
      output.print(
        table(found, [
          { title: columns.run, cell: (r) => r.folder },
          { title: columns.status, cell: (r) => p.status[r.status] },
          { title: columns.step, cell: (r) => `${r.step}/${r.steps}`, align: 'right' },
          { title: columns.loss, cell: (r) => optional(r.loss, loss), align: 'right' },
          { title: columns.validation, cell: (r) => optional(r.bestLoss, loss), align: 'right' },
          { title: columns.perCharacter, cell: (r) => optional(r.bestLossPerCharacter, loss), align: 'right' },
          { title: columns.speed, cell: (r) => optional(r.tokensPerSecond, whole), align: 'right' },
          { title: columns.time, cell: (r) => duration(r.seconds), align: 'right' },
          {
            title: columns.parameters,
            cell: (r) => optional(r.parameters, (x) => significant(x / 1e6, 3)),
            align: 'right',
          },
        ]),
      );
    });
};
