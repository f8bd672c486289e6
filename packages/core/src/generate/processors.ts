// What may change the scores of the next token before one is chosen. Each acts on one row, in place; −∞ removes a token.

import { YumoError } from '../errors.ts';
import { largestOf, logSumExpOf } from './log-sum-exp.ts';

/** Scores of every token of the vocabulary: logits in sampling, log-probabilities in beam search. */
export type Scores = Float32Array | Float64Array;

/** The row whose next token is chosen. */
export interface Row {
  /** All its ids so far: padding, prompt, and what was generated. For encoder-decoder models the decoder's row. */
  readonly ids: readonly number[];
  /** How many of them were given. */
  readonly promptLength: number;
}

export type Processor = (scores: Scores, row: Row) => void;

/** A list of processors as one, in order. */
export const chain =
  (processors: readonly Processor[]): Processor =>
  (scores, row) => {
    for (const process of processors) process(scores, row);
  };

const removed = Number.NEGATIVE_INFINITY;

/** log softmax in double precision; −∞ stays. */
export function logSoftmaxOf(scores: Scores): Float64Array {
  const shift = logSumExpOf(scores);
  const logs = new Float64Array(scores.length);
  for (let i = 0; i < logs.length; i++) logs[i] = scores[i]! - shift;
  return logs;
}

/** Scores as log-probabilities. */
export const renormalize: Processor = (scores) => scores.set(logSoftmaxOf(scores));

const probabilitiesOf = (scores: Scores): Float64Array => logSoftmaxOf(scores).map(Math.exp);

/** Ids that were not removed. */
const remaining = (scores: Scores): Uint32Array =>
  Uint32Array.from(scores.keys()).filter((id) => scores[id]! > removed);

/** The k-th largest score. */
const kthLargest = (scores: Scores, k: number): number => scores.slice().sort()[Math.max(0, scores.length - k)]!;

/** Entropy in nats. */
const entropyOf = (logProbabilities: Float64Array): number =>
  logProbabilities.reduce((h, lp) => (lp === removed ? h : h - lp * Math.exp(lp)), 0);

/** scores / temperature: below 1 sharper, above 1 flatter. */
export const temperature =
  (t: number): Processor =>
  (scores) => {
    for (let i = 0; i < scores.length; i++) scores[i] = scores[i]! / t;
  };

/** Keeps the k largest scores, and those equal to the k-th (Fan et al. 2018, arXiv:1805.04833). */
export const topK =
  (k: number): Processor =>
  (scores) => {
    if (k >= scores.length) return;
    const threshold = kthLargest(scores, k);
    for (let i = 0; i < scores.length; i++) if (scores[i]! < threshold) scores[i] = removed;
  };

/** Keeps the smallest set of most probable tokens whose probabilities sum to at least p (Holtzman et al. 2019, arXiv:1904.09751). */
export const topP =
  (p: number, keep = 1): Processor =>
  (scores) => {
    const probabilities = probabilitiesOf(scores);
    const order = remaining(scores).sort((a, b) => scores[b]! - scores[a]! || a - b);
    // From the least probable upwards: what sums to at most 1 − p goes.
    let sum = 0;
    for (let rank = order.length - 1; rank >= keep; rank--) {
      sum += probabilities[order[rank]!]!;
      if (sum > 1 - p) break;
      scores[order[rank]!] = removed;
    }
  };

/** Removes tokens less probable than p times the most probable one (Nguyen et al. 2024, arXiv:2407.01082). */
export const minP =
  (p: number): Processor =>
  (scores) => {
    // p · the largest probability, as a distance of logarithms: no softmax is needed.
    const threshold = largestOf(scores) + Math.log(p);
    for (let i = 0; i < scores.length; i++) if (scores[i]! < threshold) scores[i] = removed;
  };

/** Keeps the tokens whose information is nearest to the expected one, up to the probability mass (Meister et al. 2022, arXiv:2202.00666). */
export const typicalP =
  (mass: number, keep = 1): Processor =>
  (scores) => {
    const logs = logSoftmaxOf(scores);
    const entropy = entropyOf(logs);
    const distance = logs.map((lp) => Math.abs(-lp - entropy));
    const order = remaining(scores).sort((a, b) => distance[a]! - distance[b]! || a - b);
    let sum = 0;
    let last = 0; // the token that crosses the mass is kept
    for (; last < order.length - 1; last++) {
      sum += Math.exp(logs[order[last]!]!);
      if (sum >= mass) break;
    }
    const threshold = distance[order[last]!]!;
    order.forEach((id, rank) => {
      if (rank >= keep && distance[id]! > threshold) scores[id] = removed;
    });
  };

/** Removes tokens less probable than ε; the best stay (Hewitt et al. 2022, arXiv:2210.15191, §4). */
export const epsilonCutoff =
  (epsilon: number, keep = 1): Processor =>
  (scores) =>
    removeImprobable(scores, probabilitiesOf(scores), epsilon, keep);

/** The same with a threshold that falls with the entropy: min(ε, √ε · e^−H). */
export const etaCutoff =
  (epsilon: number, keep = 1): Processor =>
  (scores) => {
    const logs = logSoftmaxOf(scores);
    const eta = Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropyOf(logs)));
    removeImprobable(scores, logs.map(Math.exp), eta, keep);
  };

function removeImprobable(scores: Scores, probabilities: Float64Array, threshold: number, keep: number): void {
  const best = kthLargest(scores, keep);
  for (let i = 0; i < scores.length; i++) if (probabilities[i]! < threshold && scores[i]! < best) scores[i] = removed;
}

