// `yumo export <bundle>`: ONNX files that transformers.js, Optimum and onnxruntime open, compared with the model they came from.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ExportForm } from '@yumo/core';
import { exportFolder } from '@yumo/core/node';
import { Option } from 'commander';
import { missedExit } from '../exit-codes.ts';
import { type DeviceOptions, deviceOption, integerFrom, threadsOption } from '../options.ts';
import { engineOf, modelOf, type Register } from '../session.ts';
import { bytes, count, significant } from '../ui/format.ts';
import { table } from '../ui/table.ts';

interface Options extends DeviceOptions {
  readonly form?: readonly ExportForm[];
  readonly out?: string;
  readonly externalDataAt?: number;
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
    .addOption(new Option('--form <forms...>', p.form).choices(['float32', 'float16', 'int8']))
    .option('--external-data-at <bytes>', p.externalDataAt, integerFrom(phrases, 0))
    .addOption(deviceOption(phrases, 'cpu'))
    .addOption(threadsOption(phrases))
    .action(async (folder: string, { device, threads, form, out, externalDataAt }: Options) => {
      const { signal } = interruption;
      const runtime = await engineOf(session, { device, ...(threads === undefined ? {} : { threads }) });
      // What came from the hub is written beside us, under its own name, and never into the cache.
      const source = modelOf(session, folder);
      const target = out ?? (existsSync(folder) ? folder : (folder.split(/[/@]/)[1] ?? folder));
      const { files, parameters, companions } = await exportFolder(source, {
        runtime,
        forms: form,
        to: target,
        externalDataAt,
        signal,
      });
      const exported = files.map(({ path, form, bytes: content, difference, data }) => ({
        ...{ path, form, bytes: content.length, difference },
        ...(data ? { data: { path: `${path}_data`, bytes: data.bytes } } : {}),
      }));
      output.document({
        bundle: folder,
        folder: target,
        parameters,
        files: exported,
        companions: Object.keys(companions),
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
