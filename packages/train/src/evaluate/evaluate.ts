// `evaluateTask`: a bundle and files in; scores, predictions and a baseline out. What to measure follows from both.

import { architectureFor, type FileSource, openBundle, type Runtime, throwIfAborted, YumoError } from '@yumo/core';
import { Tokenizer } from '@yumo/tokenizer';
import type { DataFile, Format, OnBadRow, PairRow, QuestionRow, SequenceRow } from '../data/readers/index.ts';
import { capabilityOf, checkedTask, type EvaluationTask } from './capability.ts';
import type { FieldNames } from './columns.ts';
import {
  type Dataset,
  type DatasetOptions,
  type EntityRow,
  type LabelledText,
  labelledTexts,
  markedTexts,
  type OpenedFile,
  openFiles,
  type Placed,
  questions,
  runningTexts,
  scoredTexts,
  sequences,
} from './dataset.ts';
import type { EvaluationProgress, Prediction, Score, Scored, TaskContext } from './evaluation.ts';
import { runMaskFiller, scoreMasks } from './fill-mask.ts';
import { matchLabels } from './labels.ts';
import { trainNaiveBayes } from './naive-bayes.ts';
import { mainLanguage, runReader, scoreAnswers } from './question-answering.ts';
import { runSimilarity, scoreSimilarity, sharedWords } from './sentence-similarity.ts';
import { runClassifier, scoreClasses } from './text-classification.ts';
import { type LanguageModelDetails, measureLanguageModel } from './text-generation.ts';
import {
  directionOf,
  directionsOf,
  kindOfSequences,
  leadSentence,
  runWriter,
  scoreSummaries,
  scoreTranslations,
  turned,
} from './text-to-text.ts';
import { entityDictionary, entityText, runTagger, scoreEntities } from './token-classification.ts';
import { wordOverlap } from './word-overlap.ts';

export interface EvaluateTaskOptions {
  /** By default what the bundle is for. */
  readonly task?: string | undefined;
  readonly format?: Format | undefined;
  /** Of tables; files are read as tables where it is given. */
  readonly delimiter?: string | undefined;
  readonly fields?: FieldNames | undefined;
  /** Names of the file's labels in the order of the model's classes, or pairs `file=class`. */
  readonly labels?: readonly string[] | undefined;
  /** Of the answers or targets: decides the metric. By default told from the texts. */
  readonly language?: string | undefined;
  readonly onBadRow?: OnBadRow | undefined;
  /** Only so many rows, spread evenly over the file. */
  readonly limit?: number | undefined;
  readonly batchSize?: number | undefined;
  /** A model file of the bundle, such as `onnx/model_quantized.onnx`. Of encoder-decoder models the encoder's; the decoder's name follows. */
  readonly file?: string | undefined;
  readonly beams?: number | undefined;
  readonly maxNewTokens?: number | undefined;
  readonly prefix?: string | undefined;
  readonly maxAnswerTokens?: number | undefined;
  readonly pooling?: 'mean' | 'cls' | undefined;
  /** Tokens that the window of a language model moves on. */
  readonly stride?: number | undefined;
  /** A method without a neural network beside it; of classifiers and taggers it learns from the files. */
  readonly baseline?: { readonly files: readonly DataFile[] } | undefined;
  /** Language models: keep a prediction for every token, not only the worst. */
  readonly everyToken?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  /** Told as soon as it is known: how the files were understood. */
  readonly onRemark?: ((remark: string) => void) | undefined;
}

