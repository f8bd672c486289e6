// The merges of a BPE model in one flat hash table: (left id, right id) → (rank, merged id).

/** Open addressing with linear probing over typed arrays; 16 bytes a slot, at most half full. */
export class MergeTable {
  private readonly mask: number;
  private readonly lefts: Int32Array;
  private readonly rights: Int32Array;
  /** Rank and merged id of slot `find(...)`. */
  readonly ranks: Int32Array;
  readonly merged: Int32Array;

  constructor(count: number) {
    let slots = 4;
    while (slots < 2 * count) slots *= 2;
    this.mask = slots - 1;
    this.lefts = new Int32Array(slots).fill(-1);
    this.rights = new Int32Array(slots);
    this.ranks = new Int32Array(slots);
    this.merged = new Int32Array(slots).fill(-1);
  }

  /** A pair given twice keeps its last rank. */
  set(left: number, right: number, rank: number, merged: number): void {
    let slot = this.home(left, right);
    while (this.lefts[slot] !== -1 && (this.lefts[slot] !== left || this.rights[slot] !== right))
      slot = (slot + 1) & this.mask;
    this.lefts[slot] = left;
    this.rights[slot] = right;
    this.ranks[slot] = rank;
    this.merged[slot] = merged;
  }

  /** The slot of the pair, or -1. */
  find(left: number, right: number): number {
    const { lefts, rights, mask } = this;
    let slot = this.home(left, right);
    for (;;) {
      const at = lefts[slot]!;
      if (at === left && rights[slot] === right) return slot;
      if (at === -1) return -1;
      slot = (slot + 1) & mask;
    }
  }

  private home(left: number, right: number): number {
    const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & this.mask;
  }
}
