// Beam search: several continuations side by side, the most probable whole ones kept. With groups that must differ (diverse beam search).

import { throwIfAborted, YumoError } from '../errors.ts';
import type { Decoding } from './decoding.ts';
import { logSumExpOf } from './log-sum-exp.ts';
import { chain, checkScores, logSoftmaxOf, type Processor, penaliseChosen, type Scores } from './processors.ts';

export interface BeamOptions {
  readonly beams: number;
  /** Groups of beams that are kept apart (Vijayakumar et al. 2016, arXiv:1610.02424); 1 by default. */
  readonly beamGroups?: number | undefined;
  /** Taken off a token's score for each time that an earlier group chose it at the same step. */
  readonly diversityPenalty?: number | undefined;
  /** A finished row's score is its sum of log-probabilities / (number of generated tokens) ** lengthPenalty; 1 by default. */
  readonly lengthPenalty?: number | undefined;
  /**
   * When a prompt is done: `true`: when enough rows are finished; `false`: when no running beam, scored at its present length, beats the worst
   * finished one; `never`: when none could beat it at any length (with a positive length penalty that is the greatest one).
   */
  readonly earlyStopping?: boolean | 'never' | undefined;
  readonly returnSequences?: number | undefined;
  readonly maxNewTokens: number;
  readonly endTokens: readonly number[];
  /** What groups that are done count as having chosen. */
  readonly padToken: number;
  /** What acts on the log-probabilities of a prompt's beams. */
  readonly processorsOf: (prompt: number) => readonly Processor[];
  readonly signal?: AbortSignal | undefined;
}

/** A finished continuation. */
export interface BeamResult {
  /** New ids, end token included. */
  readonly ids: readonly number[];
  readonly score: number;
}

interface Beam {
  readonly ids: readonly number[];
  /** Sum of log-probabilities. */
  readonly sum: number;
}

/** The best finished rows of one group. */
class Finished {
  readonly kept: BeamResult[] = [];
  readonly #size: number;
  readonly #lengthPenalty: number;
  readonly #early: boolean | 'never';
  readonly #longest: number;
  done = false;

  constructor(size: number, lengthPenalty: number, early: boolean | 'never', longest: number) {
    this.#size = size;
    this.#lengthPenalty = lengthPenalty;
    this.#early = early;
    this.#longest = longest;
  }

  #score(sum: number, length: number): number {
    return sum / length ** this.#lengthPenalty;
  }

  /** Keeps a row if it is among the best. */
  add({ ids, sum }: Beam): void {
    const score = this.#score(sum, ids.length);
    if (this.kept.length < this.#size) this.kept.push({ ids, score });
    else {
      const worst = this.#worst();
      if (score <= this.kept[worst]!.score) return;
      this.kept.splice(worst, 1);
      this.kept.push({ ids, score });
    }
  }

  /** Ends the group when running on is useless. `length` generated tokens, the one just chosen included. */
  judge(bestSum: number, length: number): void {
    if (this.kept.length < this.#size) return;
    // Of a negative sum a longer text has the better score where length divides.
    const at = this.#early === 'never' && this.#lengthPenalty > 0 ? this.#longest : length;
    this.done ||= this.#early === true || this.kept[this.#worst()]!.score >= this.#score(bestSum, at);
  }

  #worst(): number {
    return this.kept.reduce((worst, r, i) => (r.score < this.kept[worst]!.score ? i : worst), 0);
  }
}

interface Candidate {
  readonly beam: number;
  readonly id: number;
  readonly sum: number;
}

/** The log-probabilities of a beam's next token are its scores minus the shift. */
interface Scored {
  readonly sum: number;
  readonly scores: Scores;
  readonly shift: number;
}

/** The n largest of all sums over beams and tokens; of equal ones the earlier beam, then the smaller id. */
function largest(n: number, beams: readonly Scored[]): Candidate[] {
  const best: Candidate[] = [];
  let least = Number.NEGATIVE_INFINITY; // nothing up to here comes in; what was removed never does
  beams.forEach(({ sum, scores, shift }, beam) => {
    for (let id = 0; id < scores.length; id++) {
      const total = sum + (scores[id]! - shift);
      if (!(total > least)) continue;
      let at = best.length;
      while (at > 0 && total > best[at - 1]!.sum) at--;
      best.splice(at, 0, { beam, id, sum: total });
      if (best.length > n) best.pop();
      if (best.length === n) least = best[n - 1]!.sum;
    }
  });
  return best;
}

/** Stands for log 0 of beams that do not exist yet: at first only one beam of a group runs. */
const never = -1e9;

