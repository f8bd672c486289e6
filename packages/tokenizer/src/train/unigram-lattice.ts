// All ways to cut a word into pieces of a Unigram vocabulary: their total probability, and the best one.

import { enlarged } from '../enlarged.ts';
import { PieceTrie } from './piece-trie.ts';
import type { ScoredPieces } from './unigram-seeds.ts';

/** How much worse than the worst piece a character is that no piece has, in nats (as in SentencePiece). */
const unknownPenalty = 10;

/** Id of the piece that stands for such characters. */
export const unknownPiece = 0;

/** A vocabulary ready for counting. Scores are logarithms of probabilities; that of piece 0 is not read. */
export class UnigramLattice {
  readonly #trie: PieceTrie;
  readonly #scores: Float64Array;
  readonly #unknownScore: number;
  // Edges of the word at hand, ordered by where they begin; the edges from place i are edgeStarts[i] … edgeStarts[i + 1].
  #edgeStarts = new Int32Array(64);
  #edgeEnds = new Int32Array(1024);
  #edgePieces = new Int32Array(1024);
  #edges = 0;
  #forward = new Float64Array(64);
  #backward = new Float64Array(64);
  #best = new Int32Array(64);
  #length = 0;

  constructor({ pieces, scores }: ScoredPieces) {
    this.#trie = new PieceTrie(pieces);
    this.#scores = scores;
    let least = Number.POSITIVE_INFINITY;
    for (let id = 1; id < scores.length; id++) least = Math.min(least, scores[id]!);
    this.#unknownScore = least - unknownPenalty;
  }

  /** Lays out the word `codePoints[start … end]`. */
  read(codePoints: Int32Array, start: number, end: number): void {
    const length = end - start;
    this.#length = length;
    if (length + 1 >= this.#forward.length) this.#resize(length + 2);
    this.#edges = 0;
    const { pieceAt } = this.#trie;
    for (let from = 0; from < length; from++) {
      this.#edgeStarts[from] = this.#edges;
      let single = false;
      let node = 0;
      for (let to = from; to < length; ) {
        node = this.#trie.child(node, codePoints[start + to]!);
        if (node === 0) break;
        to++;
        const piece = pieceAt[node]!;
        if (piece < 0) continue;
        if (to === from + 1) single = true;
        this.#add(to, piece);
      }
      if (!single) this.#add(from + 1, unknownPiece);
    }
    this.#edgeStarts[length] = this.#edges;
  }

  /**
   * Adds `times` · (expected occurrences of each piece) to `expected`: the forward-backward algorithm (Kudo 2018, §3.2).
   *
   * @returns the logarithm of the word's probability.
   */
  expect(times: number, expected: Float64Array): number {
    const n = this.#length;
    const [forward, backward, ends, pieces] = [this.#forward, this.#backward, this.#edgeEnds, this.#edgePieces];
    forward.fill(Number.NEGATIVE_INFINITY, 0, n + 1);
    backward.fill(Number.NEGATIVE_INFINITY, 0, n + 1);
    forward[0] = 0;
    backward[n] = 0;
    for (let from = 0; from < n; from++) {
      for (let e = this.#edgeStarts[from]!; e < this.#edgeStarts[from + 1]!; e++) {
        forward[ends[e]!] = logAdd(forward[ends[e]!]!, forward[from]! + this.#score(pieces[e]!));
      }
    }
    const total = forward[n]!;
    for (let from = n - 1; from >= 0; from--) {
      for (let e = this.#edgeStarts[from]!; e < this.#edgeStarts[from + 1]!; e++) {
        const onward = this.#score(pieces[e]!) + backward[ends[e]!]!;
        backward[from] = logAdd(backward[from]!, onward);
        expected[pieces[e]!]! += times * Math.exp(forward[from]! + onward - total);
      }
    }
    return total;
  }

  /** Pieces of the best segmentation, last first; of equally good ones that with the longest last piece. */
  best(): number[] {
    this.#findBest(false);
    return this.#path();
  }

  /**
   * How a piece would be written without itself. Null: there is no other way, or another way is better anyway,
   * which `needed` tells apart: the piece is needed when there is no other way.
   */
  withoutWhole(): { needed: boolean; alternative: number[] | null } {
    const n = this.#length;
    let whole = Number.NEGATIVE_INFINITY;
    for (let e = 0; e < this.#edgeStarts[1]!; e++) {
      if (this.#edgeEnds[e] === n) whole = this.#score(this.#edgePieces[e]!);
    }
    const other = this.#findBest(true);
    if (other === Number.NEGATIVE_INFINITY) return { needed: true, alternative: null };
    return other > whole ? { needed: false, alternative: null } : { needed: true, alternative: this.#path() };
  }

  /** Viterbi's algorithm; `#best[i]` becomes the edge by which the best path reaches place i. */
  #findBest(withoutWhole: boolean): number {
    const n = this.#length;
    const scores = this.#forward;
    scores.fill(Number.NEGATIVE_INFINITY, 0, n + 1);
    scores[0] = 0;
    for (let from = 0; from < n; from++) {
      for (let e = this.#edgeStarts[from]!; e < this.#edgeStarts[from + 1]!; e++) {
        const end = this.#edgeEnds[e]!;
        if (withoutWhole && from === 0 && end === n) continue;
        const score = scores[from]! + this.#score(this.#edgePieces[e]!);
        if (score > scores[end]!) {
          scores[end] = score;
          this.#best[end] = e;
          this.#backward[end] = from;
        }
      }
    }
    return scores[n]!;
  }

  #path(): number[] {
    const pieces: number[] = [];
    for (let at = this.#length; at > 0; at = this.#backward[at]!) pieces.push(this.#edgePieces[this.#best[at]!]!);
    return pieces;
  }

  #score(piece: number): number {
    return piece === unknownPiece ? this.#unknownScore : this.#scores[piece]!;
  }

  #add(end: number, piece: number): void {
    const e = this.#edges++;
    if (e >= this.#edgeEnds.length) {
      this.#edgeEnds = enlarged(this.#edgeEnds, e + 1);
      this.#edgePieces = enlarged(this.#edgePieces, e + 1);
    }
    this.#edgeEnds[e] = end;
    this.#edgePieces[e] = piece;
  }

  #resize(length: number): void {
    this.#edgeStarts = enlarged(this.#edgeStarts, length);
    this.#forward = enlarged(this.#forward, length);
    this.#backward = enlarged(this.#backward, length);
    this.#best = enlarged(this.#best, length);
  }
}

/** ln(eᵃ + eᵇ). */
function logAdd(a: number, b: number): number {
  if (a === Number.NEGATIVE_INFINITY) return b;
  const [high, low] = a > b ? [a, b] : [b, a];
  return high + Math.log1p(Math.exp(low - high));
}
