// Rows of an encoder-decoder model being continued: what each reads of its source, and what it has written so far.

import { YumoError } from '../errors.ts';
import type { Program, Values } from '../runtimes/runtime.ts';
import type { Value } from '../value.ts';
import { isIdentity, takeRows } from './cache.ts';
import { type Decoding, lastScores } from './decoding.ts';
import type { Scores } from './processors.ts';

/** An encoder-decoder model compiled for decoding. */
export interface CrossProgram {
  /** Gives `present.N.encoder.key` and `.value`. */
  readonly encoder: Program;
  /** Reads both caches. */
  readonly decoder: Program;
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Positions on either side; undefined where any number does. */
  readonly contextLength: number | undefined;
  readonly vocabularySize: number;
}

const int = (shape: readonly number[], data: readonly number[]): Value => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(data),
});

const take = (values: Values, rows: readonly number[]): Values =>
  Object.fromEntries(Object.entries(values).map(([name, v]) => [name, takeRows(v, rows)]));

/** Each row begins with the decoder's start token. Sources of unequal length are padded at the right, and hidden there. */
export class CrossRows implements Decoding {
  scores: readonly Scores[] = [];
  readonly #model: CrossProgram;
  /** Which source each row reads, and the sources' caches and mask in that order. */
  #sources: readonly number[];
  #cross: Values;
  #mask: Value;
  #past: Values;
  #length = 0;

  private constructor(model: CrossProgram, cross: Values, mask: Value) {
    this.#model = model;
    this.#cross = cross;
    this.#mask = mask;
    const batch = mask.shape[0]!;
    this.#sources = Array.from({ length: batch }, (_, i) => i);
    const { layers, keyValueHeads, headSize } = model;
    const empty: Value = { dtype: 'float32', shape: [batch, keyValueHeads, 0, headSize], data: new Float32Array(0) };
    const past: Record<string, Value> = {};
    for (let i = 0; i < layers; i++)
      for (const part of ['key', 'value']) past[`past_key_values.${i}.decoder.${part}`] = empty;
    this.#past = past;
  }

  /** Reads the sources, then the start token. */
  static async start(
    model: CrossProgram,
    sources: readonly (readonly number[])[],
    { startToken, padToken, signal }: { startToken: number; padToken: number; signal?: AbortSignal | undefined },
  ): Promise<CrossRows> {
    const longest = Math.max(...sources.map((s) => s.length));
    const shape = [sources.length, longest];
    const padded = sources.flatMap((s) => [...s, ...new Array<number>(longest - s.length).fill(padToken)]);
    const mask = int(
      shape,
      sources.flatMap((s) => Array.from({ length: longest }, (_, i) => +(i < s.length))),
    );
    const outputs = model.encoder.outputNames.filter((name) => name.startsWith('present.'));
    const encoded = await model.encoder.run(
      { input_ids: int(shape, padded), attention_mask: mask },
      { outputs, ...(signal ? { signal } : {}) },
    );
    const rows = new CrossRows(model, asPast(encoded), mask);
    await rows.advance(
      sources.map(() => startToken),
      signal,
    );
    return rows;
  }

  select(rows: readonly number[]): void {
    if (isIdentity(rows, this.scores.length)) return;
    this.scores = rows.map((r) => this.scores[r]!);
    this.#past = take(this.#past, rows);
    // Beams of one prompt read the same source: nothing moves when they change places.
    const sources = rows.map((r) => this.#sources[r]!);
    if (!(sources.length === this.#sources.length && sources.every((s, i) => s === this.#sources[i]))) {
      this.#cross = take(this.#cross, rows);
      this.#mask = takeRows(this.#mask, rows);
    }
    this.#sources = sources;
  }

  async advance(ids: readonly number[], signal?: AbortSignal): Promise<void> {
    const { contextLength, decoder } = this.#model;
    this.#length++;
    if (contextLength !== undefined && this.#length > contextLength)
      throw new YumoError('CONTEXT', `generate: ${this.#length} tokens, the model's context holds ${contextLength}`, {
        tokens: this.#length,
        contextLength,
      });
    const feeds = {
      ...this.#past,
      ...this.#cross,
      input_ids: int([ids.length, 1], ids),
      encoder_attention_mask: this.#mask,
    };
    const out = await decoder.run(feeds, signal ? { signal } : {});
    this.#past = asPast(out);
    this.scores = lastScores(out.logits!);
  }
}

/** Caches that came out, as they go in again. */
const asPast = (outputs: Values): Values =>
  Object.fromEntries(
    Object.entries(outputs).flatMap(([name, v]) =>
      name.startsWith('present.') ? [[name.replace('present', 'past_key_values'), v] as const] : [],
    ),
  );
