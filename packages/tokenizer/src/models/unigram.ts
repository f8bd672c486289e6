// Unigram (Kudo 2018, arXiv:1804.10959): the segmentation of highest probability, found by Viterbi.
import { byteToken, utf8Byte, utf8Length } from '../byte-alphabet.ts';
import { type CheckedJson, isCount, unexpected } from '../checked-json.ts';
import { show, TokenizerError } from '../errors.ts';
import type { Model, TokenSink } from './model.ts';
import { Trie } from './trie.ts';

/** An unknown character scores this much less than the least likely token. */
const unknownPenalty = 10;

/** What SentencePiece itself does differently from its image in tokenizer.json. */
export interface UnigramOptions {
  /** Which ids may match text; the others (control, byte and unused pieces) are only names. Default: all. */
  matches?: (id: number) => boolean;
  /** Score of an unknown character. Default: ten less than the least of the vocabulary. */
  unknownScore?: number;
  /** Keep the scores of paths as 32-bit floats. */
  singlePrecision?: boolean;
}

export class Unigram implements Model {
  readonly pieces: readonly (readonly [string, number])[];
  readonly unknownId: number | null;
  readonly byteFallback: boolean;
  readonly #ids = new Map<string, number>();
  readonly #scores: Float64Array;
  /** What an unknown character scores. */
  readonly unknownScore: number;
  readonly #trie: Trie;
  readonly #singlePrecision: boolean;
  #bestScore: Float64Array | Float32Array = new Float64Array(64);
  #bestFrom = new Int32Array(64);
  #bestId = new Int32Array(64);
  /** What `bestPath` found, backwards: pairs of (id, from). */
  path = new Int32Array(128);

  /**
   * @param pieces token and log probability, by id.
   * @param options where SentencePiece differs from tokenizer.json.
   */
  constructor(
    pieces: readonly (readonly [string, number])[],
    unknownId: number | null,
    byteFallback: boolean,
    options: UnigramOptions = {},
  ) {
    const matches = options.matches ?? (() => true);
    this.pieces = pieces;
    this.unknownId = unknownId;
    this.byteFallback = byteFallback;
    pieces.forEach(([token], id) => {
      this.#ids.set(token, id);
    });
    this.#scores = Float64Array.from(pieces, ([, score]) => score);
    this.#singlePrecision = options.singlePrecision ?? false;
    this.unknownScore =
      options.unknownScore ?? this.#scores.reduce((a, b) => Math.min(a, b), Infinity) - unknownPenalty;
    this.#grow(64);
    this.#trie = new Trie([...this.#ids].filter(([token, id]) => token !== '' && matches(id)));
  }

  static read(config: CheckedJson): Unigram {
    const pieces = config.each('vocab', (entry, path) => {
      if (Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string' && Number.isFinite(entry[1])) {
        return [entry[0], asReferenceReads(entry[1])] as [string, number];
      }
      return unexpected(path, '[token, log probability]', entry);
    });
    const unknownId = config.has('unk_id') ? config.get('unk_id') : null;
    if (unknownId !== null && !(isCount(unknownId) && unknownId < pieces.length)) {
      config.fail('unk_id', `an id of the vocabulary, below ${pieces.length}`);
    }
    return new Unigram(pieces, unknownId, config.boolean('byte_fallback', false));
  }

  get size(): number {
    return this.pieces.length;
  }

  get idCount(): number {
    return this.pieces.length;
  }

  tokenToId(token: string): number | undefined {
    return this.#ids.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.pieces[id]?.[0];
  }

  reaches(id: number): boolean {
    return this.#trie.ids.includes(id);
  }

  tokenize(piece: string, sink: TokenSink, forbidden: Uint8Array | null): void {
    const steps = this.bestPath(piece, forbidden);
    // The path lies backwards in `this.path`: pairs of (id, from).
    let to = 0;
    for (let p = 2 * steps - 2; p >= 0; p -= 2) {
      const from = to;
      const unknown = this.path[p] === this.unknownId;
      // Neighbouring unknown characters are one token.
      while (unknown && p >= 2 && this.path[p - 2] === this.unknownId) p -= 2;
      to = p >= 2 ? this.path[p - 1]! : piece.length;
      if (unknown) this.#addUnknown(piece.slice(from, to), from, to, sink, forbidden);
      else sink.add(this.path[p]!, from, to);
    }
  }

