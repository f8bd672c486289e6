// How far a score would move with another test set: percentile bootstrap, for one system and for the difference of two.

import { YumoError } from '@yumo/core';
import { randomBits, streamKey } from '../random.ts';
import { exactMean } from './exact-sum.ts';
import type { Metric } from './metric.ts';

export interface BootstrapOptions {
  /** How many sets are drawn, each as large as the data, with replacement. Default 1000. */
  readonly samples?: number;
  /** The share of drawn sets inside the interval. Default 0.95. */
  readonly confidence?: number;
  readonly seed?: number;
}

/** A score with its uncertainty. */
export interface Interval {
  /** On the rows as they are. */
  readonly score: number;
  readonly low: number;
  readonly high: number;
  /** Standard deviation of the drawn scores. */
  readonly standardError: number;
}

/**
 * Percentile interval (Efron & Tibshirani 1993, ch. 13; for translation Koehn 2004). `score` picks the number out of the result.
 * The same seed and parts give the same interval.
 */
export function bootstrap<Row, Part, Result>(
  metric: Metric<Row, Part, Result>,
  parts: readonly Part[],
  score: (result: Result) => number,
  { samples = 1000, confidence = 0.95, seed = 0 }: BootstrapOptions = {},
): Interval {
  const scores = draws(metric.name, parts.length, samples, confidence, seed, (rows) =>
    score(metric.result(rows.map((i) => parts[i]!))),
  );
  return { score: score(metric.result(parts)), ...spread(scores, confidence) };
}

/** A comparison of two systems on the same rows. */
export interface Comparison extends Interval {
  /** Share of drawn sets on which the second system is not better, counting the set itself (one-sided p value). */
  readonly pValue: number;
}

/**
 * Paired bootstrap (Koehn 2004, "Statistical significance tests for machine translation evaluation"): both systems are scored on the
 * same drawn rows. `score` and the interval are of second − first.
 */
export function pairedBootstrap<Row, Part, Result>(
  metric: Metric<Row, Part, Result>,
  first: readonly Part[],
  second: readonly Part[],
  score: (result: Result) => number,
  { samples = 1000, confidence = 0.95, seed = 0 }: BootstrapOptions = {},
): Comparison {
  if (first.length !== second.length)
    throw new YumoError(
      'DATA',
      `${metric.name}: ${first.length} and ${second.length} rows cannot be compared in pairs`,
    );
  const difference = (rows: readonly number[]): number =>
    score(metric.result(rows.map((i) => second[i]!))) - score(metric.result(rows.map((i) => first[i]!)));
  const scores = draws(metric.name, first.length, samples, confidence, seed, difference);
  const notBetter = scores.filter((s) => !(s > 0)).length;
  return {
    score: score(metric.result(second)) - score(metric.result(first)),
    ...spread(scores, confidence),
    pValue: (notBetter + 1) / (samples + 1),
  };
}

/** The score of each drawn set of row numbers, in ascending order. */
function draws(
  name: string,
  size: number,
  samples: number,
  confidence: number,
  seed: number,
  score: (rows: readonly number[]) => number,
): number[] {
  if (size === 0) throw new YumoError('DATA', `${name}: there are no rows to draw from`);
  if (!Number.isInteger(samples) || samples < 2)
    throw new YumoError('CONFIG', `bootstrap: samples is ${samples}, expected a whole number from 2`, { samples });
  if (!(confidence > 0 && confidence < 1))
    throw new YumoError('CONFIG', `bootstrap: confidence is ${confidence}, expected a share between 0 and 1`, {
      confidence,
    });
  const key = streamKey(seed, 'bootstrap');
  const rows = new Array<number>(size);
  const scores: number[] = [];
  for (let s = 0; s < samples; s++) {
    for (let i = 0; i < size; i++) rows[i] = Math.floor((randomBits(key, s * size + i) / 2 ** 32) * size);
    scores.push(score(rows));
  }
  return scores.sort((a, b) => a - b);
}

function spread(ascending: readonly number[], confidence: number): Omit<Interval, 'score'> {
  const mean = exactMean(ascending);
  const variance = exactMean(ascending.map((s) => (s - mean) ** 2)) * (ascending.length / (ascending.length - 1));
  return {
    low: quantile(ascending, (1 - confidence) / 2),
    high: quantile(ascending, (1 + confidence) / 2),
    standardError: Math.sqrt(variance),
  };
}

/** Linear between the two nearest ranks (Hyndman & Fan 1996, type 7). */
function quantile(ascending: readonly number[], q: number): number {
  const at = q * (ascending.length - 1);
  const below = ascending[Math.floor(at)]!;
  const above = ascending[Math.ceil(at)]!;
  return below + (at - Math.floor(at)) * (above - below);
}
