// What an objective is: how data become batches, what is asked of them, and how well it is answered.

import type { Runtime, Values } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import type { Example } from '../data/examples.ts';
import type { TrainingData } from '../data/sources.ts';
import type { ModelPlan } from '../model-config.ts';
import type { ObjectiveKind, ObjectiveRecipe, Recipe } from '../recipe.ts';
import type { LossGraph } from '../step.ts';

/** The numbers of one run of a graph. Every input has the rows of the batch as its first axis. */
export interface Batch {
  readonly feeds: Values;
  /** Real tokens in it, padding left out. */
  readonly tokens: number;
  /** Which examples its rows are, for evaluations; rows beyond them count nothing. */
  readonly examples?: readonly number[];
  /** These examples, with what they have beside the feeds. */
  readonly given?: readonly Example[];
}

/** The batches of a training. Nothing is kept between calls, so the cursor of a resumed run is the step number. */
export interface BatchOrder {
  /** Rows in one pass over the data. */
  readonly rowsPerEpoch: number;
  /** @param index number of the batch since the start of training. */
  batch(index: number): Batch | Promise<Batch>;
}

/** Measures by name: `accuracy`, `f1`, `bleu` … in the units of their definitions. */
export type Metrics = Readonly<Record<string, number>>;

/** What samples and generated answers need of the model as it is now. */
export interface Moment {
  readonly runtime: Runtime;
  readonly parameters: Values;
  /** Of what is drawn: a function of the run's seed and the step. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** One measurement of the validation part. */
export interface Evaluation {
  readonly batches: Iterable<Batch> | AsyncIterable<Batch>;
  /** Takes what the loss graph gives besides the loss. */
  add?(batch: Batch, outputs: Values): void;
  /** @param loss mean over the labels. */
  metrics(loss: number, moment: Moment): Metrics | Promise<Metrics>;
}

export interface Sample {
  readonly prompt: string;
  readonly text: string;
}

/** How much there is to learn from. */
export interface DataFacts {
  readonly trainingTokens: number;
  readonly validationTokens: number;
  /** Rows of the data; absent for running text. */
  readonly trainingExamples?: number;
  readonly validationExamples?: number;
  /** Of running text: characters (code points) that are predicted. */
  readonly validationCharacters?: number;
  /** Mean tokens of a step. */
  readonly tokensPerStep: number;
  /** Of what is learnt, in order: a resumed run compares it. */
  readonly fingerprint: string;
}

/** An objective with its data, tokenizer and model: what the trainer runs. */
export interface Task {
  readonly facts: DataFacts;
  readonly order: BatchOrder;
  readonly loss: LossGraph;
  /** Names of what evaluations measure besides the loss. */
  readonly metrics: readonly string[];
  evaluation(): Evaluation;
  /** What the model makes of something now; undefined when the signal fired. */
  sample?(moment: Moment): Promise<Sample | undefined>;
  /** Lets go of what was opened for it. */
  close?(): Promise<void>;
}

/** Data that an objective has read, before there is a tokenizer. */
export interface Reading {
  /** What the tokenizer must have besides what it learns. */
  readonly tokens: TokenNeeds;
  /** What a tokenizer is trained on: the training part. */
  texts(): Texts;
  /** The other part's, for tokenizers that must know every character. */
  validationTexts(): Texts;
  /** Ends of the class names in `architectures` that can be trained so, the preferred first. */
  readonly heads: readonly RegExp[];
  /** Fields of config.json that data and tokenizer decide. */
  config(tokenizer: Tokenizer): Readonly<Record<string, unknown>>;
  /** Fields of generation_config.json. */
  generation?(model: ModelPlan): Readonly<Record<string, unknown>>;
  /** For the card. */
  readonly pipeline: string;
  /** How conversations become text, for tokenizer_config.json. */
  readonly chatTemplate?: string;
  task(tokenizer: Tokenizer, model: ModelPlan): Task | Promise<Task>;
}

/** Texts at hand, or as they are read. */
export type Texts = Iterable<string> | AsyncIterable<readonly string[]>;

/** Special tokens that an objective works with. */
export interface TokenNeeds {
  readonly roles: readonly TokenRole[];
  /** Besides, such as sentinels. */
  readonly extra?: readonly string[];
}

export type TokenRole = 'padding' | 'start' | 'end' | 'mask' | 'unknown';

/** Something that was counted while data were read: rows left out (the first of them named), answers moved, texts in both parts. */
export type Note = (text: string, count: number, first?: string) => void;

/** How far reading and encoding is, before the first step. */
export interface Preparing {
  readonly kind: 'preparing';
  /** `reading`: files become rows; `encoding`: rows become ids. */
  readonly stage: 'reading' | 'encoding';
  /** Bytes of files read, or rows encoded, and in all. */
  readonly done: number;
  readonly total: number;
  /** At the speed so far. */
  readonly secondsLeft: number;
}
export type Progress = (state: Preparing) => void;

/** What an objective reads. */
export interface Given<K extends ObjectiveKind = ObjectiveKind> {
  readonly recipe: Recipe;
  readonly objective: Extract<ObjectiveRecipe, { kind: K }>;
  readonly data: TrainingData;
  readonly note: Note;
  readonly progress?: Progress | undefined;
}

/** The same for what several objectives share: all that it may know of the objective is its name. */
export type AnyGiven = Omit<Given, 'objective'> & { readonly objective: { readonly kind: ObjectiveKind } };

/** The first step of an objective: reads and checks the data. @throws YumoError `DATA`, `CONFIG` */
export type Objective<K extends ObjectiveKind> = (given: Given<K>) => Reading | Promise<Reading>;

/** Metrics of which less is better; of all others more is. */
export const lowerIsBetter: ReadonlySet<string> = new Set([
  ...['loss', 'lossPerCharacter', 'perplexity', 'meanSquaredError', 'meanAbsoluteError'],
]);
