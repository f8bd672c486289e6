// Contrastive search (Su et al. 2022, arXiv:2202.06417): of the likeliest tokens the one whose state is least like those before it.

import { throwIfAborted, YumoError } from '../errors.ts';
import type { Value } from '../value.ts';
import type { DecoderDecoding } from './decoding.ts';
import { chain, checkScores, logSoftmaxOf, type Processor } from './processors.ts';

export interface ContrastiveOptions {
  /** Weight of the likeness to earlier states, 0 to 1; the probability weighs 1 − alpha. */
  readonly alpha: number;
  /** Candidates at each step. */
  readonly topK: number;
  readonly maxNewTokens: number;
  readonly endTokens: readonly number[];
  readonly processorsOf: (row: number) => readonly Processor[];
  readonly signal?: AbortSignal | undefined;
}

/** Unit vectors of the states of each row: cosines are then products. */
function directions(states: Value | undefined): Float64Array[][] {
  if (!states) throw new YumoError('CONFIG', 'contrastive search: load the model with { states: true }', {});
  const [rows, positions, size] = states.shape as [number, number, number];
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: positions }, (_, position) => {
      const start = (row * positions + position) * size;
      const state = Float64Array.from({ length: size }, (_, i) => Number(states.data[start + i]));
      const length = Math.hypot(...state);
      return state.map((x) => x / length);
    }),
  );
}

const product = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** The k likeliest ids and their probabilities; of equal ones the smaller id first. */
function likeliest(logs: Float64Array, k: number): { id: number; p: number }[] {
  const order = Uint32Array.from(logs.keys()).sort((a, b) => logs[b]! - logs[a]! || a - b || 0);
  return [...order.subarray(0, k)].map((id) => ({ id, p: Math.exp(logs[id]!) }));
}

/**
 * @param begin runs the prompts, by a program that gives hidden states.
 * @param rows the ids of each row, padding included; processors see them.
 * @returns new ids of each row, end token included.
 */
export async function contrastiveSearch(
  begin: () => Promise<DecoderDecoding>,
  rows: readonly (readonly number[])[],
  { alpha, topK, maxNewTokens, endTokens, processorsOf, signal }: ContrastiveOptions,
): Promise<number[][]> {
  if (!(alpha >= 0 && alpha <= 1) || !Number.isInteger(topK) || topK < 1)
    throw new YumoError(
      'CONFIG',
      `contrastive search: alpha ${alpha} must lie in [0, 1], topK ${topK} must be 1 or more`,
      { alpha, topK },
    );
  const found: number[][] = rows.map(() => []);
  if (rows.length === 0 || maxNewTokens === 0) return found;
  const process = rows.map((_, row) => chain(processorsOf(row)));
  const decoding = await begin();
  const context = directions(decoding.states);
  let alive = rows.map((_, row) => row);
  for (let step = 0; step < maxNewTokens && alive.length > 0; step++) {
    throwIfAborted(signal, 'contrastive search');
    const candidates = alive.map((row, place) => {
      checkScores(decoding.scores[place]!, 'contrastive search');
      const scores = Float64Array.from(decoding.scores[place]!);
      process[row]!(scores, { ids: [...rows[row]!, ...found[row]!], promptLength: rows[row]!.length });
      return likeliest(logSoftmaxOf(scores), Math.min(topK, scores.length));
    });
    // Every candidate is read, to see the state that it would have.
    const k = candidates[0]!.length;
    decoding.select(alive.flatMap((_, place) => new Array<number>(k).fill(place)));
    await decoding.advance(
      candidates.flat().map((c) => c.id),
      signal,
    );
    const states = directions(decoding.states);
    const chosen = alive.map((row, place) => {
      const values = candidates[place]!.map(({ p }, j) => {
        if (p === 0) return Number.NEGATIVE_INFINITY; // ruled out, by a grammar or otherwise: no likeness makes up for that
        const state = states[place * k + j]![0]!;
        return (1 - alpha) * p - alpha * Math.max(...context[row]!.map((earlier) => product(earlier, state)));
      });
      return values.indexOf(Math.max(...values));
    });
    const going: number[] = [];
    for (const [place, row] of alive.entries()) {
      const j = chosen[place]!;
      const { id } = candidates[place]![j]!;
      found[row]!.push(id);
      context[row]!.push(states[place * k + j]![0]!);
      if (!endTokens.includes(id)) going.push(place);
    }
    decoding.select(going.map((place) => place * k + chosen[place]!));
    alive = going.map((place) => alive[place]!);
  }
  return found;
}
