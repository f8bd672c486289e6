// A set of texts by hashes of 53 bits: 12 to 24 bytes a text, however long it is.

/** A hash of a text that a double holds: cyrb53 (bryc, public domain). Two of ten million texts meet with a chance of 1 in 180. */
export function hashOfKey(text: string): number {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

/** Numbers of 53 bits, in a table with open addressing that is at most two thirds full. */
export class HashSet {
  #table = new Float64Array(1024).fill(-1);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(hash: number): boolean {
    return this.#table[this.#placeOf(hash)] === hash;
  }

  /** Whether it was not there yet. */
  add(hash: number): boolean {
    const place = this.#placeOf(hash);
    if (this.#table[place] === hash) return false;
    this.#table[place] = hash;
    if (++this.#size * 3 > this.#table.length * 2) {
      const old = this.#table;
      this.#table = new Float64Array(2 * old.length).fill(-1);
      for (const known of old) if (known >= 0) this.#table[this.#placeOf(known)] = known;
    }
    return true;
  }

  #placeOf(hash: number): number {
    const size = this.#table.length;
    let place = hash % size;
    while (this.#table[place]! >= 0 && this.#table[place] !== hash) place = (place + 1) % size;
    return place;
  }
}
