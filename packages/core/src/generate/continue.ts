// The decoding loop, for every kind of model: choose a token for each row, feed it, until each row has ended.

import { throwIfAborted, YumoError } from '../errors.ts';
import { type BeamOptions, type BeamResult, beamSearch } from './beam.ts';
import type { Decoding } from './decoding.ts';
import { ConstrainedRows, type Constraint } from './grammar/constraint.ts';
import { checkGenerationOptions, processorsFor, type ScoreOptions } from './options.ts';
import { chain, checkScores, type Processor, type Scores } from './processors.ts';
import { argmaxOf, type Choice, drawAt, likeliestOf, logProbabilityOf, uniformAt } from './sampling.ts';

/** Why a row ended: an end token, enough new tokens, or the model's context is full. */
export type EndReason = 'end' | 'length' | 'context';

export interface GenerateOptions extends ScoreOptions {
  /** As many as the context holds by default. */
  readonly maxNewTokens?: number | undefined;
  /** Drawn tokens depend on it, the row and the step only. 0 by default. */
  readonly seed?: number | undefined;
  /** With each token the so many likeliest at its place, by the model's own scores; none by default. */
  readonly alternatives?: number | undefined;
  /** The model's own by default. */
  readonly endTokens?: readonly number[] | undefined;
  readonly padToken?: number | undefined;
  /** What the new text must be; processors act within it. Made by `compileGrammar`. */
  readonly constraint?: Constraint | undefined;
  /** Applied after those that the options mean. */
  readonly processors?: readonly Processor[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BeamGenerateOptions
  extends GenerateOptions,
    Pick<
      BeamOptions,
      'beams' | 'beamGroups' | 'diversityPenalty' | 'lengthPenalty' | 'earlyStopping' | 'returnSequences'
    > {}

/** What happens to a row, as it happens. */
export type GenerationStep =
  | {
      readonly kind: 'token';
      /** Index of the prompt. */
      readonly row: number;
      readonly id: number;
      /** ln p by the model, before any processor. */
      readonly logProbability: number;
      /** The likeliest first; where they were asked for. */
      readonly alternatives?: readonly Choice[];
    }
  | { readonly kind: 'end'; readonly row: number; readonly reason: EndReason };

/** Rows that a model is about to continue. */
export interface Start {
  /** Ids of each row, padding included: all of one length. */
  readonly rows: readonly (readonly number[])[];
  /** How many more ids the context of each row can read. */
  readonly room: readonly number[];
  /** The encoder's input of each row; without an encoder the rows themselves stand for it. */
  readonly encoderIds?: readonly (readonly number[])[];
  /** Runs what was given. */
  begin(): Promise<Decoding>;
}

type Resolved<O> = O & { readonly endTokens: readonly number[]; readonly padToken: number };

/** What the rows must be, under the limit of each. */
const constrainedRows = (
  { rows, room }: Start,
  { constraint, endTokens }: Resolved<GenerateOptions>,
  maxNewTokens: number,
): readonly ConstrainedRows[] | undefined =>
  constraint &&
  rows.map((_, row) => new ConstrainedRows(constraint, endTokens, Math.min(maxNewTokens, room[row]! + 1)));

/** The processors of one row. */
function processorsOf(
  { rows, encoderIds = rows }: Start,
  options: Resolved<GenerateOptions>,
  maxNewTokens: number,
  constrained: readonly ConstrainedRows[] | undefined,
): (row: number) => readonly Processor[] {
  const promptLength = rows[0]?.length ?? 0;
  const plain = (row: number): readonly Processor[] => [
    ...processorsFor(options, {
      endTokens: options.endTokens,
      promptLength,
      maxNewTokens,
      encoderIds: encoderIds[row]!,
    }),
    ...(options.processors ?? []),
  ];
  return constrained ? (row) => [constrained[row]!.around(chain(plain(row)))] : plain;
}

/** Continues rows token by token. @throws YumoError as `CausalLm.generate`. */
export async function* continueRows(
  start: Start,
  options: Resolved<GenerateOptions>,
): AsyncGenerator<GenerationStep, void, undefined> {
  checkGenerationOptions(options);
  const { signal, seed = 0, endTokens, temperature, alternatives, maxNewTokens = Number.POSITIVE_INFINITY } = options;
  throwIfAborted(signal, 'generate');
  const rows = start.rows.map((ids) => [...ids]);
  let alive = rows.map((_, row) => row);
  if (alive.length === 0) return;
  if (maxNewTokens === 0) {
    for (const row of alive) yield { kind: 'end', row, reason: 'length' };
    return;
  }
  const promptLength = rows[0]!.length;
  const constrained = constrainedRows(start, options, maxNewTokens);
  const of = processorsOf(start, options, maxNewTokens, constrained);
  const process = rows.map((_, row) => (of(row).length > 0 ? chain(of(row)) : undefined));
  const decoding = await start.begin();
  for (let step = 0; ; step++) {
    const going: number[] = []; // places in the batch
    for (const [place, row] of alive.entries()) {
      const ids = rows[row]!;
      const raw = decoding.scores[place]!;
      const u = temperature === 0 ? undefined : uniformAt(seed, row, step);
      const largest = checkScores(raw, 'generate');
      const id = choose(raw, process[row], { ids, promptLength }, u);
      ids.push(id);
      yield {
        kind: 'token',
        row,
        id,
        logProbability: logProbabilityOf(raw, id, largest),
        ...(alternatives ? { alternatives: likeliestOf(raw, alternatives) } : {}),
      };
      throwIfAborted(signal, 'generate');
      const isOver = constrained?.[row]?.isOver({ ids, promptLength });
      const reason = isOver ? 'end' : endOf(id, step + 1, start.room[row]!, endTokens, maxNewTokens);
      if (reason) yield { kind: 'end', row, reason };
      else going.push(place);
    }
    if (going.length === 0) return;
    decoding.select(going);
    alive = going.map((place) => alive[place]!);
    const last = alive.map((row) => rows[row]!.at(-1)!);
    await decoding.advance(last, signal);
  }
}

function endOf(
  id: number,
  newTokens: number,
  room: number,
  endTokens: readonly number[],
  maxNewTokens: number,
): EndReason | undefined {
  if (endTokens.includes(id)) return 'end';
  if (newTokens === maxNewTokens) return 'length';
  return newTokens > room ? 'context' : undefined;
}

/** The next id: the likeliest, or drawn at `u`. Processors work on a copy. */
function choose(
  raw: Scores,
  process: Processor | undefined,
  row: Parameters<Processor>[1],
  u: number | undefined,
): number {
  let scores = raw;
  if (process) {
    scores = raw.slice();
    process(scores, row);
    checkScores(scores, 'generate');
  }
  return u === undefined ? argmaxOf(scores) : drawAt(scores, u);
}

/** The best whole continuations of each row. @throws YumoError as `CausalLm.beamSearch`. */
export async function searchRows(start: Start, options: Resolved<BeamGenerateOptions>): Promise<BeamResult[][]> {
  checkGenerationOptions(options);
  const { beams, beamGroups = 1, returnSequences = 1, signal } = options;
  if (beams % beamGroups !== 0)
    throw new YumoError('CONFIG', `beam search: ${beams} beams do not divide into ${beamGroups} groups`, {
      beams,
      beamGroups,
    });
  if (returnSequences > beams)
    throw new YumoError(
      'CONFIG',
      `beam search: ${returnSequences} sequences were asked for, ${beams} beams are kept; raise beams`,
      { beams, returnSequences },
    );
  throwIfAborted(signal, 'beam search');
  if (start.rows.length === 0) return [];
  if (options.constraint && options.endTokens.length === 0)
    throw new YumoError('CONFIG', 'beam search under a grammar needs an end token; give endTokens', {});
  // The last token of a row need not be read.
  const room = Math.min(...start.room) + 1;
  const maxNewTokens = Math.min(options.maxNewTokens ?? room, room);
  if (!Number.isFinite(maxNewTokens))
    throw new YumoError('CONFIG', 'beam search: the model has no limit of its own; give maxNewTokens', {});
  // Temperature 0 means greedy search elsewhere; here there is nothing to draw.
  const scored = { ...options, temperature: options.temperature || undefined };
  return beamSearch(await start.begin(), start.rows, {
    ...options,
    maxNewTokens,
    processorsOf: processorsOf(start, scored, maxNewTokens, constrainedRows(start, scored, maxNewTokens)),
  });
}
