// All pieces that begin at a place of a word: a trie over numbered characters, in typed arrays.

/** First child and next sibling of every node, children found by a hash of (node, character). */
export class PieceTrie {
  /** Piece that ends at each node, or -1. */
  pieceAt: Int32Array;
  #slots: Int32Array; // node number; 0 is free (the root is nobody's child)
  #parents: Int32Array;
  #characters: Int32Array;
  #nodes = 1;

  /** @param pieces as numbered characters, by id. */
  constructor(pieces: readonly Int32Array[]) {
    const most = 1 + pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.pieceAt = new Int32Array(most).fill(-1);
    this.#parents = new Int32Array(most);
    this.#characters = new Int32Array(most);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 2)));
    for (const [id, piece] of pieces.entries()) {
      if (piece.length === 0) continue;
      let node = 0;
      for (const character of piece) node = this.#enter(node, character);
      this.pieceAt[node] = id;
    }
  }

  /** The node after `node` by `character`, or 0. The root is node 0. */
  child(node: number, character: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(node, character) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === 0 || (this.#parents[found] === node && this.#characters[found] === character)) return found;
    }
  }

  #enter(parent: number, character: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(parent, character) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === 0) {
        const node = this.#nodes++;
        this.#slots[slot] = node;
        this.#parents[node] = parent;
        this.#characters[node] = character;
        return node;
      }
      if (this.#parents[found] === parent && this.#characters[found] === character) return found;
    }
  }
}

function hash(node: number, character: number): number {
  const h = Math.imul(node, 0x9e3779b1) ^ Math.imul(character, 0x85ebca6b);
  return Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) >>> 7;
}
