// `yumo export <bundle>`: ONNX files that transformers.js, Optimum and onnxruntime open, compared with the model they came from.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ExportForm } from '@yumo/core';
import { diskSource, exportFolder } from '@yumo/core/node';
import { evaluateExported, evaluationTasks, type FormScores } from '@yumo/train';
import { readRawFiles } from '@yumo/train/node';
import { Option } from 'commander';
import { missedExit } from '../exit-codes.ts';
import { type DeviceOptions, deviceOption, integerFrom, threadsOption } from '../options.ts';
import type { Phrases } from '../phrases/en.ts';
import { engineOf, modelOf, progressOf, type Register } from '../session.ts';
import { bytes, count, significant } from '../ui/format.ts';
import { table } from '../ui/table.ts';
import { shown } from './evaluate.ts';

interface Options extends DeviceOptions {
  readonly form?: readonly ExportForm[];
  readonly out?: string;
  readonly externalDataAt?: number;
  readonly evaluate?: readonly string[];
  readonly task?: string;
  readonly limit?: number;
}

/** Largest difference of a float32 file to its graph, as a share of the largest value: both are the same sums in another order. */
const tolerance = 1e-4;

export const exportCommand: Register = (program, session) => {
  const { output, phrases, interruption } = session;
  const p = phrases.export;
  program
    .command('export')
    .summary(p.summary)
    .description(p.description)
    .argument('<bundle>', phrases.bundle)
    .option('-o, --out <folder>', p.out)
    .addOption(new Option('--form <forms...>', p.form).choices(['float32', 'float16', 'int8', 'int4']))
    .option('--external-data-at <bytes>', p.externalDataAt, integerFrom(phrases, 0))
    .option('--evaluate <files...>', p.evaluate)
    .addOption(new Option('--task <name>', phrases.evaluate.taskOption).choices(evaluationTasks))
    .option('--limit <rows>', phrases.evaluate.limit, integerFrom(phrases, 1))
    .addOption(deviceOption(phrases, 'cpu'))
    .addOption(threadsOption(phrases))
    .action(async (folder: string, options: Options) => {
      const { device, threads, out, externalDataAt, evaluate, task, limit } = options;
      const { signal } = interruption;
      // Before the work: a name that is wrong is told at once.
      const asker = { who: 'export', remedy: phrases.evaluate.noFile };
      const data = evaluate && (await readRawFiles(evaluate, [process.cwd()], asker));
      const forms: readonly ExportForm[] | undefined = options.form ?? (data && ['float32', 'int8', 'int4']);
      const runtime = await engineOf(session, { device, ...(threads === undefined ? {} : { threads }) });
      // What came from the hub is written beside us, under its own name, and never into the cache.
      const source = modelOf(session, folder);
      const target = out ?? (existsSync(folder) ? folder : (folder.split(/[/@]/)[1] ?? folder));
      const { files, parameters, companions } = await exportFolder(source, {
        runtime,
        forms,
        to: target,
        externalDataAt,
        signal,
      });
      const exported = files.map(({ path, form, bytes: content, difference, data }) => ({
        ...{ path, form, bytes: content.length, difference },
        ...(data ? { data: { path: `${path}_data`, bytes: data.bytes } } : {}),
      }));
      const progress = progressOf(session);
      const scores =
        data &&
        (await evaluateExported(source, diskSource(target), files, data, runtime, {
          ...{ task, limit, signal },
          onRemark(remark) {
            progress.clear();
            output.note(remark);
          },
          onProgress: ({ done, total, loss }) =>
            progress.update({
              unit: loss === undefined ? phrases.evaluate.row : phrases.evaluate.token,
              done,
              total,
              facts: [],
            }),
        }));
      progress.finish();
      output.document({
        bundle: folder,
        folder: target,
        parameters,
        files: exported,
        companions: Object.keys(companions),
        ...(scores ? { evaluations: scores.map(documentOf) } : {}),
      });
      const { columns } = p;
      output.print(p.parameters(count(parameters)));
      output.print(
        table(exported, [
          { title: columns.file, cell: (f) => join(target, f.path) },
          { title: columns.form, cell: (f) => f.form },
          { title: columns.size, cell: (f) => bytes(f.bytes + (f.data?.bytes ?? 0)), align: 'right' },
          { title: columns.difference, cell: (f) => significant(f.difference.largest, 3), align: 'right' },
          { title: columns.scale, cell: (f) => significant(f.difference.scale, 3), align: 'right' },
          { title: columns.same, cell: (f) => `${significant(100 * f.difference.sameChoice, 4)} %`, align: 'right' },
        ]),
      );
      if (scores) output.print(`\n${costs(scores, phrases)}`);
      const split = exported.flatMap((f) => (f.data ? [f.data.path] : []));
      if (split.length > 0) output.print(p.split(split.join(', ')));
      const wrong = exported.filter(
        (f) => f.form === 'float32' && f.difference.largest > tolerance * Math.max(1, f.difference.scale),
      );
      if (wrong.length === 0) return;
      output.note(p.differs(wrong.map((f) => f.path).join(', ')));
      process.exitCode = missedExit;
    });
};

const documentOf = ({ form, path, evaluation: { task, measured, rows, complete, scores } }: FormScores) => ({
  ...{ form, path, task, measured, rows, complete },
  metrics: Object.fromEntries(scores.map(({ name, value }) => [name, value])),
});

/** A row for each measure, a column for each form. */
function costs(scores: readonly FormScores[], { evaluate: p }: Phrases): string {
  const first = scores[0]!.evaluation.scores; // a form is always measured, or it has thrown
  return table(
    first.map(({ name }) => name),
    [
      { title: p.columns.measure, cell: (name) => p.measures[name] ?? name },
      ...scores.map(({ form, evaluation }) => ({
        title: form,
        cell: (name: string) => {
          const score = evaluation.scores.find((s) => s.name === name);
          return score ? shown(score) : '';
        },
        align: 'right' as const,
      })),
    ],
  );
}
