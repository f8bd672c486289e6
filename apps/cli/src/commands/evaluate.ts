// `yumo evaluate <bundle> <files...>`: how good a model is at its task, by the field's own measures.

import { writeFileAtomic } from '@yumo/core/node';
import {
  type Evaluation,
  evaluateTask,
  evaluationTasks,
  type Format,
  formats,
  type Prediction,
  type Score,
  worstOf,
} from '@yumo/train';
import { readRawFiles } from '@yumo/train/node';
import { Option } from 'commander';
import { type DeviceOptions, delimiterOption, deviceOption, integerFrom, threadsOption } from '../options.ts';
import type { Phrases } from '../phrases/en.ts';
import { engineOf, modelOf, progressOf, type Register } from '../session.ts';
import { duration, significant, whole } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import { pairs, table } from '../ui/table.ts';
import { cutTo } from '../ui/width.ts';

interface Options extends DeviceOptions {
  readonly task?: string;
  readonly format?: Format;
  readonly delimiter?: string;
  readonly text?: string;
  readonly field?: string;
  readonly pair?: string;
  readonly label?: string;
  readonly score?: string;
  readonly source?: string;
  readonly target?: string;
  readonly labels?: string;
  readonly language?: string;
  readonly skipBadRows?: boolean;
  readonly limit?: number;
  readonly batchSize?: number;
  readonly file?: string;
  readonly beams?: number;
  readonly maxNewTokens?: number;
  readonly prefix?: string;
  readonly maxAnswerTokens?: number;
  readonly pooling?: 'mean' | 'cls';
  readonly stride?: number;
  readonly baseline?: true | string;
  readonly predictions?: string;
  readonly worst: number;
}

export const evaluate: Register = (program, session) => {
  const { output, phrases, interruption } = session;
  const p = phrases.evaluate;
  const positive = integerFrom(phrases, 1);
  program
    .command('evaluate')
    .summary(p.summary)
    .description(p.description)
    .argument('<bundle>', phrases.bundle)
    .argument('<files...>', p.files)
    .addOption(new Option('--task <name>', p.taskOption).choices(evaluationTasks))
    .addOption(new Option('--format <name>', p.format).choices(formats))
    .addOption(delimiterOption(phrases))
    .option('--text <columns>', p.text)
    .addOption(new Option('--field <name>').hideHelp())
    .option('--pair <column>', p.pair)
    .option('--label <column>', p.label)
    .option('--labels <names>', p.labels)
    .option('--score <column>', p.score)
    .option('--source <columns>', p.source)
    .option('--target <columns>', p.target)
    .option('--language <code>', p.language)
    .option('--skip-bad-rows', p.skipBadRows)
    .option('--limit <rows>', p.limit, positive)
    .option('--baseline [file]', p.baseline)
    .option('--batch-size <rows>', p.batchSize, positive)
    .option('--file <path>', p.file)
    .option('--beams <n>', p.beams, positive)
    .option('--max-new-tokens <n>', p.maxNewTokens, positive)
    .option('--prefix <text>', p.prefix)
    .option('--max-answer-tokens <n>', p.maxAnswerTokens, positive)
    .addOption(new Option('--pooling <kind>', p.pooling).choices(['mean', 'cls']))
    .option('--stride <tokens>', p.stride, positive)
    .option('--predictions <file>', p.predictions)
    .option('--worst <n>', p.worst, integerFrom(phrases, 0), 10)
    .addOption(deviceOption(phrases))
    .addOption(threadsOption(phrases))
    .action(async (folder: string, patterns: string[], options: Options) => {
      const { device, threads, text, field, pair, label, score, source, target, labels, baseline, ...settings } =
        options;
      const folders = [process.cwd()];
      const asker = { who: 'evaluate', remedy: p.noFile };
      const files = await readRawFiles(patterns, folders, asker);
      const labelList = await labelNames(labels, folders, asker);
      const training =
        baseline === undefined ? undefined : await readRawFiles(baseline === true ? [] : [baseline], folders, asker);
      const runtime = await engineOf(session, { device, ...(threads === undefined ? {} : { threads }) });
      const progress = progressOf(session);
      const result = await evaluateTask(modelOf(session, folder), files, runtime, {
        ...settings,
        labels: labelList,
        fields: { text: text ?? field, pair, label, score, source, target },
        onBadRow: options.skipBadRows === true ? 'skip' : 'error',
        baseline: training && { files: training },
        everyToken: options.predictions !== undefined,
        signal: interruption.signal,
        onRemark(remark) {
          progress.clear();
          output.note(remark);
        },
        onProgress: ({ done, total, loss }) =>
          progress.update({
            unit: loss === undefined ? p.row : p.token,
            done,
            total,
            facts: loss === undefined ? [] : [`${phrases.training.loss} ${loss.toFixed(4)}`],
          }),
      });
      progress.finish();
      if (!result.complete)
        output.note(
          result.task === 'text-generation' ? p.stoppedReading : p.stopped(whole(result.measured), whole(result.rows)),
        );
      if (result.languageModel?.lossless === false) output.note(p.lossy);
      if (options.predictions !== undefined) await writeFileAtomic(options.predictions, linesOf(result.predictions));
      const worst = worstOf(result.predictions, options.worst);
      output.document(documentOf(result, { files: patterns, device: runtime.name }, worst));
      print(output, phrases, result, worst);
      if (options.predictions !== undefined) output.print(phrases.wrote(options.predictions));
    });
};

