// Which tokens may come next under a grammar. Masks are found by walking the tree of the vocabulary with the automaton, and kept by configuration.

import { YumoError } from '../../errors.ts';
import type { Processor, Row, Scores } from '../processors.ts';
import { Automaton, type Configuration } from './automaton.ts';
import { anyChar, type Rules } from './expression.ts';
import type { TokenVocabulary } from './vocabulary.ts';

/** Tokens that may follow, as bits; and the most bytes that are still needed after one of them. */
interface Mask {
  readonly bits: Uint32Array;
  readonly mostNeeded: number;
}

/** Bytes of masks that are kept; the oldest go. */
const maskMemory = 32 * 2 ** 20;
/** Configurations that are kept before all are forgotten. */
const mostConfigurations = 50_000;

/**
 * A grammar for the tokens of one vocabulary. May be shared by any number of generations: what it learns of the grammar's states serves all.
 *
 * A generation of n new tokens at most is led so that its text is complete by then: a token is left out when what would be needed after it
 * does not fit any more. Each byte that is needed counts as a token, so the true number is never larger.
 */
export class Constraint {
  readonly #automaton: Automaton;
  readonly #vocabulary: TokenVocabulary;
  /** For texts that begin with the first generated token. */
  readonly #first: TokenVocabulary;
  readonly #masks = new Map<Configuration, Mask>();
  #steps = new WeakMap<Configuration, Map<number, Configuration | null>>();

  /** @throws YumoError `CONFIG` for a grammar that no text of the vocabulary fulfils. */
  constructor(rules: Rules, vocabulary: TokenVocabulary, first = vocabulary) {
    const { characters } = vocabulary;
    this.#automaton = new Automaton(rules, characters === anyChar ? undefined : characters);
    this.#vocabulary = vocabulary;
    this.#first = first;
  }

  get start(): Configuration {
    return this.#automaton.start;
  }

  /** Most tokens that the shortest text needs. */
  get need(): number {
    return this.start.need;
  }

  /** After a token; null where the grammar has no place for it. */
  after(from: Configuration, id: number): Configuration | null {
    let steps = this.#steps.get(from);
    if (!steps) {
      steps = new Map();
      this.#steps.set(from, steps);
    }
    const known = steps.get(id);
    if (known !== undefined) return known;
    const bytes = this.#vocabularyAt(from).bytes[id];
    let at: Configuration | null = bytes && bytes.length > 0 ? from : null;
    for (let i = 0; at && bytes && i < bytes.length; i++) at = this.#automaton.next(at, bytes[i]!);
    steps.set(id, at);
    return at;
  }

  /**
   * Removes every token that may not follow.
   * @param remaining tokens that may still be written, the next one included
   * @param endTokens may follow where the text is complete, and nowhere else
   */
  mask(scores: Scores, from: Configuration, remaining: number, endTokens: readonly number[]): void {
    const { bits, mostNeeded } = this.#maskOf(from);
    const own = mostNeeded < remaining ? bits : this.#walk(from, remaining - 1).bits;
    const ends = endTokens.map((id) => scores[id]);
    const removed = Number.NEGATIVE_INFINITY;
    for (let word = 0, id = 0; id < scores.length; word++) {
      const set = own[word] ?? 0;
      const until = Math.min(scores.length, id + 32);
      if (set === 0) scores.fill(removed, id, until);
      else if (set !== 0xffffffff) for (let i = id; i < until; i++) if (!(set & (1 << (i & 31)))) scores[i] = removed;
      id = until;
    }
    for (const [i, id] of endTokens.entries()) if (id < scores.length) scores[id] = from.accepting ? ends[i]! : removed;
  }

