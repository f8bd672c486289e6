// The state of rows being continued: their cache, masks and positions. One token a row goes in, scores of the next come out.

import { YumoError } from '../errors.ts';
import type { Program } from '../runtimes/runtime.ts';
import { sizeOf, type Value, widened } from '../value.ts';
import { cacheNames, isIdentity, KeyValueCache, takeRows } from './cache.ts';
import type { KnownPrefix } from './prefix-cache.ts';
import type { Scores } from './processors.ts';

/** What searches and samplers need of a model. */
export interface Decoding {
  /** Scores of the next token of each row; each `[vocabulary]`. Not to be written to. */
  readonly scores: readonly Scores[];
  /** Rows to go on with, by their present index: reordered, repeated or dropped. */
  select(rows: readonly number[]): void;
  /** Appends one id to each row and computes the scores after it. @throws YumoError `CONTEXT`, `RUNTIME`, `ABORTED` */
  advance(ids: readonly number[], signal?: AbortSignal): Promise<void>;
}

/** Rows of a decoder-only model. */
export interface DecoderDecoding extends Decoding {
  /** Hidden states of the positions just read, `[rows, positions, hidden]`; where the program gives them. */
  readonly states: Value | undefined;
  /** What was read of the first row so far, where it is alone and not padded: a copy. */
  readonly known: KnownPrefix | undefined;
}

export interface StartOptions {
  readonly padToken?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Keys and values of the beginning of a single prompt, which is then not read again. */
  readonly known?: KnownPrefix | undefined;
}

/** A model compiled for decoding: our own graph (`decodingGraph`), or a file with the names of transformers.js. */
export interface DecoderProgram {
  readonly program: Program;
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Positions that a query sees, where that is fewer than all: a slot of the cache must then be a position. */
  readonly window?: number | undefined;
  readonly contextLength: number;
  readonly vocabularySize: number;
}

/** As what a program is fed. */
export const integers = (type: 'int32' | 'int64', shape: readonly number[], data: Int32Array): Value =>
  type === 'int32' ? { dtype: 'int32', shape, data } : widened(data, shape);

/** @throws YumoError `DATA`, `TOKENIZER`, `CONTEXT`: empty rows, ids outside the vocabulary, rows longer than the context. */
export function checkPrompts(
  prompts: readonly (readonly number[])[],
  { contextLength, vocabularySize }: { readonly contextLength: number; readonly vocabularySize: number },
): void {
  prompts.forEach((prompt, row) => {
    if (prompt.length === 0)
      throw new YumoError(
        'DATA',
        `generate: prompt ${row} has no tokens; begin with at least one, such as the begin token`,
        { row },
      );
    if (prompt.length > contextLength)
      throw new YumoError(
        'CONTEXT',
        `generate: the prompt has ${prompt.length} tokens, the model's context holds ${contextLength}; shorten it by ${prompt.length - contextLength}`,
        { row, promptTokens: prompt.length, contextLength },
      );
    const foreign = prompt.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabularySize);
    if (foreign !== undefined)
      throw new YumoError(
        'TOKENIZER',
        `generate: token ${foreign} of prompt ${row} is not in the model's vocabulary of ${vocabularySize}; the tokenizer belongs to another model`,
        { row, id: foreign, vocabularySize },
      );
  });
}

/** @throws YumoError `CONTEXT` */
export function checkContext(tokens: number, contextLength: number): void {
  if (tokens > contextLength)
    throw new YumoError('CONTEXT', `generate: ${tokens} tokens, the model's context holds ${contextLength}`, {
      tokens,
      contextLength,
    });
}

/**
 * Rows of a decoder-only model, each with a cache of its own: of a file of another program, and of models whose layers count positions (others are
 * `TreeRows`). Rows of unequal length are padded at the left, hidden by the mask, and their positions count from the first real token (1 at padding,
 * where nothing looks).
 */
export class DecoderRows implements DecoderDecoding {
  scores: readonly Scores[] = [];
  states: Value | undefined;
  readonly #model: DecoderProgram;
  readonly #cache: KeyValueCache;
  /** What a step is asked for beside the scores: keys and values of its own positions where the program tells them apart, else of all. */
  readonly #added: readonly string[];
  readonly #whole: boolean;
  /** The place of each row in the batch; and by place, how much padding lies before it. */
  #places: readonly number[];
  #padding: readonly number[];

  private constructor(model: DecoderProgram, padding: readonly number[]) {
    const { program, layers, window } = model;
    this.#model = model;
    this.#padding = padding;
    this.#places = padding.map((_, row) => row);
    this.#whole = !program.outputNames.includes('new_key_values.0.key');
    this.#added = cacheNames(layers, this.#whole ? 'present' : 'new_key_values');
    this.#cache = new KeyValueCache({ ...model, slack: window === undefined }, padding.length);
  }

