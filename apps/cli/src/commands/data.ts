// `yumo data inspect | clean`: what a data set is made of, and a cleaner one.

import { writeFileAtomic } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import {
  cleanRows,
  type FileInspection,
  type Format,
  formats,
  inspectData,
  type Language,
  type Lengths,
  type Likeness,
  languages,
  textOfRow,
} from '@yumo/train';
import { readDataFiles, readTokenizer } from '@yumo/train/node';
import { type Command, Option } from 'commander';
import { delimiterOption, integerFrom } from '../options.ts';
import type { Register, Session } from '../session.ts';
import { significant, whole } from '../ui/format.ts';
import { pairs, table } from '../ui/table.ts';

export const data: Register = (program, session) => {
  const p = session.phrases.data;
  const group = program.command('data').summary(p.summary).description(p.summary);
  registerInspect(group, session);
  registerClean(group, session);
};

interface InspectOptions {
  readonly format?: Format;
  readonly delimiter?: string;
  readonly tokenizer?: string;
  readonly samples: number;
  readonly label?: string;
  readonly skip?: true;
}

function registerInspect(group: Command, { output, phrases }: Session): void {
  const p = phrases.data;
  group
    .command('inspect')
    .summary(p.inspect)
    .description(p.inspectDescription)
    .argument('<files...>', p.files)
    .option('--tokenizer <path>', p.tokenizer)
    .option('--samples <n>', p.samples, integerFrom(phrases, 0), 3)
    .option('--label <field>', p.label)
    .addOption(new Option('--format <name>', p.format).choices(formats))
    .addOption(delimiterOption(phrases))
    .option('--skip', p.skip)
    .action(async (patterns: string[], { format, delimiter, tokenizer, samples, label, skip }: InspectOptions) => {
      const asker = { who: 'data inspect', remedy: phrases.evaluate.noFile };
      const files = await readDataFiles(patterns, [process.cwd()], {
        asker,
        ...(format ? { format } : {}),
        ...(delimiter ? { table: { delimiter } } : {}),
        ...(skip ? { onBadRow: 'skip' } : {}),
      });
      const loaded = tokenizer
        ? Tokenizer.fromJson(await readTokenizer(tokenizer, [process.cwd()], '--tokenizer'), { file: tokenizer })
        : undefined;
      const inspection = inspectData(files, {
        samples,
        ...(loaded ? { tokenizer: loaded } : {}),
        ...(label ? { label } : {}),
      });
      output.document(inspection);
      for (const file of inspection.files) output.print(`${describe(file, phrases)}\n`);
      for (const { first, second, shared, rows } of inspection.overlaps)
        output.print(p.overlap(first, second, shared, rows));
    });
}

function describe(file: FileInspection, { data: p }: Session['phrases']): string {
  const percent = (n: number): string => `${significant((100 * n) / Math.max(1, file.rows), 3)} %`;
  const counts = (of: Readonly<Record<string, number>>, most = 12): string => {
    const entries = Object.entries(of);
    const rest = entries.slice(most).reduce((n, [, count]) => n + count, 0);
    return [
      ...entries.slice(0, most).map(([name, count]) => `${name} ${whole(count)}`),
      ...(rest > 0 ? [p.others(entries.length - most, whole(rest))] : []),
    ].join(' · ');
  };
  const { duplicates, tokens } = file;
  const facts = pairs([
    [p.rows, `${whole(file.rows)} (${file.format})${file.skipped > 0 ? `, ${p.skipped(file.skipped)}` : ''}`],
    ...Object.entries(file.notes).map(([note, count]) => ['', `${note}: ${whole(count)}`] as const),
    [p.characters, `${whole(file.characters)}; ${p.spread(spread(file.lengths))}`],
    ...(file.labels ? [[p.labels, counts(file.labels)] as const] : []),
    [p.languages, counts(file.languages)],
    [
      p.repeats,
      p.repeatsOf(whole(duplicates.exact), whole(duplicates.near), percent(duplicates.exact + duplicates.near)),
    ],
    [
      p.personal,
      file.private.rows === 0 ? p.none : p.personalIn(whole(file.private.rows), counts(file.private.byKind)),
    ],
    ...(tokens
      ? [
          [p.tokens, `${whole(tokens.tokens)}; ${p.spread(spread(tokens.lengths))}`] as const,
          [
            p.coverage,
            p.coverageOf(
              significant(tokens.charactersPerToken, 3),
              whole(tokens.unknown),
              whole(tokens.changed),
              `${whole(tokens.used)}/${whole(tokens.vocabulary)}`,
            ),
          ] as const,
        ]
      : []),
  ]);
  const samples = file.samples.map((row) => `  ${JSON.stringify(textOfRow(row)).slice(0, 160)}`);
  return [
    file.name,
    facts,
    histogram(file.lengths, p.characters),
    ...(samples.length > 0 ? [p.samplesTitle, ...samples] : []),
  ].join('\n');
}

