// Distinct words and how often each was seen, in typed arrays: two bytes a letter, no string kept alive.
import { enlarged } from '../enlarged.ts';

/**
 * A counting hash table over ranges of strings, in first-seen order.
 *
 * Words are stored as UTF-16 code units in one array; asking for a count neither cuts a substring nor keeps the text.
 * Memory: 2 bytes a code unit and about 24 bytes a distinct word.
 */
export class WordCounts {
  /** Code units of all words, one word after the other. */
  units = new Uint16Array(1 << 12);
  /** Word i is `units[starts[i] … starts[i + 1]]`. */
  starts = new Uint32Array(1 << 9);
  /** How often word i was seen. */
  counts = new Float64Array(1 << 9);
  /** Number of distinct words. */
  size = 0;
  #hashes = new Int32Array(1 << 9);
  #slots = new Int32Array(1 << 10); // index of the word + 1; 0 is free

  /** Adds `times` sightings of `text.slice(start, end)` and returns the word's index. */
  add(text: string, start: number, end: number, times = 1): number {
    let hash = 0x811c9dc5 | 0; // FNV-1a over code units (Fowler, Noll, Vo)
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    const length = end - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === 0) return this.#insert(slot, hash, text, start, end, times);
      const word = found - 1;
      if (this.#hashes[word] !== hash) continue;
      const at = this.starts[word]!;
      if (this.starts[word + 1]! - at !== length) continue;
      let i = 0;
      while (i < length && this.units[at + i] === text.charCodeAt(start + i)) i++;
      if (i === length) {
        this.counts[word]! += times;
        return word;
      }
    }
  }

  /** Word i as a string. */
  word(index: number): string {
    return spellUnits(this.units, this.starts[index]!, this.starts[index + 1]!);
  }

  /** Code units of all distinct words together. */
  get length(): number {
    return this.starts[this.size]!;
  }

  /** Bytes held by the table. */
  get bytes(): number {
    return [this.units, this.starts, this.counts, this.#hashes, this.#slots].reduce((sum, a) => sum + a.byteLength, 0);
  }

  /** A table with only the words seen more than `times` times, in the same order. */
  without(times: number): WordCounts {
    const kept = new WordCounts();
    for (let i = 0; i < this.size; i++) {
      if (this.counts[i]! <= times) continue;
      const word = this.word(i);
      kept.add(word, 0, word.length, this.counts[i]);
    }
    return kept;
  }

  #insert(slot: number, hash: number, text: string, start: number, end: number, times: number): number {
    const word = this.size++;
    const at = this.starts[word]!;
    if (word + 2 > this.starts.length) this.starts = enlarged(this.starts, word + 2);
    if (word + 1 > this.counts.length) {
      this.counts = enlarged(this.counts, word + 1);
      this.#hashes = enlarged(this.#hashes, word + 1);
    }
    if (at + end - start > this.units.length) this.units = enlarged(this.units, at + end - start);
    for (let i = start; i < end; i++) this.units[at + i - start] = text.charCodeAt(i);
    this.starts[word + 1] = at + end - start;
    this.counts[word] = times;
    this.#hashes[word] = hash;
    this.#slots[slot] = word + 1;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return word;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let word = 0; word < this.size; word++) {
      let slot = this.#hashes[word]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = word + 1;
    }
    this.#slots = slots;
  }
}

/** Code units as a string; in pieces, because the number of arguments of a call is limited. */
export function spellUnits(units: Uint16Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 4096)
    text += String.fromCharCode(...units.subarray(at, Math.min(end, at + 4096)));
  return text;
}