/**
 * Searches from the rows that a decoding has just read, one row a prompt.
 * @param rows the ids of each row, padding included; processors see them.
 * @returns for each prompt its `returnSequences` best, best first.
 */
export async function beamSearch(
  decoding: Decoding,
  rows: readonly (readonly number[])[],
  options: BeamOptions,
): Promise<BeamResult[][]> {
  const { beams, beamGroups: groups = 1, diversityPenalty = 0, lengthPenalty = 1, earlyStopping = false } = options;
  const { maxNewTokens, endTokens, padToken, signal, returnSequences = 1 } = options;
  if (typeof earlyStopping !== 'boolean' && earlyStopping !== 'never')
    throw new YumoError(
      'CONFIG',
      `earlyStopping: ${JSON.stringify(earlyStopping)} is none of true, false and "never"`,
      { earlyStopping },
    );
  const size = beams / groups;
  const prompts = rows.length;
  const process = rows.map((_, p) => {
    const processors = options.processorsOf(p);
    return processors.length > 0 || groups > 1 ? chain(processors) : undefined;
  });
  const finished = Array.from(
    { length: prompts * groups },
    () => new Finished(size, lengthPenalty, earlyStopping, maxNewTokens),
  );
  // Group g of prompt p runs in the rows p · beams + g · size … of the decoding.
  decoding.select(rows.flatMap((_, p) => new Array<number>(beams).fill(p)));
  let running: Beam[] = Array.from({ length: prompts * beams }, (_, row) => ({
    ids: [],
    sum: row % size === 0 ? 0 : never,
  }));

  for (let step = 1; step <= maxNewTokens; step++) {
    throwIfAborted(signal, 'beam search');
    const next: Beam[] = [];
    const parents: number[] = [];
    for (let p = 0; p < prompts; p++) {
      const act = process[p];
      const chosen: number[] = []; // at this step, by earlier groups of the prompt
      for (let g = 0; g < groups; g++) {
        const first = p * beams + g * size;
        const group = finished[p * groups + g]!;
        const members = Array.from({ length: size }, (_, i) => first + i);
        if (group.done) {
          // The rows stay in the batch; what they hold no longer counts.
          for (const row of members) {
            next.push(running[row]!);
            parents.push(row);
            chosen.push(padToken);
          }
          continue;
        }
        const scored = members.map((row): Scored => {
          const raw = decoding.scores[row]!;
          const { sum, ids } = running[row]!;
          const most = checkScores(raw, 'beam search');
          // Where nothing acts on them no row of log-probabilities is made.
          if (!act) return { sum, scores: raw, shift: logSumExpOf(raw, most) };
          const scores = logSoftmaxOf(raw);
          if (groups > 1) penaliseChosen(scores, diversityPenalty, chosen);
          act(scores, { ids: [...rows[p]!, ...ids], promptLength: rows[p]!.length });
          return { sum, scores, shift: 0 };
        });
        // Twice the beams: however many of them end, enough remain to run on.
        const candidates = largest(Math.max(2, 1 + endTokens.length) * size, scored);
        let taken = 0;
        for (const [rank, { beam, id, sum }] of candidates.entries()) {
          const ids = [...running[first + beam]!.ids, id];
          if (endTokens.includes(id)) {
            if (rank < size) group.add({ ids, sum });
            continue;
          }
          next.push({ ids, sum });
          parents.push(first + beam);
          chosen.push(id);
          if (++taken === size) break;
        }
        for (; taken < size; taken++) {
          // Fewer tokens than beams are left: the rest cannot win.
          next.push({ ids: [...running[first]!.ids, endTokens[0] ?? 0], sum: Number.NEGATIVE_INFINITY });
          parents.push(first);
        }
        group.judge(candidates[0]?.sum ?? Number.NEGATIVE_INFINITY, step);
      }
    }
    running = next;
    if (step === maxNewTokens || finished.every((f) => f.done)) break;
    decoding.select(parents);
    await decoding.advance(
      running.map((b) => b.ids.at(-1)!),
      signal,
    );
  }

  running.forEach((beam, row) => {
    const group = finished[Math.floor(row / size)]!;
    if (!group.done && beam.ids.length > 0 && Number.isFinite(beam.sum)) group.add(beam);
  });
  return Array.from({ length: prompts }, (_, p) =>
    finished
      .slice(p * groups, (p + 1) * groups)
      .flatMap((f) => f.kept)
      .sort((a, b) => b.score - a.score)
      .slice(0, returnSequences),
  );
}