export interface Evaluation extends Scored {
  readonly task: EvaluationTask;
  /** The class name of the model. */
  readonly className: string;
  readonly model: string;
  /** The metric's name where several are possible: `SQuAD 2.0`, `CMRC 2018`. */
  readonly metric?: string;
  readonly language?: string;
  /** Rows of the files, those that were measured, and those that were skipped as wrong. */
  readonly rows: number;
  readonly measured: number;
  readonly skipped: number;
  /** False: it was stopped; the scores are of the rows measured so far, a fair sample. */
  readonly complete: boolean;
  readonly remarks: readonly string[];
  /** Label of the file → class of the model. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly baseline?: { readonly name: string; readonly scores: readonly Score[] };
  readonly languageModel?: LanguageModelDetails;
  readonly seconds: number;
}

type Part = Omit<
  Evaluation,
  'task' | 'className' | 'model' | 'rows' | 'skipped' | 'complete' | 'remarks' | 'seconds' | 'measured'
> & {
  readonly measured: number;
};

/**
 * Evaluates a bundle on files of any format that is read. Results do not depend on the batch size.
 * @throws YumoError `CONFIG` for a task that is not the model's, `DATA` for files that do not hold what it needs, `ABORTED` when stopped
 *   before the first row was measured; what the model's loading and running throw.
 */
export async function evaluateTask(
  source: FileSource,
  files: readonly DataFile[],
  runtime: Runtime,
  options: EvaluateTaskOptions = {},
): Promise<Evaluation> {
  const bundle = await openBundle(source);
  const capability = capabilityOf(bundle);
  const opened = await openFiles(files, options);
  const remarks: string[] = [];
  const remark = (text: string): void => {
    if (remarks.includes(text)) return;
    remarks.push(text);
    options.onRemark?.(text);
  };
  const run = new TaskRun(source, capability, runtime, options, remark);
  const { task, dataset, measure } = await run.prepare(opened, bundle);
  for (const text of dataset.remarks) remark(text);
  if (dataset.rows.length === 0)
    throw new YumoError('DATA', `${files.map((f) => f.name).join(', ')}: no rows to measure`, {});
  const rows = sample(dataset.rows, options.limit);
  if (rows.length < dataset.rows.length) remark(`${rows.length} of ${dataset.rows.length} rows, spread evenly`);
  const started = performance.now();
  const part = await measure(rows);
  return {
    task,
    className: capability.className,
    model: source.name,
    rows: dataset.rows.length,
    skipped: dataset.skipped,
    complete: options.signal?.aborted !== true,
    remarks,
    ...part,
    seconds: (performance.now() - started) / 1000,
  };
}

function sample<Row>(rows: readonly Row[], limit = Number.POSITIVE_INFINITY): readonly Row[] {
  if (rows.length <= limit) return rows;
  return Array.from({ length: limit }, (_, i) => rows[Math.floor((i * rows.length) / limit)]!);
}

interface Prepared {
  readonly task: EvaluationTask;
  readonly dataset: Dataset<unknown>;
  measure(rows: readonly Placed<unknown>[]): Promise<Part>;
}

/** One evaluation: what the functions of a task have in common. */
class TaskRun {
  readonly #source: FileSource;
  readonly #capability: ReturnType<typeof capabilityOf>;
  readonly #options: EvaluateTaskOptions;
  readonly #remark: (text: string) => void;
  readonly #context: TaskContext;
  readonly #load: { tokenizer: (json: string) => Tokenizer; file?: string; signal?: AbortSignal };
  readonly #reading: DatasetOptions;

  constructor(
    source: FileSource,
    capability: ReturnType<typeof capabilityOf>,
    runtime: Runtime,
    options: EvaluateTaskOptions,
    remark: (text: string) => void,
  ) {
    this.#source = source;
    this.#capability = capability;
    this.#options = options;
    this.#remark = remark;
    const { batchSize, signal, onProgress, file } = options;
    this.#context = { runtime, batchSize, signal, onProgress };
    this.#load = {
      tokenizer: (json) => Tokenizer.fromJson(json, { file: `${source.name}/tokenizer.json` }),
      ...(file === undefined ? {} : { file }),
      ...(signal ? { signal } : {}),
    };
    const { format, fields, onBadRow, delimiter } = options;
    this.#reading = { format, fields, onBadRow, delimiter };
  }

