// What can be known of a model's folder without loading it.

import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { causalLmTypes, isYumoError, modelFor, seq2seqTypes } from '@yumo/core';
import { type Card, type CardResult, readCard } from './card.ts';
import { headOfClass, smallFiles, type Task } from './tasks/open.ts';

/** From one language into another. */
export interface Direction {
  readonly from: string;
  readonly to: string;
  /** What the model wants before a text, where it can do several. */
  readonly prefix?: string;
}

export interface ModelInfo {
  /** Its folder's name; what requests call it. */
  readonly name: string;
  /** The first heading of its card, else its name. */
  readonly title: string;
  readonly modelType: string;
  /** What it can be used for; empty when no page or interface of ours uses its head. */
  readonly tasks: readonly Task[];
  /** In tokens. */
  readonly contextLength: number;
  readonly vocabularySize: number;
  /** What a browser has to download to run it as it is. */
  readonly bytes: number;
  /** The same for its 8-bit files, where they are there and newer than the weights. */
  readonly small?: SmallForm;
  /** Codes of the languages it was trained on, as its card tells them. */
  readonly languages: readonly string[];
  /** Of a translator; empty where neither its files nor its name tell. */
  readonly directions: readonly Direction[];
  /** What a summarizer wants before a text. */
  readonly summaryPrefix?: string;
  /** Names of its classes, or of what it finds. */
  readonly labels: readonly string[];
  /** Beginnings that suit it: the examples that its card lists (`widget` in the front matter, as model hubs read it). */
  readonly openings: readonly string[];
  /** The first sentences of its card. */
  readonly summary: string;
  readonly license?: string;
  /** Measured results that its card states. */
  readonly results: readonly CardResult[];
  /** Why it cannot be used, when it cannot. */
  readonly problem?: string;
}

export interface SmallForm {
  readonly bytes: number;
  /** Share of the probes on which the 8-bit files chose as the weights do; undefined when nobody compared. */
  readonly sameChoice?: number;
}

type Json = Readonly<Record<string, unknown>>;
type Sizes = Readonly<Record<string, Stats | undefined>>;

