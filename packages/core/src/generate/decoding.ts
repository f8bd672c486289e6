// The state of rows being continued: their cache, masks and positions. One token a row goes in, scores of the next come out.

import { YumoError } from '../errors.ts';
import type { Program, Values } from '../runtimes/runtime.ts';
import { sizeOf, type Value } from '../value.ts';
import { isIdentity, takeRows } from './cache.ts';
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

/** A model compiled for decoding, under the names of transformers.js. */
export interface DecoderProgram {
  readonly program: Program;
  /** What ids, masks and positions are fed as: files take int64, our own graphs int32. */
  readonly idType: 'int32' | 'int64';
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly contextLength: number;
  readonly vocabularySize: number;
}

const integers = (type: 'int32' | 'int64', shape: readonly number[], data: readonly number[]): Value =>
  type === 'int32'
    ? { dtype: 'int32', shape, data: Int32Array.from(data) }
    : { dtype: 'int64', shape, data: BigInt64Array.from(data, BigInt) };

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

/**
 * Rows of a decoder-only model. Rows of unequal length are padded at the left, hidden by the mask, and their positions count from the
 * first real token (1 at padding, where nothing looks).
 */
export class DecoderRows implements Decoding {
  scores: readonly Scores[] = [];
  /** Hidden states of the positions just read, `[rows, positions, hidden]`; where the program gives them. */
  states: Value | undefined;
  readonly #model: DecoderProgram;
  #cache: Values;
  /** For each row, how much padding lies before it. */
  #padding: readonly number[];
  /** Length of every row, padding included. */
  #length = 0;

  private constructor(model: DecoderProgram, padding: readonly number[]) {
    this.#model = model;
    this.#padding = padding;
    const { layers, keyValueHeads, headSize } = model;
    const empty: Value = {
      dtype: 'float32',
      shape: [padding.length, keyValueHeads, 0, headSize],
      data: new Float32Array(0),
    };
    this.#cache = Object.fromEntries(
      Array.from({ length: layers }, (_, i) => [
        [`past_key_values.${i}.key`, empty] as const,
        [`past_key_values.${i}.value`, empty] as const,
      ]).flat(),
    );
  }

  /**
   * Runs the prompts.
   * @param known keys and values of the beginning of a single prompt, which is then not read again
   */
  static async start(
    model: DecoderProgram,
    prompts: readonly (readonly number[])[],
    {
      padToken = 0,
      signal,
      known,
    }: { padToken?: number; signal?: AbortSignal | undefined; known?: KnownPrefix | undefined } = {},
  ): Promise<DecoderRows> {
    if (known && prompts.length === 1) {
      const rows = new DecoderRows(model, [0]);
      rows.#cache = known.values;
      rows.#length = known.length;
      const rest = prompts[0]!.slice(known.length);
      await rows.#run(rest, rest.length, signal);
      return rows;
    }
    const longest = Math.max(...prompts.map((p) => p.length));
    const padding = prompts.map((p) => longest - p.length);
    const rows = new DecoderRows(model, padding);
    await rows.#run(
      prompts.flatMap((p, row) => [...new Array<number>(padding[row]!).fill(padToken), ...p]),
      longest,
      signal,
    );
    return rows;
  }

  /** What was read of the first row so far, where it is alone and not padded. The values are not written to any more. */
  get known(): KnownPrefix | undefined {
    return this.#padding.length === 1 && this.#padding[0] === 0
      ? { length: this.#length, values: this.#cache }
      : undefined;
  }

  select(rows: readonly number[]): void {
    if (isIdentity(rows, this.scores.length)) return;
    this.scores = rows.map((r) => this.scores[r]!);
    this.#padding = rows.map((r) => this.#padding[r]!);
    this.#cache = Object.fromEntries(Object.entries(this.#cache).map(([name, v]) => [name, takeRows(v, rows)]));
  }

  async advance(ids: readonly number[], signal?: AbortSignal): Promise<void> {
    const { contextLength } = this.#model;
    const longest = this.#length + 1 - Math.min(...this.#padding);
    if (longest > contextLength)
      throw new YumoError('CONTEXT', `generate: ${longest} tokens, the model's context holds ${contextLength}`, {
        tokens: longest,
        contextLength,
      });
    await this.#run(ids, 1, signal);
  }

  /** Feeds `[rows, count]` new ids, keeps the new cache and the last position's scores. */
  async #run(ids: readonly number[], count: number, signal: AbortSignal | undefined): Promise<void> {
    const { program, idType, layers } = this.#model;
    const rows = this.#padding.length;
    const past = this.#length;
    const total = past + count;
    const mask = this.#padding.flatMap((padding) => Array.from({ length: total }, (_, i) => +(i >= padding)));
    const positions = this.#padding.flatMap((padding) =>
      Array.from({ length: count }, (_, i) => (past + i >= padding ? past + i - padding : 1)),
    );
    const feeds: Record<string, Value> = {
      ...this.#cache,
      input_ids: integers(idType, [rows, count], ids),
      attention_mask: integers(idType, [rows, total], mask),
    };
    if (program.inputNames.includes('position_ids')) feeds.position_ids = integers(idType, [rows, count], positions);
    const out = await program.run(feeds, signal ? { signal } : {});
    this.#length = total;
    this.#cache = Object.fromEntries(
      Array.from({ length: layers }, (_, i) => [
        [`past_key_values.${i}.key`, out[`present.${i}.key`]!] as const,
        [`past_key_values.${i}.value`, out[`present.${i}.value`]!] as const,
      ]).flat(),
    );
    this.scores = lastScores(out.logits!);
    this.states = out.last_hidden_state;
  }
}

/** The scores of each row's last position, without copying. @param logits `[rows, positions, vocabulary]` */
export function lastScores(logits: Value): Scores[] {
  const [rows, positions, vocabulary] = logits.shape as [number, number, number];
  const { data } = logits;
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new YumoError(
      'RUNTIME',
      `generate: logits are ${logits.dtype}; models with float32 logits are supported`,
      {},
    );
  if (sizeOf(logits.shape) !== data.length) throw new Error('internal: logits do not fill their shape');
  return Array.from({ length: rows }, (_, row) => {
    const end = (row + 1) * positions * vocabulary;
    return data.subarray(end - vocabulary, end);
  });
}