/** Makes ids that occur in the row less likely: positive scores are divided, negative ones multiplied (Keskar et al. 2019, arXiv:1909.05858, §4.1). */
export const repetitionPenalty =
  (penalty: number): Processor =>
  (scores, { ids }) =>
    penalise(scores, ids, penalty);

/** Makes the ids of the encoder's input more likely, by the inverse rule. */
export const encoderRepetitionPenalty =
  (penalty: number, encoderIds: readonly number[]): Processor =>
  (scores) =>
    penalise(scores, encoderIds, 1 / penalty);

function penalise(scores: Scores, ids: readonly number[], penalty: number): void {
  for (const id of new Set(ids)) {
    const x = scores[id];
    if (x !== undefined) scores[id] = x < 0 ? x * penalty : x / penalty;
  }
}

/** Subtracts `frequency` for each time an id was generated, and `presence` once if it was. The prompt does not count. */
export const countPenalties =
  (frequency: number, presence: number): Processor =>
  (scores, { ids, promptLength }) => {
    const counts = new Map<number, number>();
    for (const id of ids.slice(promptLength)) counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const [id, n] of counts) scores[id] = scores[id]! - n * frequency - presence;
  };

/** Removes every token that would complete a run of n ids that the row already has (Paulus et al. 2017, arXiv:1705.04304, §2.5). */
export const noRepeatNgram =
  (n: number): Processor =>
  (scores, { ids }) =>
    removeCompletions(scores, ids, ids, n);

/** The same against the encoder's input. */
export const encoderNoRepeatNgram =
  (n: number, encoderIds: readonly number[]): Processor =>
  (scores, { ids }) =>
    removeCompletions(scores, ids, encoderIds, n);

function removeCompletions(scores: Scores, ids: readonly number[], among: readonly number[], n: number): void {
  if (ids.length < n - 1) return;
  for (let start = 0; start + n <= among.length; start++) {
    let j = 0;
    while (j < n - 1 && among[start + j] === ids[ids.length - n + 1 + j]) j++;
    if (j === n - 1) scores[among[start + n - 1]!] = removed;
  }
}

/** A run of ids and what is added to the score of its last one where the row ends with the others. */
export interface SequenceBias {
  readonly ids: readonly number[];
  readonly bias: number;
}

/** Adds biases to runs of ids; a single id always. */
export const sequenceBias =
  (biases: readonly SequenceBias[]): Processor =>
  (scores, { ids }) => {
    for (const { ids: run, bias } of biases) {
      const start = ids.length - run.length + 1;
      if (start >= 0 && run.slice(0, -1).every((id, i) => ids[start + i] === id)) {
        const last = run.at(-1)!;
        if (last < scores.length) scores[last] = scores[last]! + bias;
      }
    }
  };

/** Removes ids, and the last id of a run where the row ends with the others. An end token alone is not forbidden. */
export const badWords = (words: readonly (readonly number[])[], endTokens: readonly number[] = []): Processor =>
  sequenceBias(
    words
      .filter((word) => word.length > 0 && !(word.length === 1 && endTokens.includes(word[0]!)))
      .map((ids) => ({ ids, bias: removed })),
  );

const remove = (scores: Scores, ids: readonly number[]): void => {
  for (const id of ids) if (id < scores.length) scores[id] = removed;
};

/** No end token while the whole row is shorter than `length`. */
export const minLength =
  (length: number, endTokens: readonly number[]): Processor =>
  (scores, { ids }) => {
    if (ids.length < length) remove(scores, endTokens);
  };

/** No end token before so many were generated. */
export const minNewTokens =
  (count: number, endTokens: readonly number[]): Processor =>
  (scores, { ids, promptLength }) => {
    if (ids.length - promptLength < count) remove(scores, endTokens);
  };

/** At this length of the row only these ids, each with score 0. */
export const forceAt =
  (length: number, forced: readonly number[]): Processor =>
  (scores, { ids }) => {
    if (ids.length !== length) return;
    scores.fill(removed);
    for (const id of forced) scores[id] = 0;
  };

/** Never these ids. */
export const suppress =
  (ids: readonly number[]): Processor =>
  (scores) =>
    remove(scores, ids);

/** Not these ids at one length of the row. */
export const suppressAt =
  (length: number, suppressed: readonly number[]): Processor =>
  (scores, { ids }) => {
    if (ids.length === length) remove(scores, suppressed);
  };

/** After `start` generated tokens an end token gains |score| · (factorⁿ − 1), n tokens later. */
export const lengthDecay =
  (start: number, factor: number, endTokens: readonly number[]): Processor =>
  (scores, { ids, promptLength }) => {
    const over = ids.length - promptLength - start;
    if (over <= 0) return;
    for (const id of endTokens) scores[id] = scores[id]! + Math.abs(scores[id]!) * (factor ** over - 1);
  };

/** Subtracts the penalty for each time that earlier groups of beams chose an id at this step (Vijayakumar et al. 2016, arXiv:1610.02424). */
export function penaliseChosen(scores: Scores, penalty: number, chosen: readonly number[]): void {
  for (const id of chosen) scores[id] = scores[id]! - penalty;
}

/**
 * @returns the largest score
 * @throws YumoError `NUMERIC` when no token can be chosen: a score is not a number, or all are removed.
 */
export function checkScores(scores: Scores, who: string): number {
  let largest = removed;
  for (let i = 0; i < scores.length; i++) {
    const x = scores[i]!;
    // NaN is not smaller either.
    if (!(x < Number.POSITIVE_INFINITY))
      throw new YumoError(
        'NUMERIC',
        `${who}: the model's scores hold ${x}; its weights or the engine are at fault`,
        {},
      );
    if (x > largest) largest = x;
  }
  if (largest === removed)
    throw new YumoError('NUMERIC', `${who}: every token was removed; loosen the constraints`, {});
  return largest;
}
