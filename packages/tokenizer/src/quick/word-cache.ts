// Words that were met before, with their tokens: a hash table over typed arrays, bounded in memory.
import { enlarged } from '../enlarged.ts';

/** Longer words, in UTF-16 units, are not kept. */
export const longestKept = 96;
const slotSize = 4;
const mostSlots = 1 << 17;
const mostUnits = 1 << 20;
const mostTokens = 1 << 18;

/**
 * Words to tokens. Takes at most 6 MB: 2 MB of slots for 65,536 words, 2 MB for their text, 1.5 MB for their tokens; when one
 * of them is full it forgets everything and begins again. It begins with 40 kB and doubles as it fills.
 */
export class WordCache {
  /** Of each kept token: its id, and the units of the word that it covers. */
  ids: Int32Array = new Int32Array(1024);
  starts: Uint8Array = new Uint8Array(1024);
  ends: Uint8Array = new Uint8Array(1024);
  /** Of each slot: hash; where the word's units begin; where its tokens begin; length + 256 · number of tokens, 0: free. */
  slots: Int32Array = new Int32Array(1024 * slotSize);
  #units = new Uint16Array(4096);
  #mask = 1023;
  #words = 0;
  #unitCount = 0;
  #tokenCount = 0;

  /** The slot of the word `units[from..to)`, at most `longestKept` long; -1 - hash where it is not known. */
  find(units: Uint16Array, from: number, to: number): number {
    const { slots } = this;
    const mask = this.#mask;
    const length = to - from;
    let hash = length;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ units[i]!, 0x9e3779b1) ^ (hash >>> 15);
    hash = (hash ^ (hash >>> 16)) & 0x3fffffff;
    for (let index = hash & mask; ; index = (index + 1) & mask) {
      const slot = index * slotSize;
      const sizes = slots[slot + 3]!;
      if (sizes === 0) return -1 - hash;
      if (slots[slot] === hash && (sizes & 0xff) === length && this.#matches(units, from, slots[slot + 1]!, length))
        return slot;
    }
  }

  #matches(units: Uint16Array, from: number, at: number, length: number): boolean {
    const own = this.#units;
    for (let i = 0; i < length; i++) if (units[from + i] !== own[at + i]) return false;
    return true;
  }

  /** Keeps a word of which `find` said that it is not known. `tokens` gives its tokens one by one to `keep`. */
  add(units: Uint16Array, from: number, to: number, missing: number): number {
    const length = to - from;
    if (2 * this.#words >= this.#mask) this.#growSlots();
    if (this.#unitCount + length > this.#units.length) this.#units = enlarged(this.#units, 2 * this.#units.length);
    const hash = -1 - missing;
    let index = hash & this.#mask;
    while (this.slots[index * slotSize + 3] !== 0) index = (index + 1) & this.#mask;
    const slot = index * slotSize;
    for (let i = 0; i < length; i++) this.#units[this.#unitCount + i] = units[from + i]!;
    this.slots[slot] = hash;
    this.slots[slot + 1] = this.#unitCount;
    this.slots[slot + 2] = this.#tokenCount;
    this.slots[slot + 3] = length;
    this.#unitCount += length;
    this.#words++;
    return slot;
  }

  /** Adds a token to the word added last, at `slot`. */
  keep(slot: number, id: number, start: number, end: number): void {
    if (this.#tokenCount === this.ids.length) {
      this.ids = enlarged(this.ids, 2 * this.#tokenCount);
      this.starts = enlarged(this.starts, 2 * this.#tokenCount);
      this.ends = enlarged(this.ends, 2 * this.#tokenCount);
    }
    this.ids[this.#tokenCount] = id;
    this.starts[this.#tokenCount] = start;
    this.ends[this.#tokenCount++] = end;
    this.slots[slot + 3]! += 256;
  }

  /** Makes room for one more word of any length, forgetting all words if there is none. Call it before `find`. */
  reserve(): void {
    if (
      2 * this.#words + 2 > mostSlots ||
      this.#unitCount + longestKept > mostUnits ||
      this.#tokenCount + 4 * longestKept > mostTokens
    ) {
      this.slots.fill(0);
      this.#words = 0;
      this.#unitCount = 0;
      this.#tokenCount = 0;
    }
  }

  #growSlots(): void {
    const old = this.slots;
    this.#mask = 2 * this.#mask + 1;
    this.slots = new Int32Array((this.#mask + 1) * slotSize);
    for (let slot = 0; slot < old.length; slot += slotSize) {
      if (old[slot + 3] === 0) continue;
      let index = old[slot]! & this.#mask;
      while (this.slots[index * slotSize + 3] !== 0) index = (index + 1) & this.#mask;
      this.slots.set(old.subarray(slot, slot + slotSize), index * slotSize);
    }
  }
}
