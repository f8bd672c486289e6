// Measures of ranked answers: recall and precision at k, reciprocal rank, average precision, nDCG.

import { YumoError } from '@yumo/core';
import { exactMean, exactSum } from './exact-sum.ts';
import type { Metric } from './metric.ts';

/** One question. */
export interface RankedRow {
  /** Answers from best to worst; one named twice is an error. */
  readonly ranked: readonly (string | number)[];
  /** What was to be found, or how much each is worth (a gain above 0 is relevant). At least one relevant answer. */
  readonly relevant: ReadonlySet<string | number> | ReadonlyMap<string | number, number>;
}

export interface Ranking {
  /** Share of the relevant answers among the first k, mean over questions. */
  readonly recall: ReadonlyMap<number, number>;
  /** Share of the first k that is relevant (k counts also where fewer are ranked). */
  readonly precision: ReadonlyMap<number, number>;
  /** Share of questions with a relevant answer among the first k. */
  readonly hits: ReadonlyMap<number, number>;
  /** Järvelin & Kekäläinen 2002: Σ gain / log₂(rank + 1), over that of the best order. */
  readonly ndcg: ReadonlyMap<number, number>;
  /** Mean of 1 / rank of the first relevant answer, 0 when none is ranked. */
  readonly reciprocalRank: number;
  /** Mean over questions of the mean precision at each relevant answer; those never ranked count 0. */
  readonly averagePrecision: number;
}

export interface RankingOptions {
  /** Default 1, 5, 10. */
  readonly at?: readonly number[];
  /** `linear`: the gain itself (trec_eval, scikit-learn). `exponential`: 2^gain − 1 (Burges et al. 2005). Default linear. */
  readonly gain?: 'linear' | 'exponential';
}

interface Part {
  readonly recall: readonly number[];
  readonly precision: readonly number[];
  readonly hits: readonly number[];
  readonly ndcg: readonly number[];
  readonly reciprocalRank: number;
  readonly averagePrecision: number;
}

export const ranking = ({
  at = [1, 5, 10],
  gain = 'linear',
}: RankingOptions = {}): Metric<RankedRow, Part, Ranking> => ({
  name: 'ranking',
  part: (row) => partOf(row, at, gain),
  result: (parts) => {
    const means = (field: 'recall' | 'precision' | 'hits' | 'ndcg'): ReadonlyMap<number, number> =>
      new Map(at.map((k, i) => [k, exactMean(parts.map((part) => part[field][i]!))]));
    return {
      recall: means('recall'),
      precision: means('precision'),
      hits: means('hits'),
      ndcg: means('ndcg'),
      reciprocalRank: exactMean(parts.map((part) => part.reciprocalRank)),
      averagePrecision: exactMean(parts.map((part) => part.averagePrecision)),
    };
  },
});

function partOf({ ranked, relevant }: RankedRow, at: readonly number[], gain: 'linear' | 'exponential'): Part {
  if (new Set(ranked).size !== ranked.length)
    throw new YumoError('DATA', 'ranking: an answer is ranked twice', { ranked });
  const worth = new Map<string | number, number>(
    relevant instanceof Map ? relevant : [...(relevant as ReadonlySet<string | number>)].map((id) => [id, 1]),
  );
  for (const [id, value] of worth) if (!(value > 0)) worth.delete(id);
  if (worth.size === 0)
    throw new YumoError('DATA', 'ranking: a question has no relevant answer; leave such questions out', {});
  const value = (g: number): number => (gain === 'linear' ? g : 2 ** g - 1);
  const discounted = (gains: readonly number[]): number => exactSum(gains.map((g, i) => value(g) / Math.log2(i + 2)));
  const gains = ranked.map((id) => worth.get(id) ?? 0);
  const best = [...worth.values()].sort((a, b) => b - a);
  const found = (k: number): number => gains.slice(0, k).filter((g) => g > 0).length;
  const first = gains.findIndex((g) => g > 0);
  return {
    recall: at.map((k) => found(k) / worth.size),
    precision: at.map((k) => found(k) / k),
    hits: at.map((k) => Math.min(1, found(k))),
    ndcg: at.map((k) => discounted(gains.slice(0, k)) / discounted(best.slice(0, k))),
    reciprocalRank: first < 0 ? 0 : 1 / (first + 1),
    averagePrecision: exactSum(gains.map((g, i) => (g > 0 ? found(i + 1) / (i + 1) : 0))) / worth.size,
  };
}