  /** Reads the files for the task, and says how its rows are measured. */
  async prepare(files: readonly OpenedFile[], bundle: Awaited<ReturnType<typeof openBundle>>): Promise<Prepared> {
    const asked: EvaluationTask | undefined =
      this.#options.task === undefined
        ? undefined
        : checkedTask(this.#options.task, this.#capability, this.#source.name);
    const task = asked ?? this.#capability.tasks[0]!;
    // The functions below take the rows that they made themselves.
    const prepared = <Row>(
      dataset: Dataset<Row>,
      measure: (rows: readonly Placed<Row>[]) => Promise<Part>,
      is: EvaluationTask = task,
    ): Prepared => ({
      task: is,
      dataset,
      measure: measure as Prepared['measure'],
    });
    switch (task) {
      case 'text-classification': {
        const options = { pairs: this.#pairs(bundle.config), multiLabel: this.#capability.multiLabel };
        const dataset = await labelledTexts(files, this.#reading, options);
        const given = this.#options.labels ?? dataset.classNames;
        return prepared(dataset, (rows) => this.#classes(rows, given, options));
      }
      case 'sentence-similarity':
        return prepared(await scoredTexts(files, this.#reading), (rows) => this.#similarity(rows));
      case 'token-classification': {
        const { id2label } = bundle.config;
        const classes = Object.values(typeof id2label === 'object' && id2label !== null ? id2label : {}).map(String);
        return prepared(await markedTexts(files, this.#reading, classes), (rows) => this.#entities(rows));
      }
      case 'question-answering':
        return prepared(await questions(files, this.#reading), (rows) => this.#answers(rows));
      case 'translation':
      case 'summarization': {
        const dataset = await sequences(files, this.#reading, task);
        const known = directionsOf(bundle);
        const kind = asked ?? kindOfSequences(dataset.rows, known, bundle.config);
        if (kind === 'summarization') return prepared(dataset, (rows) => this.#summaries(rows), kind);
        const { rows, name } = this.#directed(dataset.rows, known);
        return prepared({ ...dataset, rows }, (kept) => this.#translations(kept, name), kind);
      }
      case 'text-generation':
        return prepared(await runningTexts(files, this.#reading), async (texts) => {
          architectureFor(bundle.config);
          return measureLanguageModel(bundle, texts, {
            ...this.#context,
            ...this.#load,
            stride: this.#options.stride,
            everyToken: this.#options.everyToken,
          });
        });
      case 'fill-mask':
        return prepared(await runningTexts(files, this.#reading), async (texts) => {
          const { windows, decode } = await runMaskFiller(this.#source, texts, this.#load, this.#context);
          return { ...scoreMasks(this.#some(windows), decode), measured: texts.length };
        });
    }
  }

  /** Whether the classes are those of two texts. */
  #pairs({ id2label }: Readonly<Record<string, unknown>>): boolean {
    const names = Object.values(typeof id2label === 'object' && id2label !== null ? id2label : {}).map((name) =>
      String(name).toLowerCase(),
    );
    return names.includes('entailment') || names.includes('not_entailment') || names.includes('paraphrase');
  }

  /** Outputs, of which there is one at least. */
  #some<Output>(outputs: readonly (Output | undefined)[]): readonly (Output | undefined)[] {
    if (!outputs.some((output) => output !== undefined)) throwIfAborted(this.#options.signal, 'evaluate');
    return outputs;
  }

  async #classes(
    rows: readonly Placed<LabelledText>[],
    given: readonly string[],
    { multiLabel, pairs }: { multiLabel: boolean; pairs: boolean },
  ): Promise<Part> {
    const run = await runClassifier(this.#source, rows, this.#load, given, this.#context);
    const labels = Object.fromEntries(run.labels.names);
    this.#remark(
      `labels ${run.labels.reason}: ${[...run.labels.names].map(([own, name]) => (own === name ? own : `${own} = ${name}`)).join(', ')}`,
    );
    this.#some(run.outputs);
    const scored = scoreClasses(run, multiLabel);
    const { baseline } = this.#options;
    if (baseline === undefined || multiLabel) return { ...scored, labels, measured: count(run.outputs) };
    const training = await labelledTexts(await this.#baselineFiles(baseline.files), this.#reading, {
      pairs,
      multiLabel,
    });
    const map = matchLabels([...new Set(training.rows.flatMap(({ row }) => row.labels))].sort(), run.classes, given);
    const bayes = trainNaiveBayes(
      training.rows.map(({ row }) => ({ ...row, labels: row.labels.map((l) => map.names.get(l)!) })),
      run.classes,
    ); // every label is matched
    const outputs = run.rows.map(({ row }, i) => (run.outputs[i] ? bayes.scores(row) : undefined));
    return {
      ...scored,
      labels,
      measured: count(run.outputs),
      baseline: {
        name: `naive Bayes, ${training.rows.length} rows`,
        scores: scoreClasses({ ...run, outputs }, false).scores,
      },
    };
  }

  async #similarity(rows: readonly Placed<PairRow>[]): Promise<Part> {
    const { pooling, baseline } = this.#options;
    const { regression } = this.#capability;
    const outputs = this.#some(
      await runSimilarity(this.#source, rows, this.#load, { ...this.#context, regression, pooling }),
    );
    const shared = (): Score[] => [
      ...scoreSimilarity(
        rows,
        rows.map(({ row }, i) => (outputs[i] === undefined ? undefined : sharedWords(row))),
      ).scores,
    ];
    return {
      ...scoreSimilarity(rows, outputs),
      measured: count(outputs),
      ...(baseline ? { baseline: { name: 'shared words', scores: shared() } } : {}),
    };
  }

  async #entities(given: readonly Placed<EntityRow>[]): Promise<Part> {
    const { rows, outputs, remarks } = await runTagger(
      this.#source,
      given,
      this.#load,
      this.#options.labels ?? [],
      this.#context,
    );
    for (const text of remarks) this.#remark(text);
    this.#some(outputs);
    const part = { ...scoreEntities(rows, outputs), measured: count(outputs) };
    const { baseline } = this.#options;
    if (baseline === undefined) return part;
    const training = await markedTexts(await this.#baselineFiles(baseline.files), this.#reading, []);
    const find = entityDictionary(training.rows.map(({ row }) => entityText(row)));
    const found = rows.map(({ row }, i) => (outputs[i] ? find(row) : undefined));
    return {
      ...part,
      baseline: { name: `dictionary, ${training.rows.length} rows`, scores: scoreEntities(rows, found).scores },
    };
  }

  async #answers(rows: readonly Placed<QuestionRow>[]): Promise<Part> {
    const { maxAnswerTokens, baseline } = this.#options;
    const language = this.#options.language ?? mainLanguage(rows.map(({ row }) => row.context));
    const outputs = this.#some(
      await runReader(this.#source, rows, this.#load, language, {
        ...this.#context,
        maxAnswerTokens,
        onRemark: this.#remark,
      }),
    );
    if (rows.every(({ row }) => row.answers.length === 0))
      this.#remark('no question of the files has an answer: measured is only whether the model finds none');
    const scored = scoreAnswers(rows, outputs, language);
    const part = { ...scored, measured: count(outputs), ...(language === undefined ? {} : { language }) };
    if (baseline === undefined) return part;
    const answer = wordOverlap(rows.map(({ row }) => row));
    const found = rows.map(({ row }, i) => (outputs[i] ? { text: answer(row), score: 0 } : undefined));
    return { ...part, baseline: { name: 'word overlap', scores: scoreAnswers(rows, found, language).scores } };
  }

  async #summaries(rows: readonly Placed<SequenceRow>[]): Promise<Part> {
    const language = this.#options.language ?? directionOf(rows).target;
    const outputs = await this.#written('summarization', rows, 'summarization');
    const { baseline } = this.#options;
    const lead = (): readonly Score[] =>
      scoreSummaries(
        rows,
        rows.map(({ row }, i) => (outputs[i] === undefined ? undefined : leadSentence(row))),
        language,
      ).scores;
    return {
      ...scoreSummaries(rows, outputs, language),
      measured: count(outputs),
      ...(language === undefined ? {} : { language }),
      ...(baseline ? { baseline: { name: 'first sentence', scores: lead() } } : {}),
    };
  }

  async #translations(rows: readonly Placed<SequenceRow>[], name: string): Promise<Part> {
    const language = this.#options.language ?? directionOf(rows).target;
    const outputs = await this.#written('translation', rows, name);
    const { baseline } = this.#options;
    const copied = (): readonly Score[] =>
      scoreTranslations(
        rows,
        rows.map(({ row }, i) => (outputs[i] === undefined ? undefined : row.source)),
        language,
      ).scores;
    return {
      ...scoreTranslations(rows, outputs, language),
      measured: count(outputs),
      ...(language === undefined ? {} : { language }),
      ...(baseline ? { baseline: { name: 'the source itself', scores: copied() } } : {}),
    };
  }

  async #written(
    kind: 'translation' | 'summarization',
    rows: readonly Placed<SequenceRow>[],
    task: string,
  ): Promise<readonly (string | undefined)[]> {
    const { beams, maxNewTokens, prefix, file } = this.#options;
    const { file: _, ...load } = this.#load;
    const files =
      file === undefined
        ? {}
        : { files: { encoder: file, decoder: file.replace('encoder_model', 'decoder_model_merged') } };
    return this.#some(
      await runWriter(
        kind,
        this.#source,
        rows,
        { ...load, ...files, task },
        { ...this.#context, beams, maxNewTokens, prefix },
      ),
    );
  }

  /** Rows in a direction that the model was made for, turned where the file has it the other way; and the name of the direction. */
  #directed(
    rows: readonly Placed<SequenceRow>[],
    known: readonly { source: string | undefined; target: string | undefined }[],
  ): { rows: readonly Placed<SequenceRow>[]; name: string } {
    const { source, target } = directionOf(rows);
    const nameOf = (a: string | undefined, b: string | undefined): string => `translation_${a}_to_${b}`;
    const said = this.#options.fields?.source !== undefined || this.#options.fields?.target !== undefined;
    const fits =
      known.length === 0 ||
      source === undefined ||
      target === undefined ||
      known.some((d) => d.source === source && d.target === target);
    const other = !said && !fits && known.some((d) => d.source === target && d.target === source);
    const [from, to] = other ? [target, source] : [source, target];
    if (from !== undefined && to !== undefined)
      this.#remark(
        `direction ${from} → ${to}${other ? ', as the model was trained: the sides of the file are turned' : ''}`,
      );
    if (!fits && !other)
      this.#remark(
        `the model was made for ${known.map((d) => `${d.source} → ${d.target}`).join(', ')}, not for ${source} → ${target}`,
      );
    return { rows: other ? turned(rows) : rows, name: nameOf(from, to) };
  }

  async #baselineFiles(files: readonly DataFile[]): Promise<OpenedFile[]> {
    if (files.length === 0)
      throw new YumoError('CONFIG', 'the baseline of this task learns from training data; give a file', {});
    return openFiles(files, this.#options);
  }
}

const count = (outputs: readonly unknown[]): number => outputs.filter((output) => output !== undefined).length;

/** The worst predictions, the worst first; none that are right. */
export const worstOf = (predictions: readonly Prediction[], most: number): Prediction[] =>
  predictions
    .filter((p) => p.badness > 0)
    .sort((a, b) => b.badness - a.badness)
    .slice(0, most);
