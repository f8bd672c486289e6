// `yumo runs [folders...]`: the trainings of a folder, side by side; with --compare also what differs between them.

import { basename } from 'node:path';
import { YumoError } from '@yumo/core';
import { writeFileAtomic } from '@yumo/core/node';
import { comparedChart, differentFields, svgOf } from '@yumo/train';
import { listRuns, pngOf, type RunSummary, readEvents, readRecipe } from '@yumo/train/node';
import type { Phrases } from '../phrases/en.ts';
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
    .option('--compare', p.compare)
    .option('--curves <file>', p.curves)
    .action(async (given: string[], { compare, curves }: { compare?: true; curves?: string }) => {
      const found = await listRuns(given.length > 0 ? given : ['runs']);
      const comparison = compare ? await compared(found) : undefined;
      output.document({ runs: found, ...comparison });
      if (found.length === 0) return output.note(p.none);
      if (curves) await drawCurves(found, curves);
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
      if (comparison) output.print(`\n${describe(found, comparison, phrases)}`);
      if (curves) output.print(phrases.wrote(curves));
    });
};

interface Comparison {
  readonly different: ReturnType<typeof differentFields>;
  /** The folder with the least validation loss. */
  readonly best: string | null;
}

async function compared(runs: readonly RunSummary[]): Promise<Comparison> {
  const recipes = await Promise.all(runs.map((run) => readRecipe(run.folder)));
  const measured = runs.filter((run) => run.bestLoss !== null);
  const best = measured.reduce<RunSummary | undefined>((a, b) => (a && a.bestLoss! <= b.bestLoss! ? a : b), undefined);
  return { different: differentFields(recipes), best: best?.folder ?? null };
}

/** Fields as rows, runs as columns. */
function describe(runs: readonly RunSummary[], { different, best }: Comparison, { runs: p }: Phrases): string {
  const shown = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));
  const fields = table(different, [
    { title: p.columns.field, cell: (d) => d.path },
    ...runs.map((run, i) => ({
      title: basename(run.folder),
      cell: (d: (typeof different)[number]) => shown(d.values[i]),
    })),
  ]);
  return [different.length > 0 ? fields : p.same, ...(best === null ? [] : [p.best(best)])].join('\n');
}

/** The curves of all runs in one picture, as the file's name says. */
async function drawCurves(runs: readonly RunSummary[], path: string): Promise<void> {
  if (!/\.(svg|png)$/.test(path))
    throw new YumoError('USAGE', `--curves ${path}: the name must end in .svg or .png`, { path });
  const chart = comparedChart(
    await Promise.all(runs.map(async ({ folder }) => ({ name: basename(folder), events: await readEvents(folder) }))),
  );
  await writeFileAtomic(path, path.endsWith('.svg') ? svgOf(chart) : pngOf(chart));
}
