// Rows of an encoder-decoder model being continued: what each reads of its source, and what it has written so far.

import { YumoError } from '../errors.ts';
import type { Program, Values } from '../runtimes/runtime.ts';
import type { Value } from '../value.ts';
import { cacheNames, isIdentity, KeyValueCache, takeRows } from './cache.ts';
import { type Decoding, integers, lastScores } from './decoding.ts';
import type { Scores } from './processors.ts';

/** An encoder-decoder model compiled for decoding. */
export interface CrossProgram {
  /** Gives `present.N.encoder.key` and `.value`. */
  readonly encoder: Program;
  /** Reads both caches and one token a row. */
  readonly decoder: Program;
  /** What ids and masks are fed as: files take int64, our own graphs int32. */
  readonly idType: 'int32' | 'int64';
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Positions on either side; undefined where any number does. */
  readonly contextLength: number | undefined;
  readonly vocabularySize: number;
}

const take = (values: Values, rows: readonly number[]): Values =>
  Object.fromEntries(Object.entries(values).map(([name, v]) => [name, takeRows(v, rows)]));

/** Each row begins with the decoder's start token. Sources of unequal length are padded at the right, and hidden there. */
export class CrossRows implements Decoding {
  scores: readonly Scores[] = [];
  readonly #model: CrossProgram;
  readonly #cache: KeyValueCache;
  /** What a step is asked for beside the scores: keys and values of its own position where the program tells them apart, else of all. */
  readonly #added: readonly string[];
  readonly #whole: boolean;
  /** The place of each row in the batch. */
  #places: readonly number[];
  /** By place: which source is read, and the sources' caches and mask in that order. */
  #sources: readonly number[];
  #cross: Values;
  #mask: Value;

  private constructor(model: CrossProgram, cross: Values, mask: Value) {
    const { layers, decoder } = model;
    this.#model = model;
    this.#cross = cross;
    this.#mask = mask;
    const batch = mask.shape[0]!;
    this.#sources = this.#places = Array.from({ length: batch }, (_, i) => i);
    this.#whole = !decoder.outputNames.includes('new_key_values.0.decoder.key');
    this.#added = cacheNames(layers, this.#whole ? 'present' : 'new_key_values', 'decoder');
    // A slot is a position: nothing tells the decoder otherwise.
    this.#cache = new KeyValueCache({ ...model, slack: false, side: 'decoder' }, batch);
  }

  /** Reads the sources, then the start token. */
  static async start(
    model: CrossProgram,
    sources: readonly (readonly number[])[],
    { startToken, padToken, signal }: { startToken: number; padToken: number; signal?: AbortSignal | undefined },
  ): Promise<CrossRows> {
    const longest = Math.max(...sources.map((s) => s.length));
    const shape = [sources.length, longest];
    const ids = new Int32Array(sources.length * longest).fill(padToken);
    const real = new Int32Array(ids.length);
    for (const [row, source] of sources.entries()) {
      ids.set(source, row * longest);
      real.fill(1, row * longest, row * longest + source.length);
    }
    const mask = integers(model.idType, shape, real);
    const encoded = await model.encoder.run(
      { input_ids: integers(model.idType, shape, ids), attention_mask: mask },
      { outputs: cacheNames(model.layers, 'present', 'encoder'), ...(signal ? { signal } : {}) },
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
    const from = rows.map((r) => this.#places[r]!);
    this.scores = rows.map((r) => this.scores[r]!);
    this.#places = this.#cache.take(from);
    const before = new Array<number>(rows.length);
    for (const [row, place] of this.#places.entries()) before[place] = from[row]!;
    // Beams of one prompt read the same source: nothing moves when they change places.
    const sources = before.map((place) => this.#sources[place]!);
    if (!(sources.length === this.#sources.length && sources.every((s, i) => s === this.#sources[i]))) {
      this.#cross = take(this.#cross, before);
      this.#mask = takeRows(this.#mask, before);
    }
    this.#sources = sources;
  }

  async advance(ids: readonly number[], signal?: AbortSignal): Promise<void> {
    const { contextLength, decoder, idType } = this.#model;
    const cache = this.#cache;
    const tokens = cache.length + 1;
    if (contextLength !== undefined && tokens > contextLength)
      throw new YumoError('CONTEXT', `generate: ${tokens} tokens, the model's context holds ${contextLength}`, {
        tokens,
        contextLength,
      });
    const placed = new Int32Array(ids.length);
    for (const [row, id] of ids.entries()) placed[this.#places[row]!] = id;
    const feeds = {
      ...cache.feeds(),
      ...this.#cross,
      input_ids: integers(idType, [ids.length, 1], placed),
      encoder_attention_mask: this.#mask,
    };
    const out = await decoder.run(feeds, { outputs: ['logits', ...this.#added], ...(signal ? { signal } : {}) });
    const added = this.#added.map((name) => out[name]!);
    if (this.#whole) cache.replace(added);
    else cache.append(added, 1);
    const scores = lastScores(out.logits!);
    this.scores = this.#places.map((place) => scores[place]!);
  }
}

/** Keys and values of the sources, as they go into the decoder. */
const asPast = (outputs: Values): Values =>
  Object.fromEntries(Object.entries(outputs).map(([name, v]) => [name.replace('present', 'past_key_values'), v]));
