// A trie of tokens over UTF-16 units, kept in one flat hash table.
import { MergeTable, mergedAt } from './merge-table.ts';

/** Walk it with `child`; `ids[node]` is the token that ends at the node, or -1. */
export class Trie {
  static readonly root = 0;
  readonly ids: Int32Array;
  private readonly edges: MergeTable;

  constructor(tokens: Iterable<readonly [string, number]>) {
    const edges = new Map<number, number>();
    const ids = [-1];
    for (const [token, id] of tokens) {
      let node = 0;
      for (let i = 0; i < token.length; i++) {
        const key = node * 65536 + token.charCodeAt(i);
        let next = edges.get(key);
        if (next === undefined) {
          next = ids.push(-1) - 1;
          edges.set(key, next);
        }
        node = next;
      }
      ids[node] = id;
    }
    this.ids = Int32Array.from(ids);
    this.edges = new MergeTable(edges.size);
    for (const [key, node] of edges) this.edges.set(Math.floor(key / 65536), key % 65536, 0, node);
  }

  /** The node that `unit` leads to, or -1. */
  child(node: number, unit: number): number {
    const slot = this.edges.find(node, unit);
    return slot === -1 ? -1 : this.edges.entries[slot + mergedAt]!;
  }

  /** The node that the whole text leads to, or -1. */
  walk(text: string): number {
    let node = Trie.root;
    for (let i = 0; i < text.length && node !== -1; i++) node = this.child(node, text.charCodeAt(i));
    return node;
  }
}
