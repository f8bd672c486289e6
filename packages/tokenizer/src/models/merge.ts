// The merging of symbols: a doubly linked list, scanned when short, driven by a heap when long.
import { MergeTable } from './merge-table.ts';

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
  /** The same by the byte count of the symbols, which slips where characters were dropped. */
  fromByte = new Int32Array(64);
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
    this.fromByte[i] = i === 0 ? 0 : this.toByte[i - 1]!;
    this.toByte[i] = this.fromByte[i]! + bytes;
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
    for (const name of ['ids', 'next', 'previous', 'from', 'to', 'fromByte', 'toByte'] as const) {
      const larger = new Int32Array(size);
      if (this.count > 0) larger.set(this[name]);
      this[name] = larger;
    }
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
    const possible = slot !== -1 && (forbidden === null || forbidden[entries[slot + MergeTable.merged]!] !== 1);
    ranks[i] = possible ? entries[slot + MergeTable.rank]! : never;
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
    symbols.join(best, entries[slots[best]! + MergeTable.merged]!);
    if (gone < pairs) ranks[gone] = never;
    const after = next[best]!;
    if (after === -1) ranks[best] = never;
    else look(best, ids[best]!, ids[after]!);
    const before = previous[best]!;
    if (before !== -1) look(before, ids[before]!, ids[best]!);
  }
}

/** A binary heap of (rank, position): least rank first, then leftmost. Entries that the list has outgrown are passed over. */
function mergeByHeap(symbols: Symbols, table: MergeTable, dropout: number, forbidden: Uint8Array | null): void {
  const { ids, next, previous } = symbols;
  const heap = heapFor(symbols.count);
  const offer = (i: number) => {
    const right = next[i]!;
    if (right === -1) return;
    const slot = table.find(ids[i]!, ids[right]!);
    if (slot !== -1 && forbidden?.[table.entries[slot + MergeTable.merged]!] !== 1)
      heap.push(table.entries[slot + MergeTable.rank]!, i, slot);
  };
  for (let i = 0; i !== -1; i = next[i]!) offer(i);
  const passed: number[] = [];
  while (heap.pop()) {
    const { position, slot, rank } = heap;
    if (dropout > 0 && Math.random() < dropout) {
      passed.push(rank, position, slot);
      continue;
    }
    for (let p = 0; p < passed.length; p += 3) heap.push(passed[p]!, passed[p + 1]!, passed[p + 2]!);
    passed.length = 0;
    const right = next[position]!;
    if (ids[position] === -1 || right === -1 || table.find(ids[position]!, ids[right]!) !== slot) continue;
    symbols.join(position, table.entries[slot + MergeTable.merged]!);
    if (previous[position] !== -1) offer(previous[position]!);
    offer(position);
  }
}

let kept: MergeHeap | null = null;

/** An empty heap; the same one again and again for words of usual length. */
function heapFor(count: number): MergeHeap {
  if (count > 1024) return new MergeHeap(count);
  kept ??= new MergeHeap(1024);
  kept.clear();
  return kept;
}

/** A binary heap of entries ordered by rank, then position; `slot` is carried along. */
export class MergeHeap {
  /** The entry that `pop` took out. */
  rank = 0;
  position = 0;
  slot = 0;
  private size = 0;
  private ranks: Int32Array;
  private positions: Int32Array;
  private slots: Int32Array;

  constructor(capacity: number) {
    // Each merge takes one entry out and offers at most two.
    this.ranks = new Int32Array(2 * capacity + 4);
    this.positions = new Int32Array(2 * capacity + 4);
    this.slots = new Int32Array(2 * capacity + 4);
  }

  clear(): void {
    this.size = 0;
  }

  push(rank: number, position: number, slot: number): void {
    if (this.size === this.ranks.length) this.grow();
    const { ranks, positions, slots } = this;
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = ranks[parent]!;
      if (above < rank || (above === rank && positions[parent]! <= position)) break;
      ranks[i] = above;
      positions[i] = positions[parent]!;
      slots[i] = slots[parent]!;
      i = parent;
    }
    ranks[i] = rank;
    positions[i] = position;
    slots[i] = slot;
  }

  pop(): boolean {
    if (this.size === 0) return false;
    const { ranks, positions, slots } = this;
    this.rank = ranks[0]!;
    this.position = positions[0]!;
    this.slot = slots[0]!;
    const last = --this.size;
    const rank = ranks[last]!;
    const position = positions[last]!;
    const slot = slots[last]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      if (child + 1 < last && this.precedes(child + 1, child)) child++;
      if (ranks[child]! > rank || (ranks[child] === rank && positions[child]! >= position)) break;
      ranks[i] = ranks[child]!;
      positions[i] = positions[child]!;
      slots[i] = slots[child]!;
      i = child;
    }
    ranks[i] = rank;
    positions[i] = position;
    slots[i] = slot;
    return true;
  }

  private precedes(a: number, b: number): boolean {
    return (
      this.ranks[a]! < this.ranks[b]! || (this.ranks[a] === this.ranks[b] && this.positions[a]! < this.positions[b]!)
    );
  }

  private grow(): void {
    for (const name of ['ranks', 'positions', 'slots'] as const) {
      const larger = new Int32Array(2 * this[name].length);
      larger.set(this[name]);
      this[name] = larger;
    }
  }
}
