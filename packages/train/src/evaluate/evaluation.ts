// What every evaluation gives: scores with their uncertainty, predictions with their gold, and how much of the data was seen.

import type { BatchOptions, Runtime } from '@yumo/core';
import { bootstrap, type Confusion, type Interval, type Metric } from '../metrics/index.ts';

/** One number of a metric. */
export interface Score {
  readonly name: string;
  readonly value: number;
  /** `share`: 0 to 1, shown in percent; `percent`: 0 to 100; `nats`; `number`. */
  readonly unit: 'share' | 'percent' | 'nats' | 'number';
  /** 95 % of test sets drawn from these rows score between these. */
  readonly interval?: Pick<Interval, 'low' | 'high'>;
}

/** What the model said of one row. */
export interface Prediction {
  /** File and row. */
  readonly place: string;
  readonly input: string;
  readonly expected: string;
  readonly predicted: string;
  /** How good it is (F1, ROUGE-L, chrF) or, of a class, how sure the model was. */
  readonly score: number;
  /** The larger, the worse; 0 or less: not wrong. */
  readonly badness: number;
  /** What a file of predictions holds of it. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Precision, recall and F1 of one class or type of entity. */
export interface ClassScores {
  readonly label: string;
  readonly precision: number;
  readonly recall: number;
  readonly f: number;
  readonly support: number;
}

/** Scores of one set of predictions. */
export interface Scored {
  /** The first is the one to compare by. */
  readonly scores: readonly Score[];
  readonly predictions: readonly Prediction[];
  readonly perClass?: readonly ClassScores[];
  readonly confusion?: Confusion;
  /** Of BLEU and chrF: what a reader needs to compare. */
  readonly signatures?: readonly string[];
}

export interface EvaluationProgress {
  /** Rows; of language models tokens. */
  readonly done: number;
  readonly total: number;
  /** Of language models, so far. */
  readonly loss?: number;
}

/** What the runner of a task is given besides its rows. */
export interface TaskContext extends BatchOptions {
  readonly runtime: Runtime;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
}

/** A metric's number with its interval. The number of drawn sets shrinks for large data, so that the drawing takes seconds. */
export function scoreOf<Row, Part, Result>(
  name: string,
  unit: Score['unit'],
  metric: Metric<Row, Part, Result>,
  parts: readonly Part[],
  number: (result: Result) => number,
): Score {
  if (parts.length < 2) return { name, unit, value: number(metric.result(parts)) };
  const samples = Math.max(100, Math.min(1000, Math.floor(4e6 / parts.length)));
  const { score, low, high } = bootstrap(metric, parts, number, { samples });
  return { name, unit, value: score, ...(Number.isFinite(low + high) ? { interval: { low, high } } : {}) };
}

/** A number that is stated without an interval. */
export const plainScore = (name: string, unit: Score['unit'], value: number): Score => ({ name, unit, value });