/** undefined when the folder is not a model at all, or a training that has saved nothing yet. */
export async function describeModel(folder: string, name: string): Promise<ModelInfo | undefined> {
  const path = (file: string): string => join(folder, name, file);
  const text = await readFile(path('config.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const card = readCard(await readFile(path('README.md'), 'utf8').catch(() => ''));
  const plain: ModelInfo = {
    name,
    title: card.title ?? name,
    modelType: '',
    tasks: [],
    contextLength: 0,
    vocabularySize: 0,
    bytes: 0,
    languages: card.languages,
    directions: [],
    labels: [],
    openings: card.openings,
    summary: card.summary,
    ...(card.license === undefined ? {} : { license: card.license }),
    results: card.results,
  };
  try {
    const config = JSON.parse(text) as Json;
    const model = modelFor(config);
    const sizes = await sizesOf(path, modelFiles);
    const weights = ['model.safetensors', 'model.safetensors.index.json', 'onnx/model.onnx', 'onnx/encoder_model.onnx'];
    const { modelType } = model.architecture;
    const tasks = tasksOf(model.className, modelType, config, card, name);
    const known: ModelInfo = {
      ...plain,
      modelType,
      tasks,
      contextLength: model.architecture.contextLength(model.config) ?? anyLength,
      vocabularySize: model.architecture.vocabularySize(model.config),
      bytes: bytesOf(sizes, fullFiles),
      ...(await smallForm(path, sizes)),
      directions: tasks.includes('translate') ? directionsOf(config, card, name) : [],
      ...summaryPrefixOf(config),
      labels: labelsOf(config),
    };
    if (!weights.some((file) => sizes[file])) {
      if (await stat(path('training')).catch(() => undefined)) return undefined;
      return { ...known, problem: 'its weights (model.safetensors) are missing' };
    }
    return sizes['tokenizer.json'] ? known : { ...known, problem: 'tokenizer.json is missing' };
  } catch (error) {
    const named = isYumoError(error) || error instanceof SyntaxError;
    return { ...plain, problem: named ? error.message : `config.json cannot be read (${String(error)})` };
  }
}

/** Tokens that models without a limit of their own are given at once (T5 was trained on 512). */
const anyLength = 512;

const fullFiles = ['config.json', 'generation_config.json', 'tokenizer.json', 'model.safetensors'] as const;
const modelFiles = [
  ...fullFiles,
  'model.safetensors.index.json',
  'onnx/model.onnx',
  'onnx/encoder_model.onnx',
  ...Object.values(smallFiles),
] as const;

async function sizesOf(path: (file: string) => string, files: readonly string[]): Promise<Sizes> {
  const found = await Promise.all(files.map((file) => stat(path(file)).catch(() => undefined)));
  return Object.fromEntries(files.map((file, i) => [file, found[i]]));
}

const bytesOf = (sizes: Sizes, files: readonly string[]): number =>
  files.reduce((sum, file) => sum + (sizes[file]?.size ?? 0), 0);

/** The record that `npm start` keeps beside the files that it makes. */
export const madeRecord = 'onnx/made.json';

async function smallForm(path: (file: string) => string, sizes: Sizes): Promise<{ small?: SmallForm }> {
  const files = sizes[smallFiles.model] ? [smallFiles.model] : [smallFiles.encoder, smallFiles.decoder];
  const weights = sizes['model.safetensors']?.mtimeMs ?? 0;
  if (!files.every((file) => (sizes[file]?.mtimeMs ?? -1) >= weights)) return {};
  const bytes = bytesOf(sizes, ['config.json', 'generation_config.json', 'tokenizer.json', ...files]);
  const record = await readFile(path(madeRecord), 'utf8').then(
    (text) => JSON.parse(text) as { files?: readonly { path?: unknown; sameChoice?: unknown }[] }, // read with care below
    () => undefined,
  );
  const shares = (record?.files ?? []).flatMap((file) =>
    files.some((f) => f === file.path) && typeof file.sameChoice === 'number' ? [file.sameChoice] : [],
  );
  return { small: { bytes, ...(shares.length > 0 ? { sameChoice: Math.min(...shares) } : {}) } };
}

const params = (config: Json): readonly (readonly [string, Json])[] =>
  typeof config.task_specific_params === 'object' && config.task_specific_params !== null
    ? Object.entries(config.task_specific_params).map(([key, v]) => [key, typeof v === 'object' && v ? v : {}])
    : [];

function tasksOf(className: string, modelType: string, config: Json, card: Card, name: string): Task[] {
  if (causalLmTypes.includes(modelType) && /LMHeadModel$|ForCausalLM$/.test(className)) return ['write'];
  const head = headOfClass(className, seq2seqTypes.includes(modelType));
  if (head === 'answers') return ['ask'];
  if (head === 'classes') return ['classify'];
  if (head === 'tags') return ['tag'];
  if (head !== 'rewrites') return [];
  // An encoder-decoder does not say what it was taught; its card, its settings and its name may.
  if (card.pipelineTag === 'translation') return ['translate'];
  if (card.pipelineTag === 'summarization') return ['summarize'];
  const keys = params(config).map(([key]) => key);
  const told: Task[] = [
    ...(keys.some((key) => key.startsWith('translation')) ? (['translate'] as const) : []),
    ...(keys.some((key) => key.startsWith('summarization')) ? (['summarize'] as const) : []),
  ];
  if (told.length > 0) return told;
  if (/summar|title|headline/i.test(name)) return ['summarize'];
  if (modelType === 'marian' || pairIn(name)) return ['translate'];
  return ['translate', 'summarize'];
}

/** `…-en-de`, `opus_mt_zh_en`, `en-to-fr`: two codes beside each other in a name. */
function pairIn(name: string): Direction | undefined {
  const codes = 'ar|cs|de|en|es|fi|fr|it|ja|ko|nl|pl|pt|ru|sv|tr|uk|vi|zh';
  const found = new RegExp(`(?:^|[-_.])(${codes})(?:[-_.]to)?[-_.]?(${codes})(?:$|[-_.])`).exec(name.toLowerCase());
  return found ? { from: found[1]!, to: found[2]! } : undefined; // both groups take part in a match
}

function directionsOf(config: Json, { languages }: Card, name: string): Direction[] {
  const told = params(config).flatMap(([key, { prefix }]) => {
    const [, from, to] = /^translation_([a-z]{2,3})_to_([a-z]{2,3})$/.exec(key) ?? [];
    return from && to ? [{ from, to, ...(typeof prefix === 'string' ? { prefix } : {}) }] : [];
  });
  if (told.length > 0) return told;
  const [from, to] = languages;
  const pair = pairIn(name) ?? (from && to ? { from, to } : undefined);
  return pair ? [pair] : [];
}

function summaryPrefixOf(config: Json): { summaryPrefix?: string } {
  const [, settings] = params(config).find(([key]) => key.startsWith('summarization')) ?? [];
  return typeof settings?.prefix === 'string' ? { summaryPrefix: settings.prefix } : {};
}

function labelsOf({ id2label }: Json): string[] {
  if (typeof id2label !== 'object' || id2label === null) return [];
  return Object.values(id2label).filter((label) => typeof label === 'string');
}
