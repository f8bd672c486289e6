// Which pair to merge next, and where it stands: a heap of candidates, each with its list of places.

import { enlarged } from '../enlarged.ts';
import type { PairTable } from './pair-table.ts';

/**
 * A priority queue of candidates: the pair with the highest count first; of equals the one with the smaller left id,
 * then the smaller right id.
 *
 * Counts may fall while a candidate waits; it is moved down when it reaches the top. A pair that is formed again by a
 * later merge gets a second candidate with the new places only.
 *
 * Candidates of one merge are entered in three passes: `note` every (pair, place) once, `open`, `put` each again in the
 * same order, `close`. So all lists fit into one array, one after the other.
 */
export class MergeQueue {
  /** Places of all candidates: before each list its candidate's number, or -1 - length when it is discarded. */
  places = new Int32Array(1 << 10);
  readonly #pairs: PairTable;
  #placesEnd = 0;
  #discarded = 0;

  // Candidates, by number.
  #pair = new Int32Array(1 << 8);
  #start = new Int32Array(1 << 8);
  #length = new Int32Array(1 << 8);
  #count = new Float64Array(1 << 8);
  #candidates = 0;
  #free: number[] = [];

  #heap = new Int32Array(1 << 8);
  #size = 0;

  // While candidates are entered, by pair: number of places, then where the next one goes.
  #pending = new Int32Array(1 << 10);
  #touched: number[] = [];
  #opened: number[] = [];
  #noted = 0;

  constructor(pairs: PairTable) {
    this.#pairs = pairs;
  }

  note(pair: number): void {
    if (pair >= this.#pending.length) this.#pending = enlarged(this.#pending, pair + 1);
    if (this.#pending[pair]!++ === 0) this.#touched.push(pair);
    this.#noted++;
  }

  open(): void {
    this.#reserve(this.#noted + this.#touched.length);
    for (const pair of this.#touched) {
      const candidate = this.#free.pop() ?? this.#newCandidate();
      this.places[this.#placesEnd++] = candidate;
      this.#pair[candidate] = pair;
      this.#start[candidate] = this.#placesEnd;
      this.#length[candidate] = this.#pending[pair]!;
      this.#placesEnd += this.#pending[pair]!;
      this.#pending[pair] = this.#start[candidate]!;
      this.#opened.push(candidate);
    }
    this.#noted = 0;
  }

  put(pair: number, place: number): void {
    this.places[this.#pending[pair]!++] = place;
  }

  close(): void {
    for (const candidate of this.#opened) {
      const count = this.#pairs.counts[this.#pair[candidate]!]!;
      this.#count[candidate] = count;
      if (count > 0) this.#push(candidate);
      else this.discard(candidate);
    }
    for (const pair of this.#touched) this.#pending[pair] = 0;
    this.#touched = [];
    this.#opened = [];
  }

  /** Takes the best candidate out, or gives -1. Its places stay readable until it is discarded. */
  pop(): number {
    while (this.#size > 0) {
      const top = this.#heap[0]!;
      const count = this.#pairs.counts[this.#pair[top]!]!;
      const unchanged = this.#count[top] === count;
      if (unchanged || count <= 0) {
        this.#heap[0] = this.#heap[--this.#size]!;
        if (this.#size > 0) this.#sink(0);
        if (unchanged) return top;
        this.discard(top);
      } else {
        this.#count[top] = count;
        this.#sink(0);
      }
    }
    return -1;
  }

  pairOf(candidate: number): number {
    return this.#pair[candidate]!;
  }

  startOf(candidate: number): number {
    return this.#start[candidate]!;
  }

  lengthOf(candidate: number): number {
    return this.#length[candidate]!;
  }

  discard(candidate: number): void {
    const length = this.#length[candidate]!;
    this.places[this.#start[candidate]! - 1] = -1 - length;
    this.#discarded += length + 1;
    this.#free.push(candidate);
  }

  #newCandidate(): number {
    const candidate = this.#candidates++;
    if (candidate >= this.#pair.length) {
      this.#pair = enlarged(this.#pair, candidate + 1);
      this.#start = enlarged(this.#start, candidate + 1);
      this.#length = enlarged(this.#length, candidate + 1);
      this.#count = enlarged(this.#count, candidate + 1);
    }
    return candidate;
  }

  #before(a: number, b: number): boolean {
    const difference = this.#count[a]! - this.#count[b]!;
    if (difference !== 0) return difference > 0;
    const [x, y] = [this.#pair[a]!, this.#pair[b]!];
    const { left, right } = this.#pairs;
    return left[x] !== left[y] ? left[x]! < left[y]! : right[x]! < right[y]!;
  }

  #push(candidate: number): void {
    if (this.#size >= this.#heap.length) this.#heap = enlarged(this.#heap, this.#size + 1);
    const heap = this.#heap;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(candidate, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = candidate;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const candidate = heap[from]!;
    let at = from;
    for (let child = 2 * at + 1; child < this.#size; child = 2 * at + 1) {
      if (child + 1 < this.#size && this.#before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#before(heap[child]!, candidate)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = candidate;
  }

  /** Makes room at the end: by closing gaps when they are an eighth of all, else by a longer array. */
  #reserve(more: number): void {
    if (this.#placesEnd + more <= this.places.length) return;
    if (this.#discarded * 8 > this.#placesEnd) this.#closeGaps();
    const needed = this.#placesEnd + more;
    if (needed <= this.places.length) return;
    // An eighth of room to spare, and not more: at first this is most of the memory of the training.
    const longer = new Int32Array(Math.ceil(needed * 1.125));
    longer.set(this.places.subarray(0, this.#placesEnd));
    this.places = longer;
  }

  #closeGaps(): void {
    const { places } = this;
    let to = 0;
    for (let from = 0; from < this.#placesEnd; ) {
      const candidate = places[from]!;
      if (candidate < 0) {
        from -= candidate;
        continue;
      }
      const size = this.#length[candidate]! + 1;
      if (to < from) places.copyWithin(to, from, from + size);
      this.#start[candidate] = to + 1;
      from += size;
      to += size;
    }
    this.#placesEnd = to;
    this.#discarded = 0;
  }
}