  /** Runs the prompts. */
  static async start(
    model: DecoderProgram,
    prompts: readonly (readonly number[])[],
    { padToken = 0, signal, known }: StartOptions = {},
  ): Promise<DecoderRows> {
    if (known && prompts.length === 1) {
      const rows = new DecoderRows(model, [0]);
      const values = cacheNames(model.layers, 'past_key_values').map((name) => known.values[name]!);
      rows.#cache.append(values, known.length);
      const rest = Int32Array.from(prompts[0]!.slice(known.length));
      await rows.#run(rest, rest.length, signal);
      return rows;
    }
    const longest = Math.max(...prompts.map((p) => p.length));
    const padding = prompts.map((p) => longest - p.length);
    const rows = new DecoderRows(model, padding);
    const ids = new Int32Array(prompts.length * longest).fill(padToken);
    for (const [row, prompt] of prompts.entries()) ids.set(prompt, row * longest + padding[row]!);
    await rows.#run(ids, longest, signal);
    return rows;
  }

  get known(): KnownPrefix | undefined {
    return this.#padding.length === 1 && this.#padding[0] === 0
      ? { length: this.#cache.length, values: this.#cache.copy() }
      : undefined;
  }

  select(rows: readonly number[]): void {
    if (isIdentity(rows, this.scores.length)) return;
    const from = rows.map((r) => this.#places[r]!);
    this.scores = rows.map((r) => this.scores[r]!);
    this.#places = this.#cache.take(from);
    const padding = new Array<number>(rows.length);
    for (const [row, place] of this.#places.entries()) padding[place] = this.#padding[from[row]!]!;
    this.#padding = padding;
  }

  async advance(ids: readonly number[], signal?: AbortSignal): Promise<void> {
    checkContext(this.#cache.length + 1 - Math.min(...this.#padding), this.#model.contextLength);
    const placed = new Int32Array(ids.length);
    for (const [row, id] of ids.entries()) placed[this.#places[row]!] = id;
    await this.#run(placed, 1, signal);
  }

  /** Feeds `[places, count]` new ids, keeps their keys and values and the last position's scores. */
  async #run(ids: Int32Array, count: number, signal: AbortSignal | undefined): Promise<void> {
    const { program } = this.#model;
    // Our own graphs take int32, files int64.
    const isOwn = program.inputNames.includes('read_positions');
    const idType = isOwn ? 'int32' : 'int64';
    const cache = this.#cache;
    const rows = this.#padding.length;
    const { length, capacity } = cache;
    const total = capacity + count;
    const mask = new Int32Array(rows * total);
    const positions = new Int32Array(rows * count);
    for (const [row, padding] of this.#padding.entries()) {
      // Real are the slots in use but for the padding before the text, and the new positions behind the slots.
      if (padding < length) mask.fill(1, row * total + padding, row * total + length);
      for (let i = 0; i < count; i++) {
        const real = length + i >= padding;
        mask[row * total + capacity + i] = +real;
        positions[row * count + i] = real ? length + i - padding : 1;
      }
    }
    const feeds: Record<string, Value> = {
      ...cache.feeds(),
      input_ids: integers(idType, [rows, count], ids),
      attention_mask: integers(idType, [rows, total], mask),
    };
    if (program.inputNames.includes('position_ids')) feeds.position_ids = integers(idType, [rows, count], positions);
    if (isOwn) feeds.read_positions = integers(idType, [1], Int32Array.of(count - 1));
    const outputs = ['logits', ...this.#added];
    if (program.outputNames.includes('last_hidden_state')) outputs.push('last_hidden_state');
    const out = await program.run(feeds, { outputs, ...(signal ? { signal } : {}) });
    const added = this.#added.map((name) => out[name]!);
    if (this.#whole) cache.replace(added);
    else cache.append(added, count);
    const scores = lastScores(out.logits!);
    this.scores = this.#places.map((place) => scores[place]!);
    this.states = out.last_hidden_state && takeRows(out.last_hidden_state, this.#places);
  }
}

/** The scores of each row's last position, without copying. @param logits `[rows, positions, vocabulary]` */
export function lastScores(logits: Value): Scores[] {
  const [rows, positions] = logits.shape as [number, number, number];
  return scoresAt(
    logits,
    Array.from({ length: rows }, (_, row) => (row + 1) * positions - 1),
  );
}

/** Scores, without copying. @param logits `[rows, positions, vocabulary]` @param places row · positions + position */
export function scoresAt(logits: Value, places: readonly number[]): Scores[] {
  const vocabulary = logits.shape.at(-1)!;
  const { data } = logits;
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new YumoError(
      'RUNTIME',
      `generate: logits are ${logits.dtype}; models with float32 logits are supported`,
      {},
    );
  if (sizeOf(logits.shape) !== data.length) throw new Error('internal: logits do not fill their shape');
  return places.map((place) => data.subarray(place * vocabulary, (place + 1) * vocabulary));
}
