// Which pair to merge next, and where it stands: a heap of candidates, each with its list of places.
import type { PairTable } from './pair-table.ts';
import { enlarged } from './word-counts.ts';

/**
 * A priority queue of candidates: the pair with the highest count first; of equals the one with the smaller left id,
 * then the smaller right id.
 *
 * Counts may fall while a candidate waits; it is moved down when it reaches the top. A pair that is formed again by a
 * later merge gets a second candidate with the new places only.
 *
 * Candidates of one merge are entered in three passes: `note` every (pair, place) once, `open`, `put` each again in the
 * same order, `close`. That is how all lists fit into one array without gaps.
 */
export class MergeQueue {
  /** Places of all candidates. */
  arena = new Int32Array(1 << 10);
  readonly #pairs: PairTable;
  #arenaEnd = 0;
  #live = 0;

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
    if (this.#arenaEnd + this.#noted > this.arena.length) {
      if (this.#live * 2 < this.arena.length) this.#compact();
      if (this.#arenaEnd + this.#noted > this.arena.length) {
        this.arena = enlarged(this.arena, this.#arenaEnd + this.#noted);
      }
    }
    for (const pair of this.#touched) {
      const candidate = this.#free.pop() ?? this.#newCandidate();
      this.#pair[candidate] = pair;
      this.#start[candidate] = this.#arenaEnd;
      this.#length[candidate] = this.#pending[pair]!;
      this.#arenaEnd += this.#pending[pair]!;
      this.#pending[pair] = this.#start[candidate]!;
      this.#opened.push(candidate);
    }
    this.#live += this.#noted;
    this.#noted = 0;
  }

  put(pair: number, place: number): void {
    this.arena[this.#pending[pair]!++] = place;
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
    this.#live -= this.#length[candidate]!;
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

  /** Closes the gaps that discarded candidates left in the arena. */
  #compact(): void {
    const waiting = this.#heap.slice(0, this.#size).sort((a, b) => this.#start[a]! - this.#start[b]!);
    let to = 0;
    for (const candidate of waiting) {
      const from = this.#start[candidate]!;
      this.arena.copyWithin(to, from, from + this.#length[candidate]!);
      this.#start[candidate] = to;
      to += this.#length[candidate]!;
    }
    this.#arenaEnd = to;
  }
}