/** `a,b,c`, or a file with a name a line. */
async function labelNames(
  given: string | undefined,
  folders: readonly string[],
  asker: { readonly who: string; readonly remedy: string },
): Promise<string[] | undefined> {
  if (given === undefined) return undefined;
  if (!/\.\w+$/.test(given) || given.includes(',')) return given.split(',').map((name) => name.trim());
  const [file] = await readRawFiles([given], folders, asker);
  return new TextDecoder()
    .decode(file!.bytes)
    .split(/\r?\n/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

const linesOf = (predictions: readonly Prediction[]): string =>
  predictions.map(({ place, record }) => `${JSON.stringify({ place, ...record })}\n`).join('');

/** NaN and infinities are null in JSON. */
const documentOf = (
  result: Evaluation,
  asked: { readonly files: readonly string[]; readonly device: string },
  worst: readonly Prediction[],
): Readonly<Record<string, unknown>> => {
  const { predictions: _, scores, languageModel, baseline, ...rest } = result;
  const metrics = (of: readonly Score[]) => Object.fromEntries(of.map(({ name, value }) => [name, value]));
  return {
    ...rest,
    ...asked,
    metrics: metrics(scores),
    intervals: Object.fromEntries(
      scores.flatMap(({ name, interval }) => (interval ? [[name, [interval.low, interval.high]]] : [])),
    ),
    units: Object.fromEntries(scores.map(({ name, unit }) => [name, unit])),
    ...(baseline ? { baseline: { name: baseline.name, metrics: metrics(baseline.scores) } } : {}),
    ...languageModel,
    worst: worst.map(({ place, input, expected, predicted, score }) => ({ place, input, expected, predicted, score })),
  };
};

/** A score as people read it. */
export function shown({ value, unit }: Pick<Score, 'value' | 'unit'>): string {
  if (unit === 'share') return (100 * value).toFixed(2);
  return unit === 'percent' ? value.toFixed(2) : unit === 'nats' ? value.toFixed(4) : significant(value);
}

function print(output: Output, phrases: Phrases, result: Evaluation, worst: readonly Prediction[]): void {
  const p = phrases.evaluate;
  const { scores, baseline, languageModel, perClass = [], confusion, signatures = [] } = result;
  output.print(
    pairs([
      [p.model, `${result.model} (${result.className})`],
      [p.task, `${result.task}${result.metric === undefined ? '' : `, ${result.metric}`}`],
      [p.rows, p.rowsOf(whole(result.measured), whole(result.rows), result.skipped)],
      ...(languageModel
        ? ([
            [
              p.texts,
              p.textsOf(whole(languageModel.texts), whole(languageModel.tokens), whole(languageModel.characters)),
            ],
            ...(languageModel.skippedTexts > 0 ? [[p.skipped, whole(languageModel.skippedTexts)] as const] : []),
            [p.window, p.windowOf(languageModel.contextLength, languageModel.stride)],
          ] as const)
        : []),
      [p.time, p.timeOf(duration(result.seconds), significant(result.measured / result.seconds, 3))],
    ]),
  );
  const beside = new Map(baseline?.scores.map((s) => [s.name, s]));
  output.print(
    `\n${table(scores, [
      { title: p.columns.measure, cell: (s) => p.measures[s.name] ?? s.name },
      { title: p.columns.value, cell: shown, align: 'right' },
      {
        title: p.columns.interval,
        cell: (s) =>
          s.interval ? `${shown({ ...s, value: s.interval.low })} … ${shown({ ...s, value: s.interval.high })}` : '',
      },
      ...(baseline
        ? [
            {
              title: baseline.name,
              cell: (s: Score) => (beside.has(s.name) ? shown(beside.get(s.name)!) : ''),
              align: 'right' as const,
            },
          ]
        : []),
    ])}`,
  );
  for (const line of signatures) output.print(line);
  if (perClass.length > 0)
    output.print(
      `\n${table(perClass, [
        { title: p.columns.class, cell: (c) => c.label },
        ...(['precision', 'recall', 'f'] as const).map((of) => ({
          title: of === 'f' ? 'F1' : p.columns[of],
          cell: (c: (typeof perClass)[number]) => (100 * c[of]).toFixed(2),
          align: 'right' as const,
        })),
        { title: p.columns.support, cell: (c) => whole(c.support), align: 'right' },
      ])}`,
    );
  if (confusion && confusion.labels.length <= 20)
    output.print(
      `\n${table(
        confusion.labels.map((label, i) => ({ label, counts: confusion.counts[i]! })),
        [
          { title: p.columns.confusion, cell: (row) => String(row.label) },
          ...confusion.labels.map((label, i) => ({
            title: String(label),
            cell: (row: { counts: readonly number[] }) => whole(row.counts[i]!),
            align: 'right' as const,
          })),
        ],
      )}`,
    );
  if (worst.length === 0) return;
  const quoted = (text: string, columns: number): string => cutTo(text.replace(/\s+/g, ' '), columns);
  output.print(
    `\n${table(worst, [
      { title: languageModel ? p.columns.place : p.columns.worst, cell: (w) => w.place.split('/').at(-1)! },
      ...(worst.some((w) => w.input !== '')
        ? [
            {
              title: languageModel ? p.columns.before : p.columns.input,
              cell: (w: Prediction) => (languageModel ? JSON.stringify(w.input) : quoted(w.input, 40)),
            },
          ]
        : []),
      {
        title: languageModel ? p.columns.token : p.columns.expected,
        cell: (w) => (languageModel ? JSON.stringify(w.expected) : quoted(w.expected, 40)),
      },
      ...(languageModel ? [] : [{ title: p.columns.predicted, cell: (w: Prediction) => quoted(w.predicted, 40) }]),
      { title: languageModel ? 'ln p' : p.columns.score, cell: (w) => w.score.toFixed(2), align: 'right' },
    ])}`,
  );
}
