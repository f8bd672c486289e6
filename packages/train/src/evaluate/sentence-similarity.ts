// Similarity of sentences: the order and size of cosines, or of a regression model's numbers, against people's scores.

import {
  FeatureExtractor,
  type FileSource,
  type HeadModelOptions,
  type Runtime,
  readJsonObject,
  TextClassifier,
} from '@yumo/core';
import type { PairRow } from '../data/readers/index.ts';
import { pearson, spearman } from '../metrics/index.ts';
import { inChunks } from './chunks.ts';
import type { Placed } from './dataset.ts';
import { type Prediction, type Scored, scoreOf, type TaskContext } from './evaluation.ts';
import { wordsOf } from './naive-bayes.ts';

export interface SimilarityOptions extends TaskContext {
  /** The model answers pairs with a number itself. */
  readonly regression: boolean;
  /** How tokens become a vector; by default what the bundle says (`1_Pooling/config.json`), else the mean. */
  readonly pooling?: 'mean' | 'cls' | undefined;
}

/** A number for each pair. */
export async function runSimilarity(
  source: FileSource,
  rows: readonly Placed<PairRow>[],
  load: HeadModelOptions,
  options: SimilarityOptions,
): Promise<(number | undefined)[]> {
  const { batchSize = 16, signal, onProgress } = options;
  const model = await (options.regression ? pairScorer : cosines)(source, load, options);
  try {
    const length = (i: number): number => rows[i]!.row.first.length + rows[i]!.row.second.length;
    return await inChunks(rows.length, { batchSize, signal, onProgress, length }, (chunk) =>
      model.run(chunk.map((i) => rows[i]!.row)),
    );
  } finally {
    await model.dispose();
  }
}

interface PairModel {
  run(pairs: readonly PairRow[]): Promise<number[]>;
  dispose(): Promise<void>;
}
type Opened = { readonly runtime: Runtime } & SimilarityOptions;

async function pairScorer(
  source: FileSource,
  load: HeadModelOptions,
  { runtime, batchSize, signal }: Opened,
): Promise<PairModel> {
  const model = await TextClassifier.load(source, runtime, load);
  return {
    run: async (pairs) =>
      (
        await model.run(
          pairs.map((p) => [p.first, p.second] as const),
          { batchSize, signal, scores: 'none' },
        )
      ).map((found) => found[0]!.score),
    dispose: () => model.dispose(),
  };
}

async function cosines(source: FileSource, load: HeadModelOptions, options: Opened): Promise<PairModel> {
  const { runtime, batchSize, signal } = options;
  const pooling = options.pooling ?? ((await clsPooling(source)) ? 'cls' : 'mean');
  const model = await FeatureExtractor.load(source, runtime, load);
  return {
    async run(pairs) {
      const vectors = await model.run(
        pairs.flatMap((p) => [p.first, p.second]),
        { batchSize, signal, pooling },
      );
      return pairs.map((_, i) => vectors[2 * i]!.reduce((sum, x, k) => sum + x * vectors[2 * i + 1]![k]!, 0));
    },
    dispose: () => model.dispose(),
  };
}

/** What sentence-transformers wrote beside the model. */
async function clsPooling(source: FileSource): Promise<boolean> {
  const path = '1_Pooling/config.json';
  return (await source.exists(path)) && (await readJsonObject(source, path)).pooling_mode_cls_token === true;
}

/** Measures numbers; pairs without one are left out. */
export function scoreSimilarity(rows: readonly Placed<PairRow>[], outputs: readonly (number | undefined)[]): Scored {
  const done = rows.flatMap(({ row, place }, i) =>
    outputs[i] === undefined ? [] : [{ row, place, expected: row.score!, predicted: outputs[i] }],
  ); // rows of this task have a score
  const standard = (of: (d: (typeof done)[number]) => number): ((d: (typeof done)[number]) => number) => {
    const mean = done.reduce((sum, d) => sum + of(d), 0) / done.length;
    const deviation = Math.sqrt(done.reduce((sum, d) => sum + (of(d) - mean) ** 2, 0) / done.length);
    return (d) => (of(d) - mean) / (deviation || 1);
  };
  const [expected, predicted] = [standard((d) => d.expected), standard((d) => d.predicted)];
  return {
    scores: [
      scoreOf('Spearman', 'number', spearman, done, (r) => r),
      scoreOf('Pearson', 'number', pearson, done, (r) => r),
    ],
    predictions: done.map((d): Prediction => {
      const apart = Math.abs(expected(d) - predicted(d));
      return {
        place: d.place,
        input: `${d.row.first} ‖ ${d.row.second}`,
        expected: String(d.expected),
        predicted: d.predicted.toFixed(4),
        score: -apart,
        badness: apart - 0.5,
        record: { first: d.row.first, second: d.row.second, expected: d.expected, predicted: d.predicted },
      };
    }),
  };
}

/** The baseline: the share of words that two sentences have in common (Jaccard 1912). */
export function sharedWords({ first, second }: PairRow): number {
  const [a, b] = [new Set(wordsOf(first)), new Set(wordsOf(second))];
  const common = [...a].filter((word) => b.has(word)).length;
  return common / Math.max(1, a.size + b.size - common);
}
