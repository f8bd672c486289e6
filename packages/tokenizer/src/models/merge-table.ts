// The merges of a BPE model in one flat hash table: (left id, right id) → (rank, merged id).

/** Where, from the slot that `find` gives, rank and merged id lie in `entries`. */
export const rankAt = 2;
export const mergedAt = 3;

/** Open addressing with linear probing in one typed array; 16 bytes a slot, at most half full. */
export class MergeTable {
  /** Four numbers a slot: left (-1: free), right, rank, merged id. Side by side they share a line of the processor's cache. */
  readonly entries: Int32Array;
  private readonly mask: number;

  constructor(count: number) {
    let slots = 4;
    while (slots < 2 * count) slots *= 2;
    this.mask = slots - 1;
    this.entries = new Int32Array(4 * slots).fill(-1);
  }

  /** A pair given twice keeps its last rank. */
  set(left: number, right: number, rank: number, merged: number): void {
    const { entries } = this;
    let slot = this.home(left, right);
    while (entries[slot] !== -1 && (entries[slot] !== left || entries[slot + 1] !== right)) slot = this.after(slot);
    entries[slot] = left;
    entries[slot + 1] = right;
    entries[slot + rankAt] = rank;
    entries[slot + mergedAt] = merged;
  }

  /** The slot of the pair, a place in `entries`, or -1. */
  find(left: number, right: number): number {
    const { entries } = this;
    let slot = this.home(left, right);
    for (;;) {
      const at = entries[slot]!;
      if (at === left && entries[slot + 1] === right) return slot;
      if (at === -1) return -1;
      slot = this.after(slot);
    }
  }

  /** Whether some pair makes the id. */
  makes(id: number): boolean {
    const { entries } = this;
    for (let slot = 0; slot < entries.length; slot += 4)
      if (entries[slot] !== -1 && entries[slot + mergedAt] === id) return true;
    return false;
  }

  private home(left: number, right: number): number {
    const mixed = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
    return ((mixed ^ (mixed >>> 15)) & this.mask) * 4;
  }

  private after(slot: number): number {
    return (((slot >> 2) + 1) & this.mask) * 4;
  }
}
