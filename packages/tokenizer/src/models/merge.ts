// The merging of symbols: a doubly linked list, scanned when short, driven by a heap when long.
import { enlarged } from '../enlarged.ts';
import { type MergeTable, mergedAt, rankAt } from './merge-table.ts';

// Room for this many symbols is kept from piece to piece (7 MB).
const mostKept = 1 << 18;

/** The symbols of one piece as a linked list in typed arrays, reused from piece to piece. Index 0 is always first. */
export class Symbols {
  count = 0;
  ids = new Int32Array(64);
  next = new Int32Array(64);
  previous = new Int32Array(64);
  /** Units of the piece that the symbol covers. */
  from = new Int32Array(64);
  to = new Int32Array(64);
  /** Where it ends by the byte count of the symbols, which slips where characters were dropped. */
  toByte = new Int32Array(64);

  /** Empties the list, with room for `expected` symbols; more are allowed. */
  clear(expected: number): void {
    this.count = 0;
    // What a very long word took is given back.
    if (this.ids.length < expected || (this.ids.length > mostKept && expected <= mostKept)) this.grow(expected);
  }

  push(id: number, from: number, to: number, bytes: number): void {
    const i = this.count++;
    if (i >= this.ids.length) this.grow(2 * i + 16);
    this.ids[i] = id;
    this.from[i] = from;
    this.to[i] = to;
    this.toByte[i] = (i > 0 ? this.toByte[i - 1]! : 0) + bytes;
    this.previous[i] = i - 1;
    this.next[i] = -1;
    if (i > 0) this.next[i - 1] = i;
  }

  /** Joins symbol `i` with the one after it. */
  join(i: number, id: number): void {
    const right = this.next[i]!;
    const after = this.next[right]!;
    this.ids[i] = id;
    this.to[i] = this.to[right]!;
    this.toByte[i] = this.toByte[right]!;
    this.next[i] = after;
    if (after !== -1) this.previous[after] = i;
    this.ids[right] = -1;
  }

  private grow(size: number): void {
    for (const name of ['ids', 'next', 'previous', 'from', 'to', 'toByte'] as const)
      this[name] = this.count > 0 ? enlarged(this[name], size) : new Int32Array(size);
  }
}

// Up to this many symbols looking through all pairs is quicker than keeping a heap.
const scanned = 48;

/** Merges until no pair is in the table. With dropout each possible merge is passed over with that probability. */
export function mergeSymbols(symbols: Symbols, table: MergeTable, dropout: number, forbidden: Uint8Array | null): void {
  if (symbols.count < 2) return;
  if (symbols.count <= scanned && dropout === 0) mergeByScan(symbols, table, forbidden);
  else mergeByHeap(symbols, table, dropout, forbidden);
}

const never = 0x7fffffff;
// Of each symbol: the rank of its merge with the one after it, and where that merge is in the table. Looked through from one end
// to the other, symbols that are gone included: that is quicker than to follow the list.
const ranks = new Int32Array(scanned);
const slots = new Int32Array(scanned);

function mergeByScan(symbols: Symbols, table: MergeTable, forbidden: Uint8Array | null): void {
  const { ids, next, previous, count } = symbols;
  const { entries } = table;
  const look = (i: number, left: number, right: number): void => {
    const slot = table.find(left, right);
    const possible = slot !== -1 && (forbidden === null || forbidden[entries[slot + mergedAt]!] !== 1);
    ranks[i] = possible ? entries[slot + rankAt]! : never;
    slots[i] = slot;
  };
  const pairs = count - 1;
  for (let i = 0; i < pairs; i++) look(i, ids[i]!, ids[i + 1]!);
  for (;;) {
    let best = -1;
    let bestRank = never;
    for (let i = 0; i < pairs; i++) {
      if (ranks[i]! < bestRank) {
        bestRank = ranks[i]!;
        best = i;
      }
    }
    if (best === -1) return;
    const gone = next[best]!;
    symbols.join(best, entries[slots[best]! + mergedAt]!);
    if (gone < pairs) ranks[gone] = never;
    const after = next[best]!;
    if (after === -1) ranks[best] = never;
    else look(best, ids[best]!, ids[after]!);
    const before = previous[best]!;
    if (before !== -1) look(before, ids[before]!, ids[best]!);
  }
}

let kept: MergeHeap | null = null;

/** Least rank first, then leftmost, by a heap. Entries that the list has outgrown are passed over. */
function mergeByHeap(symbols: Symbols, table: MergeTable, dropout: number, forbidden: Uint8Array | null): void {
  const { ids, next, previous } = symbols;
  const { entries } = table;
  // One heap serves all words of usual length.
  kept ??= new MergeHeap(1024);
  const heap = symbols.count > 1024 ? new MergeHeap(symbols.count) : kept;
  heap.clear();
  const offer = (i: number) => {
    const right = next[i]!;
    if (right === -1) return;
    const slot = table.find(ids[i]!, ids[right]!);
    if (slot !== -1 && forbidden?.[entries[slot + mergedAt]!] !== 1) heap.push(entries[slot + rankAt]!, i);
  };
  for (let i = 0; i !== -1; i = next[i]!) offer(i);
  const passed: number[] = [];
  while (heap.pop()) {
    const { position, rank } = heap;
    if (dropout > 0 && Math.random() < dropout) {
      passed.push(rank, position);
      continue;
    }
    for (let p = 0; p < passed.length; p += 2) heap.push(passed[p]!, passed[p + 1]!);
    passed.length = 0;
    const right = next[position]!;
    if (ids[position] === -1 || right === -1) continue;
    const slot = table.find(ids[position]!, ids[right]!);
    // Each pair has a rank of its own: the same rank is the same merge.
    if (slot === -1 || entries[slot + rankAt] !== rank) continue;
    symbols.join(position, entries[slot + mergedAt]!);
    if (previous[position] !== -1) offer(previous[position]!);
    offer(position);
  }
}

// More symbols than memory holds; the product with any rank is still a whole number that a double has exactly.
const positions = 2 ** 27;

/** A binary heap of ranks and positions, ordered by rank, then position: one number each, rank · 2²⁷ + position. */
export class MergeHeap {
  /** The entry that `pop` took out. */
  rank = 0;
  position = 0;
  #size = 0;
  #keys: Float64Array;

  constructor(capacity: number) {
    // Each merge takes one entry out and offers at most two.
    this.#keys = new Float64Array(2 * capacity + 4);
  }

  clear(): void {
    this.#size = 0;
  }

  push(rank: number, position: number): void {
    if (this.#size === this.#keys.length) this.#keys = enlarged(this.#keys, 2 * this.#size);
    const keys = this.#keys;
    const key = rank * positions + position;
    let i = this.#size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[i] = keys[parent]!;
      i = parent;
    }
    keys[i] = key;
  }

  pop(): boolean {
    if (this.#size === 0) return false;
    const keys = this.#keys;
    const last = --this.#size;
    const key = keys[last]!;
    this.rank = Math.floor(keys[0]! / positions);
    this.position = keys[0]! - this.rank * positions;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      if (child + 1 < last && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      keys[i] = keys[child]!;
      i = child;
    }
    keys[i] = key;
    return true;
  }
}
