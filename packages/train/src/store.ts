// Where a run keeps its things: an interface over a folder on disk, a browser's file system, or memory.

import type { Value, Values } from '@yumo/core';
import type { TrainingEvent } from './events.ts';
import type { Metrics } from './objectives/objective.ts';
import type { Recipe } from './recipe.ts';

/** What a run remembers beside numbers of the model. */
export interface Progress {
  /** Steps done. */
  readonly step: number;
  /** Of the best evaluation, by the recipe's measure. */
  readonly bestLoss: number | null;
  readonly bestMetrics: Metrics | null;
  readonly bestStep: number | null;
  /** The last step that was evaluated. */
  readonly evaluatedStep: number | null;
  /** The last step that was sampled. */
  readonly sampledStep: number | null;
  /** Computing time so far. */
  readonly seconds: number;
  /** Evaluations since the last improvement of more than `stopEarly.minChange`, and the value that was reached then. */
  readonly staleEvaluations?: number;
  readonly improvedTo?: number | null;
  /** What was trained: a run that goes on compares its recipe. Absent in checkpoints of older versions. */
  readonly recipe?: Recipe;
  /** Of what is learnt: the data must be the same when the run goes on. */
  readonly fingerprint: string;
}

/** All that is needed to go on: order, rates and masks are functions of the recipe's seed and the step. */
export interface Checkpoint {
  readonly progress: Progress;
  readonly parameters: Values;
  /** The optimizer's tensors. */
  readonly state: Values;
}

/** Small files of the bundle by path: text. */
export type BundleFiles = Readonly<Record<string, string>>;

export interface RunStore {
  /** The folder as the user knows it. */
  readonly name: string;
  /** The last good checkpoint. Changes nothing: what the caller wants to go on with may not fit. */
  resume(): Promise<Checkpoint | undefined>;
  /** Forgets the events after the checkpoint that {@link resume} gave: they will happen again. */
  restart(): Promise<void>;
  /** The text of a file of the run, if it is there. */
  readText(path: string): Promise<string | undefined>;
  /** Writes files so that each is either the old or the new one. */
  writeFiles(files: BundleFiles): Promise<void>;
  /** Weights as model.safetensors of the bundle. */
  writeWeights(parameters: Values): Promise<void>;
  /** Durable when it returns; others than the last and the best are removed then. */
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  append(event: TrainingEvent): Promise<void>;
  /** All events so far. */
  events(): Promise<readonly TrainingEvent[]>;
}

const copied = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).map(([n, v]) => [n, { ...v, data: v.data.slice() } as Value]));

/** A run in memory. */
export function memoryStore(
  name = 'memory',
): RunStore & { readonly files: Map<string, string>; weights(): Values | undefined } {
  const files = new Map<string, string>();
  const log: TrainingEvent[] = [];
  let last: { checkpoint: Checkpoint; events: number } | undefined;
  let weights: Values | undefined;
  return {
    name,
    files,
    weights: () => weights,
    resume: async () =>
      last && {
        ...last.checkpoint,
        parameters: copied(last.checkpoint.parameters),
        state: copied(last.checkpoint.state),
      },
    restart: async () => {
      log.length = last?.events ?? 0;
    },
    readText: async (path) => files.get(path),
    writeFiles: async (written) => {
      for (const [path, text] of Object.entries(written)) files.set(path, text);
    },
    writeWeights: async (parameters) => {
      weights = copied(parameters);
    },
    saveCheckpoint: async (checkpoint) => {
      last = {
        checkpoint: { ...checkpoint, parameters: copied(checkpoint.parameters), state: copied(checkpoint.state) },
        events: log.length,
      };
    },
    append: async (event) => {
      log.push(event);
    },
    events: async () => [...log],
  };
}