  #addUnknown(surface: string, from: number, to: number, sink: TokenSink, forbidden: Uint8Array | null): void {
    const id = this.#ids.get(surface);
    if (id !== undefined && (id === this.unknownId || forbidden?.[id] !== 1)) sink.add(id, from, to);
    else if (this.byteFallback && this.#addBytes(surface, from, to, sink)) return;
    else sink.add(this.unknownId!, from, to, surface);
  }

  #addBytes(surface: string, from: number, to: number, sink: TokenSink): boolean {
    const ids: number[] = [];
    for (const character of surface) {
      const codePoint = character.codePointAt(0)!;
      for (let b = 0; b < utf8Length(codePoint); b++) {
        const id = this.#ids.get(byteToken(utf8Byte(codePoint, b)));
        if (id === undefined) return false;
        ids.push(id);
      }
    }
    for (const id of ids) sink.add(id, from, to);
    return true;
  }

  /** Viterbi over the piece. Leaves the best path backwards in `this.path` and returns its number of steps. */
  bestPath(piece: string, forbidden: Uint8Array | null): number {
    const length = piece.length;
    if (this.#bestScore.length <= length) this.#grow(2 * length + 1);
    const bestScore = this.#bestScore;
    const bestFrom = this.#bestFrom;
    const bestId = this.#bestId;
    const scores = this.#scores;
    const trie = this.#trie;
    bestScore[0] = 0;
    bestFrom.fill(-1, 0, length + 1);
    for (let from = 0; from < length; ) {
      const unit = piece.charCodeAt(from);
      const size = unit >= 0xd800 && unit < 0xdc00 ? 2 : 1;
      const here = bestScore[from]!;
      let single = false;
      let node = Trie.root;
      for (let to = from; to < length; ) {
        node = trie.child(node, piece.charCodeAt(to++));
        if (node === -1) break;
        const id = trie.ids[node]!;
        if (id === -1 || forbidden?.[id] === 1) continue;
        const score = scores[id]! + here;
        if (bestFrom[to] === -1 || score > bestScore[to]!) {
          bestScore[to] = score;
          bestFrom[to] = from;
          bestId[to] = id;
        }
        if (to - from === size) single = true;
      }
      if (!single) {
        const to = from + size;
        const score = this.#singlePrecision ? Math.fround(this.unknownScore + here) : this.unknownScore + here;
        if (bestFrom[to] === -1 || score > bestScore[to]!) {
          if (this.unknownId === null) {
            throw new TokenizerError(
              'UNENCODABLE',
              `Unigram: ${show(piece.slice(from, to))} is not in the vocabulary, and the model has no unknown token (unk_id)`,
              { piece, character: piece.slice(from, to) },
            );
          }
          bestScore[to] = score;
          bestFrom[to] = from;
          bestId[to] = this.unknownId;
        }
      }
      from += size;
    }
    let steps = 0;
    for (let to = length; to > 0; to = bestFrom[to]!) {
      this.path[2 * steps] = bestId[to]!;
      this.path[2 * steps + 1] = bestFrom[to]!;
      steps++;
    }
    return steps;
  }

  #grow(size: number): void {
    this.#bestScore = this.#singlePrecision ? new Float32Array(size) : new Float64Array(size);
    this.#bestFrom = new Int32Array(size);
    this.#bestId = new Int32Array(size);
    this.path = new Int32Array(2 * size);
  }
}

/**
 * The number as the reference's JSON reader gives it: all digits as one integer, rounded, divided by a power of ten, rounded
 * again. It may be off by one in the last place, and that decides between equally likely segmentations.
 */
function asReferenceReads(score: number): number {
  const [mantissa, exponent] = Math.abs(score).toString().split('e') as [string, string?];
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?];
  const power = Number(exponent ?? 0) - fraction.length;
  const digits = Number(whole + fraction);
  const value = power < 0 ? digits / Number(`1e${-power}`) : digits * Number(`1e${power}`);
  return Number.isFinite(value) ? Math.sign(score) * value : score;
}
