// Adjacent pairs of symbols and their counts: an open-addressing hash table in typed arrays.
import { enlarged } from '../enlarged.ts';

/** Pairs are numbered in the order in which they are first asked for; 28 bytes a pair. */
export class PairTable {
  left = new Int32Array(1 << 10);
  right = new Int32Array(1 << 10);
  /** How often the pair occurs, words weighted by their counts. */
  counts = new Float64Array(1 << 10);
  size = 0;
  #slots = new Int32Array(1 << 11); // number of the pair + 1; 0 is free

  /** The number of a pair, or -1. */
  find(left: number, right: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hashPair(left, right) & mask; ; slot = (slot + 1) & mask) {
      const pair = slots[slot]! - 1;
      if (pair < 0 || (this.left[pair] === left && this.right[pair] === right)) return pair;
    }
  }

  /** The number of a pair; it is entered with count 0 when new. */
  enter(left: number, right: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hashPair(left, right) & mask; ; slot = (slot + 1) & mask) {
      const pair = slots[slot]! - 1;
      if (pair < 0) {
        slots[slot] = this.size + 1;
        return this.#insert(left, right);
      }
      if (this.left[pair] === left && this.right[pair] === right) return pair;
    }
  }

  #insert(left: number, right: number): number {
    const pair = this.size++;
    if (pair >= this.left.length) {
      this.left = enlarged(this.left, pair + 1);
      this.right = enlarged(this.right, pair + 1);
      this.counts = enlarged(this.counts, pair + 1);
    }
    this.left[pair] = left;
    this.right[pair] = right;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return pair;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let pair = 0; pair < this.size; pair++) {
      let slot = hashPair(this.left[pair]!, this.right[pair]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = pair + 1;
    }
    this.#slots = slots;
  }
}

/** Multiplicative hashing (Knuth, vol. 3, §6.4) of both numbers, the high bits folded into the low ones. */
function hashPair(left: number, right: number): number {
  const h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) >>> 7;
}