  #vocabularyAt(from: Configuration): TokenVocabulary {
    return from === this.start ? this.#first : this.#vocabulary;
  }

  #maskOf(from: Configuration): Mask {
    const known = this.#masks.get(from);
    if (known) {
      this.#masks.delete(from); // the youngest stands last
      this.#masks.set(from, known);
      return known;
    }
    if (this.#automaton.size > mostConfigurations) {
      this.#automaton.forget();
      this.#masks.clear();
      this.#steps = new WeakMap();
    }
    const made = this.#walk(from, Number.POSITIVE_INFINITY);
    this.#masks.set(from, made);
    const most = Math.max(16, Math.floor(maskMemory / (made.bits.byteLength + 64)));
    if (this.#masks.size > most) this.#masks.delete(this.#masks.keys().next().value!); // not empty
    return made;
  }

  /** Tokens after which at most so many bytes are needed. */
  #walk(from: Configuration, most: number): Mask {
    const { tree, bytes: all } = this.#vocabularyAt(from);
    const { bytes, depths, ends, firsts, tokens } = tree;
    const bits = new Uint32Array(Math.ceil(all.length / 32));
    const path: Configuration[] = new Array(tree.deepest + 1);
    path[0] = from;
    let mostNeeded = 0;
    for (let node = 0; node < bytes.length; ) {
      const depth = depths[node]!;
      const before = path[depth - 1]!;
      const byte = bytes[node]!;
      const known = before.next[byte];
      const next = known === undefined ? this.#automaton.next(before, byte) : known;
      if (next === null) {
        node = ends[node]!;
        continue;
      }
      path[depth] = next;
      if (next.need <= most) {
        for (let i = firsts[node]!; i < firsts[node + 1]!; i++) {
          const id = tokens[i]!;
          bits[id >> 5]! |= 1 << (id & 31);
          if (next.need > mostNeeded) mostNeeded = next.need;
        }
      }
      node++;
    }
    return { bits, mostNeeded };
  }
}

/** What constrains the rows of one generation. */
export class ConstrainedRows {
  readonly #constraint: Constraint;
  readonly #endTokens: readonly number[];
  readonly #maxNewTokens: number;
  /** Where a row stood when it was seen last: rows that only grow are not read again. */
  readonly #seen = new WeakMap<readonly number[], { length: number; at: Configuration }>();

  /** @throws YumoError `CONFIG` when so few tokens cannot complete any text. */
  constructor(constraint: Constraint, endTokens: readonly number[], maxNewTokens: number) {
    if (constraint.need > maxNewTokens)
      throw new YumoError(
        'CONFIG',
        `grammar: its shortest text may need ${constraint.need} tokens, ${maxNewTokens} may be written; raise maxNewTokens or shorten the prompt`,
        { need: constraint.need, maxNewTokens },
      );
    this.#constraint = constraint;
    this.#endTokens = endTokens;
    this.#maxNewTokens = maxNewTokens;
  }

  /** The row's text is complete, and nothing may follow it. */
  isOver(row: Row): boolean {
    const at = this.#at(row);
    return at === null || (at.accepting && at.stacks.length === 0);
  }

  /**
   * The other processors, within what the grammar allows: they see scores without the rest, and where they remove all that is left the
   * grammar's own choice stands.
   */
  around(inner: Processor): Processor {
    return (scores, row) => {
      const at = this.#at(row);
      if (!at) throw new YumoError('CONFIG', 'grammar: the row holds a token that the grammar has no place for', {});
      const remaining = this.#maxNewTokens - (row.ids.length - row.promptLength);
      const mask = (): void => this.#constraint.mask(scores, at, remaining, this.#endTokens);
      mask();
      const own = scores.slice();
      inner(scores, row);
      mask();
      if (!scores.some((x) => x > Number.NEGATIVE_INFINITY)) scores.set(own);
    };
  }

  #at({ ids, promptLength }: Row): Configuration | null {
    const seen = this.#seen.get(ids);
    let at: Configuration | null = seen && seen.length <= ids.length ? seen.at : this.#constraint.start;
    let i = seen && seen.length <= ids.length ? seen.length : promptLength;
    for (; at && i < ids.length; i++) {
      if (this.#endTokens.includes(ids[i]!)) break;
      at = this.#constraint.after(at, ids[i]!);
    }
    if (at) this.#seen.set(ids, { length: i, at });
    return at;
  }
}
