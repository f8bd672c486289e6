// Rows being continued that share what they have in common: the continuations of one text are branches of a tree, kept in one row of the cache.

import { hidden } from '../nn/attention.ts';
import type { Program } from '../runtimes/runtime.ts';
import { type Value, value } from '../value.ts';
import { cacheNames, isIdentity, KeyValueCache, takeRows } from './cache.ts';
import {
  checkContext,
  type DecoderDecoding,
  type DecoderProgram,
  integers,
  type StartOptions,
  scoresAt,
} from './decoding.ts';
import type { KnownPrefix } from './prefix-cache.ts';
import type { Scores } from './processors.ts';

/** A continuation. */
interface Row {
  /** Its text's place in the batch. */
  readonly place: number;
  /** Tokens read: the next one's position. */
  readonly length: number;
  /**
   * By slot of the cache, what is added to its scores: 0 for what it has read, {@link hidden} for the other branches' and for empty slots. The row's
   * own, and written to.
   */
  readonly sees: Float32Array;
}

/**
 * Rows of a decoder-only model that is told who sees whom (`attention_bias`). A step reads one position of each row; those of one text stand side by
 * side in one row of the batch, where keys and values are stored once for all branches that go on from them. Branching copies nothing, and a prompt
 * is multiplied with the queries of all its beams at once (docs/log.md). What no branch sees any more makes room when the slots are used up.
 */
export class TreeRows implements DecoderDecoding {
  scores: readonly Scores[] = [];
  states: Value | undefined;
  readonly #model: DecoderProgram;
  readonly #cache: KeyValueCache;
  readonly #added: readonly string[];
  /** Texts in the batch. */
  #texts: number;
  #rows: readonly Row[];

  private constructor(model: DecoderProgram, texts: number) {
    this.#model = model;
    this.#added = cacheNames(model.layers, 'new_key_values');
    this.#cache = new KeyValueCache({ ...model, slack: true }, texts);
    this.#texts = texts;
    this.#rows = Array.from({ length: texts }, (_, place) => ({ place, length: 0, sees: new Float32Array(0) }));
  }

  /** Runs the prompts; shorter ones are padded at the left, which nothing sees. */
  static async start(
    model: DecoderProgram,
    prompts: readonly (readonly number[])[],
    { padToken = 0, signal, known }: StartOptions = {},
  ): Promise<TreeRows> {
    const rows = new TreeRows(model, prompts.length);
    if (known && prompts.length === 1) {
      const values = cacheNames(model.layers, 'past_key_values').map((name) => known.values[name]!);
      rows.#cache.append(values, known.length);
      const { capacity } = rows.#cache;
      const sees = new Float32Array(capacity).fill(hidden, known.length);
      rows.#rows = [{ place: 0, length: known.length, sees }];
      await rows.#read([prompts[0]!.slice(known.length)], padToken, signal);
    } else await rows.#read(prompts, padToken, signal);
    return rows;
  }

