// Cached keys and values: kept where they are from step to step, and which row continues which.

import type { Values } from '../runtimes/runtime.ts';
import { allocate, type Data, sizeOf, type Value } from '../value.ts';

/** Rows of the first axis, in the given order; a row may be taken several times, or not at all. */
export function takeRows(v: Value, rows: readonly number[]): Value {
  const [, ...rest] = v.shape;
  const width = sizeOf(rest);
  const data = allocate(v.dtype, rows.length * width);
  rows.forEach((from, to) => {
    const row = v.data.subarray(from * width, (from + 1) * width);
    (data as { set(source: Data, at: number): void }).set(row, to * width); // both are arrays of v's type
  });
  return { dtype: v.dtype, shape: [rows.length, ...rest], data };
}

/** The first `length` positions of keys or values `[batch, heads, time, size]`. */
export function takePositions(v: Value, length: number): Value {
  const [batch, heads, time, size] = v.shape as [number, number, number, number];
  if (length === time) return v;
  const data = v.data.slice(0, batch * heads * length * size); // for its kind of array: every number is overwritten
  for (let i = 0; i < batch * heads; i++) {
    const kept = v.data.subarray(i * time * size, (i * time + length) * size);
    (data as { set(source: Data, at: number): void }).set(kept, i * length * size); // as above
  }
  return { dtype: v.dtype, shape: [batch, heads, length, size], data };
}

/** True when the rows are 0, 1, … n − 1: nothing to move. */
export const isIdentity = (rows: readonly number[], n: number): boolean =>
  rows.length === n && rows.every((from, to) => from === to);

/** The reference interpreter computes in double precision, and so its caches are. */
type Numbers = Float32Array | Float64Array;

/** What a cache is made for. */
export interface CacheForm {
  readonly layers: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Whether there may be slots that hold nothing yet, which the mask hides. Not where a slot must be a position. */
  readonly slack: boolean;
  /** Which of its caches, in a model that has two: encoder-decoders call that of the target `decoder`. */
  readonly side?: 'decoder' | undefined;
}

const parts = ['key', 'value'] as const;
/** Names of a decoder's keys and values: those it reads, those it gives back whole, and those of the positions just read. */
export const cacheNames = (
  layers: number,
  kind: 'past_key_values' | 'present' | 'new_key_values',
  side?: 'decoder' | 'encoder',
): readonly string[] => {
  const own = side === undefined ? '' : `${side}.`;
  return Array.from({ length: layers }, (_, i) => parts.map((part) => `${kind}.${i}.${own}${part}`)).flat();
};

/**
 * Keys and values of rows that are continued, `[row, head, slot, size]`. A step adds its own to arrays that stay: what leaves the engine
 * is one position a row, not the whole past, which the Node binding of onnxruntime copies into fresh memory (about 1 ms a megabyte; docs/log.md).
 * Rows have places: a row that goes on keeps its place, so of beams that are reordered only the repeated ones are copied.
 */
export class KeyValueCache {
  /** Slots in use. */
  length = 0;
  /** Slots of the tensors that are fed. */
  capacity = 0;
  /** Rows. */
  places: number;
  readonly #form: CacheForm;
  readonly #names: readonly string[];
  #tensors: Numbers[];
  /** By place, what each slot in use holds: equal numbers stand for equal keys and values. */
  #held: number[][] = [];
  #lastHeld = 0;

  constructor(form: CacheForm, rows: number) {
    this.#form = form;
    this.places = rows;
    this.#names = cacheNames(form.layers, 'past_key_values', form.side);
    this.#tensors = this.#names.map(() => new Float32Array(0));
  }