const spread = ({ quantiles: q }: Lengths): string => [q['0'], q['50'], q['95'], q['100']].map(whole).join(' / ');

/** Bars of how many texts are how long. */
function histogram({ histogram: ranges }: Lengths, unit: string): string {
  const most = Math.max(1, ...ranges.map((r) => r.count));
  return table(ranges, [
    { title: unit, cell: (r) => `${whole(r.from)}–${whole(r.to - 1)}`, align: 'right' },
    { title: '', cell: (r) => whole(r.count), align: 'right' },
    { title: '', cell: (r) => '█'.repeat(Math.round((30 * r.count) / most)) },
  ]);
}

interface CleanOptions {
  readonly out: string;
  readonly field: string;
  readonly min?: number;
  readonly max?: number;
  readonly languages?: string;
  readonly duplicates?: Likeness | 'keep';
  readonly mask?: true;
  readonly normalize: boolean;
  readonly skip?: true;
}

function registerClean(group: Command, { output, phrases }: Session): void {
  const p = phrases.data;
  group
    .command('clean')
    .summary(p.clean)
    .description(p.cleanDescription)
    .argument('<file>', p.files)
    .requiredOption('-o, --out <file>', p.out)
    .option('--field <name>', p.field, 'text')
    .option('--min <characters>', p.min, integerFrom(phrases, 0))
    .option('--max <characters>', p.max, integerFrom(phrases, 1))
    .option('--languages <a,b>', p.keepLanguages(languages.join(', ')))
    .addOption(
      new Option('--duplicates <likeness>', p.duplicates)
        .choices(['keep', 'identical', 'exact', 'near'])
        .default('exact'),
    )
    .option('--mask', p.mask)
    .option('--no-normalize', p.noNormalize)
    .option('--skip', p.skip)
    .action(async (pattern: string, options: CleanOptions) => {
      const { out, field, min, max, mask, normalize, skip, duplicates = 'exact' } = options;
      const asker = { who: 'data clean', remedy: phrases.evaluate.noFile };
      const [file] = await readDataFiles([pattern], [process.cwd()], { asker, ...(skip ? { onBadRow: 'skip' } : {}) });
      const { content, report, masked } = cleanRows(file!, {
        field,
        mask: mask ?? false,
        ...(normalize ? {} : { normalize: false }),
        ...(min === undefined ? {} : { minCharacters: min }),
        ...(max === undefined ? {} : { maxCharacters: max }),
        // Checked by the library, which names the nearest.
        ...(options.languages === undefined ? {} : { languages: options.languages.split(',') as Language[] }),
        ...(duplicates === 'keep' ? {} : { duplicates: { likeness: duplicates } }),
      });
      await writeFileAtomic(out, content);
      output.document({
        path: out,
        ...report,
        dropped: Object.fromEntries(report.dropped),
        ...(masked ? { masked: { ...masked, byKind: Object.fromEntries(masked.byKind) } } : {}),
      });
      output.print(
        pairs([
          [p.rows, p.kept(whole(report.kept), whole(report.texts))],
          [p.changed, whole(report.changed)],
          ...[...report.dropped].map(([reason, count]) => [p.reasons[reason], whole(count)] as const),
          ...(masked
            ? [
                [
                  p.masked,
                  p.personalIn(
                    whole(masked.affected),
                    [...masked.byKind].map(([k, n]) => `${k} ${n}`).join(' · ') || p.none,
                  ),
                ] as const,
              ]
            : []),
        ]),
      );
      for (const { index, reason, detail } of report.examples.slice(0, 5))
        output.print(p.example(index + 1, p.reasons[reason], detail));
      output.print(phrases.wrote(out));
    });
}