  get known(): KnownPrefix | undefined {
    const [row, ...others] = this.#rows;
    const { length } = this.#cache;
    const isAll = row !== undefined && others.length === 0 && row.sees.subarray(0, length).every((x) => x === 0);
    return isAll ? { length, values: this.#cache.copy() } : undefined;
  }

  select(rows: readonly number[]): void {
    if (isIdentity(rows, this.#rows.length)) return;
    const taken = new Set<number>();
    const chosen = rows.map((r) => {
      const row = this.#rows[r]!;
      if (taken.has(r)) return { ...row, sees: row.sees.slice() };
      taken.add(r);
      return row;
    });
    this.scores = rows.map((r) => this.scores[r]!);
    const places = [...new Set(chosen.map((row) => row.place))];
    if (places.length < this.#texts) {
      const moved = this.#cache.take(places);
      const now = new Map(places.map((place, i) => [place, moved[i]!]));
      this.#rows = chosen.map((row) => ({ ...row, place: now.get(row.place)! }));
      this.#texts = places.length;
    } else this.#rows = chosen;
  }

  async advance(ids: readonly number[], signal?: AbortSignal): Promise<void> {
    checkContext(1 + Math.max(...this.#rows.map((row) => row.length)), this.#model.contextLength);
    const next = new Array<number>(this.#texts).fill(0);
    const columns = this.#rows.map(({ place }) => next[place]!++);
    const width = Math.max(...next);
    this.#makeRoom(width);
    const { capacity, length } = this.#cache;
    const step = newStep(this.#texts, width, capacity);
    for (const [i, { place, length, sees }] of this.#rows.entries()) {
      const at = place * width + columns[i]!;
      step.ids[at] = ids[i]!;
      step.positions[at] = length;
      step.bias.set(sees, at * (capacity + width));
      step.bias[at * (capacity + width) + capacity + columns[i]!] = 0;
    }
    const read = Int32Array.from({ length: width }, (_, i) => i);
    const out = await this.#run(step, width, read, signal);
    const grown = this.#cache.capacity;
    this.#rows = this.#rows.map((row, i) => {
      const sees = grown === capacity ? row.sees : new Float32Array(grown).fill(hidden, capacity);
      if (sees !== row.sees) sees.set(row.sees);
      sees[length + columns[i]!] = 0;
      return { ...row, length: row.length + 1, sees };
    });
    const at = this.#rows.map(({ place }, i) => place * width + columns[i]!);
    this.scores = scoresAt(out.logits!, at);
    this.states = out.last_hidden_state && rowsOf(out.last_hidden_state, at);
  }

  /** Reads a stretch of each text; the only row of a text goes on from it. */
  async #read(texts: readonly (readonly number[])[], padToken: number, signal: AbortSignal | undefined): Promise<void> {
    const width = Math.max(...texts.map((text) => text.length));
    const { capacity, length } = this.#cache;
    const step = newStep(texts.length, width, capacity);
    step.ids.fill(padToken);
    for (const [place, text] of texts.entries()) {
      const padding = width - text.length;
      const row = this.#rows[place]!;
      step.ids.set(text, place * width + padding);
      for (let i = padding; i < width; i++) {
        const at = place * width + i;
        step.positions[at] = row.length + i - padding;
        const line = step.bias.subarray(at * (capacity + width), (at + 1) * (capacity + width));
        line.set(row.sees);
        line.fill(0, capacity + padding, capacity + i + 1);
      }
    }
    const out = await this.#run(step, width, Int32Array.of(width - 1), signal);
    this.#rows = this.#rows.map((row, place) => {
      const sees = new Float32Array(this.#cache.capacity).fill(hidden);
      sees.set(row.sees);
      const real = texts[place]!.length;
      sees.fill(0, length + width - real, length + width);
      return { ...row, length: row.length + real, sees };
    });
    this.scores = scoresAt(out.logits!, [...texts.keys()]);
    this.states = out.last_hidden_state;
  }

  /** Room for so many slots more: that of branches which have ended, where it is worth the moving; else the cache grows. */
  #makeRoom(count: number): void {
    const { length, capacity } = this.#cache;
    if (length + count <= capacity) return;
    const seen = Array.from({ length: this.#texts }, () => new Uint8Array(length));
    for (const { place, sees } of this.#rows)
      for (let slot = 0; slot < length; slot++) if (sees[slot] === 0) seen[place]![slot] = 1;
    const kept = seen.map((slots) => Array.from(slots.keys()).filter((slot) => slots[slot] === 1));
    const most = Math.max(...kept.map((slots) => slots.length));
    if (length - most < capacity / 8) return;
    this.#cache.compact(kept);
    this.#rows = this.#rows.map((row) => {
      const sees = new Float32Array(capacity).fill(hidden);
      for (const [to, from] of kept[row.place]!.entries()) sees[to] = row.sees[from]!;
      return { ...row, sees };
    });
  }

  async #run(
    { ids, positions, bias }: Step,
    width: number,
    read: Int32Array,
    signal: AbortSignal | undefined,
  ): ReturnType<Program['run']> {
    const { program } = this.#model;
    const shape = [this.#texts, width];
    const all: Record<string, Value> = {
      ...this.#cache.feeds(),
      input_ids: integers('int32', shape, ids),
      position_ids: integers('int32', shape, positions),
      attention_bias: value('float32', [this.#texts, 1, width, this.#cache.capacity + width], bias),
      read_positions: integers('int32', [read.length], read),
    };
    const feeds = Object.fromEntries(program.inputNames.map((name) => [name, all[name]!]));
    const outputs = ['logits', ...this.#added, ...program.outputNames.filter((name) => name === 'last_hidden_state')];
    const out = await program.run(feeds, { outputs, ...(signal ? { signal } : {}) });
    this.#cache.append(
      this.#added.map((name) => out[name]!),
      width,
    );
    return out;
  }
}

/** What is fed: `[texts, width]`, and `[texts, 1, width, capacity + width]` who sees whom; nobody anything as yet. */
interface Step {
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  readonly bias: Float32Array;
}

const newStep = (texts: number, width: number, capacity: number): Step => ({
  ids: new Int32Array(texts * width),
  positions: new Int32Array(texts * width),
  bias: new Float32Array(texts * width * (capacity + width)).fill(hidden),
});

/** States `[texts, width, hidden]` by row, `[rows, 1, hidden]`. */
function rowsOf({ dtype, shape, data }: Value, rows: readonly number[]): Value {
  const [texts, width, size] = shape as [number, number, number];
  return takeRows({ dtype, shape: [texts * width, 1, size], data } as Value, rows);
}