  /** The tensors as a model reads them. Until the next change: they are views. */
  feeds(): Values {
    const { keyValueHeads, headSize } = this.#form;
    const shape = [this.places, keyValueHeads, this.capacity, headSize];
    const size = sizeOf(shape);
    return Object.fromEntries(
      this.#names.map((name, i) => [
        name,
        { dtype: 'float32', shape, data: this.#tensors[i]!.subarray(0, size) as Float32Array },
      ]),
    );
  }

  /** The slots in use, in arrays of their own. */
  copy(): Values {
    return Object.fromEntries(
      Object.entries(this.feeds()).map(([name, v]) => {
        const cut = takePositions(v, this.length);
        return [name, cut === v ? { ...v, data: v.data.slice() } : cut];
      }),
    );
  }

  /** Adds positions `[row, head, count, size]` to every row, in the order of {@link cacheNames}. */
  append(added: readonly Value[], count: number): void {
    const { headSize, slack, keyValueHeads } = this.#form;
    const needed = this.length + count;
    if (this.capacity === 0 && isDouble(added[0]!)) this.#tensors = this.#tensors.map(() => new Float64Array(0));
    // A fifth in vain at most, and laid out anew less and less often.
    if (needed > this.capacity) this.#grow(slack ? 8 * Math.ceil((1.25 * needed) / 8) : needed);
    for (const [i, { data }] of added.entries()) {
      const tensor = this.#tensors[i]!;
      for (let head = 0; head < this.places * keyValueHeads; head++) {
        const piece = (data as Numbers).subarray(head * count * headSize, (head + 1) * count * headSize);
        tensor.set(piece, (head * this.capacity + this.length) * headSize);
      }
    }
    this.#held = Array.from({ length: this.places }, (_, place) => {
      const held = this.#held[place] ?? [];
      for (let i = 0; i < count; i++) held.push(this.#lastHeld++);
      return held;
    });
    this.length = needed;
  }

  /** Takes over whole tensors that a model gave back, `[row, head, length, size]`. */
  replace(whole: readonly Value[]): void {
    this.#tensors = whole.map((v) => v.data as Numbers);
    this.length = this.capacity = whole[0]!.shape[2]!;
    this.#held = Array.from({ length: this.places }, () => Array.from({ length: this.length }, () => this.#lastHeld++));
  }

  /**
   * Rows to go on with, by their present places: repeated or dropped. Of a row that is repeated what its new place holds already is not
   * copied: beams share their prompt, and mostly all but the last few positions. It takes the place of a row that began alike, where one is free.
   * @returns the place of each.
   */
  take(from: readonly number[]): number[] {
    const rowSize = this.#form.keyValueHeads * this.capacity * this.#form.headSize;
    const rows = from.length;
    const free = new Set(Array.from({ length: rows }, (_, place) => place));
    const places = from.map((place) => (free.delete(place) ? place : -1));
    const moved = places.flatMap((place, row) => (place === -1 ? [row] : []));
    for (const row of moved) {
      const first = this.#held[from[row]!]?.[0];
      for (const place of free)
        if (this.#held[place] && this.#held[place][0] === first) {
          free.delete(place);
          places[row] = place;
          break;
        }
    }
    const empty = free.values();
    for (const row of moved) {
      const source = from[row]!;
      if (places[row] === -1) places[row] = empty.next().value!; // as many are free as rows are without a place
      const place = places[row]!;
      const known = this.#held[place];
      const wanted = this.#held[source]!;
      let same = 0;
      if (known) while (same < wanted.length && known[same] === wanted[same]) same++;
      this.#held[place] = [...wanted];
      for (const [i, tensor] of this.#tensors.entries()) {
        if (tensor.length < rows * rowSize) this.#tensors[i] = enlarged(tensor, rows * rowSize);
        if (known) this.#copySlots(this.#tensors[i]!, source, place, same);
        else this.#tensors[i]!.copyWithin(place * rowSize, source * rowSize, (source + 1) * rowSize);
      }
    }
    this.places = rows;
    this.#held.length = rows;
    return places;
  }

  /**
   * Leaves slots out, and moves the others together.
   * @param kept by place, the slots that stay, in ascending order; where a place has fewer than another, what is in its last slots means nothing
   */
  compact(kept: readonly (readonly number[])[]): void {
    const { keyValueHeads, headSize } = this.#form;
    this.length = Math.max(...kept.map((slots) => slots.length));
    for (const [place, slots] of kept.entries()) {
      // Runs of neighbours move as one; what lies before the first gap stays.
      const runs: { from: number; to: number; end: number }[] = [];
      for (const [to, from] of slots.entries()) {
        const last = runs.at(-1);
        if (last && from === last.from + to - last.to) last.end = from + 1;
        else runs.push({ from, to, end: from + 1 });
      }
      const moved = runs.filter(({ from, to }) => from !== to);
      for (const tensor of this.#tensors)
        for (let head = place * keyValueHeads; head < (place + 1) * keyValueHeads; head++)
          for (const { from, to, end } of moved) {
            const at = (slot: number): number => (head * this.capacity + slot) * headSize;
            tensor.copyWithin(at(to), at(from), at(end));
          }
      const held = this.#held[place]!;
      this.#held[place] = Array.from({ length: this.length }, (_, i) =>
        i < slots.length ? held[slots[i]!]! : this.#lastHeld++,
      );
    }
  }

  /** The slots in use from `first` on, of every head. */
  #copySlots(tensor: Numbers, source: number, place: number, first: number): void {
    const { keyValueHeads, headSize } = this.#form;
    for (let head = 0; head < keyValueHeads; head++) {
      const from = (source * keyValueHeads + head) * this.capacity;
      const to = (place * keyValueHeads + head) * this.capacity;
      tensor.copyWithin((to + first) * headSize, (from + first) * headSize, (from + this.length) * headSize);
    }
  }

  #grow(capacity: number): void {
    const { keyValueHeads, headSize } = this.#form;
    const heads = this.places * keyValueHeads;
    const size = heads * capacity * headSize;
    const filled = this.length * headSize;
    for (const [i, tensor] of this.#tensors.entries()) {
      // Laid out anew in the array that is there, where it has the room: what was never written takes no memory.
      const target = tensor.length >= size ? tensor : emptyLike(tensor, 2 * size);
      // From the last head on: each moves towards the end, over nothing but the room of those that have moved.
      for (let head = heads - 1; head >= 0; head--) {
        const from = head * this.capacity * headSize;
        const to = head * capacity * headSize;
        if (target === tensor) tensor.copyWithin(to, from, from + filled);
        else target.set(tensor.subarray(from, from + filled), to);
        target.fill(0, to + filled, to + capacity * headSize); // hidden, but 0 · NaN would be seen
      }
      this.#tensors[i] = target;
    }
    this.capacity = capacity;
  }
}

const isDouble = (v: Value): boolean => (v.data as Data | Float64Array) instanceof Float64Array;

const emptyLike = (tensor: Numbers, size: number): Numbers =>
  tensor instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);

function enlarged(tensor: Numbers, size: number): Numbers {
  const larger = emptyLike(tensor, size);
  larger.set(tensor);
  return larger;
}
