// Added tokens: texts that are found before the model sees anything, special ones among them.
import type { AlignedText } from './aligned-text.ts';
import { isWhiteSpace } from './characters.ts';
import { CheckedJson } from './checked-json.ts';
import { show, TokenizerError } from './errors.ts';
import type { AddedTokenJson } from './formats/tokenizer-json.ts';
import { Trie } from './models/trie.ts';
import { largestId } from './models/vocabulary.ts';

export type AddedToken = Readonly<AddedTokenJson>;

/** Reads one entry of `added_tokens`. */
export function readAddedToken(json: unknown, path: string): AddedToken {
  const config = new CheckedJson(json, path);
  const id = config.count('id');
  if (id > largestId) config.fail('id', `an id up to ${largestId}`);
  return {
    id,
    content: config.string('content'),
    single_word: config.boolean('single_word', false),
    lstrip: config.boolean('lstrip', false),
    rstrip: config.boolean('rstrip', false),
    normalized: config.boolean('normalized', true),
    special: config.boolean('special', false),
  };
}

/** A piece of text without added tokens, or one added token. */
export interface Section {
  readonly piece: AlignedText;
  /** Id of the added token; -1: plain text. */
  readonly id: number;
}

/** Finds added tokens in text: at each place the longest, the leftmost first. */
export class AddedTokenFinder {
  readonly #byId = new Map<number, AddedToken>();
  readonly #trie: Trie;
  readonly #firstUnits = new Uint8Array(65536);
  readonly #empty: boolean;
  readonly #allSpecial: boolean;

  /** @param patterns the text to look for, and the token that it stands for. */
  constructor(patterns: readonly (readonly [string, AddedToken])[]) {
    const filled = patterns.filter(([pattern]) => pattern !== '');
    this.#empty = filled.length === 0;
    this.#allSpecial = filled.every(([, token]) => token.special);
    for (const [pattern, token] of filled) {
      this.#byId.set(token.id, token);
      this.#firstUnits[pattern.charCodeAt(0)] = 1;
    }
    this.#trie = new Trie(filled.map(([pattern, token]) => [pattern, token.id]));
  }

  /** Whether `split` leaves every text whole. */
  idle(plainSpecial: boolean): boolean {
    return this.#empty || (plainSpecial && this.#allSpecial);
  }

  /** The piece cut into sections. With `plainSpecial`, special tokens count as plain text. */
  split(piece: AlignedText, plainSpecial: boolean): Section[] {
    const { text } = piece;
    const sections: Section[] = [];
    let done = 0;
    const cut = (from: number, to: number, id: number) => {
      if (from < to) sections.push({ piece: piece.slice(from, to), id });
    };
    for (let i = this.#empty ? text.length : 0; i < text.length; ) {
      const found = this.#firstUnits[text.charCodeAt(i)] === 1 ? this.#longestAt(text, i) : null;
      if (found === null) {
        i++;
        continue;
      }
      const { token, end } = found;
      i = end;
      if (plainSpecial && token.special) continue;
      let from = end - found.length;
      let to = end;
      if (token.single_word && (endsWithWord(text, from) || startsWithWord(text, to))) continue;
      if (token.lstrip) {
        while (from > done && isWhiteSpace(text.charCodeAt(from - 1))) from--;
        // White space that the token before has taken is not taken twice.
        from = Math.max(from, done);
      }
      if (token.rstrip) while (to < text.length && isWhiteSpace(text.charCodeAt(to))) to++;
      cut(done, from, -1);
      cut(from, to, token.id);
      done = to;
    }
    cut(done, text.length, -1);
    return sections;
  }

  #longestAt(text: string, from: number): { token: AddedToken; end: number; length: number } | null {
    let node = Trie.root;
    let id = -1;
    let end = from;
    for (let i = from; i < text.length && node !== -1; ) {
      node = this.#trie.child(node, text.charCodeAt(i++));
      if (node !== -1 && this.#trie.ids[node] !== -1) {
        id = this.#trie.ids[node]!;
        end = i;
      }
    }
    return id === -1 ? null : { token: this.#byId.get(id)!, end, length: end - from };
  }
}

const word = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;

function startsWithWord(text: string, at: number): boolean {
  const codePoint = text.codePointAt(at);
  return codePoint !== undefined && word.test(String.fromCodePoint(codePoint));
}

function endsWithWord(text: string, at: number): boolean {
  if (at === 0) return false;
  const low = text.charCodeAt(at - 1);
  return startsWithWord(text, low >= 0xdc00 && low < 0xe000 && at > 1 ? at - 2 : at - 1);
}

/** Tokens of a file with ids as the reference gives them: a token that the model has keeps the model's id. */
export function withModelIds(
  tokens: readonly AddedToken[],
  tokenToId: (token: string) => number | undefined,
  path: string,
): AddedToken[] {
  const contents = new Map<number, string>();
  return tokens.map((token) => {
    const id = tokenToId(token.content) ?? token.id;
    const other = contents.get(id);
    if (other !== undefined && other !== token.content) {
      throw new TokenizerError(
        'VOCABULARY',
        `${path}: id ${id} belongs to two added tokens, ${show(other)} and ${show(token.content)}`,
        {
          path,
          id,
          tokens: [other, token.content],
        },
      );
    }
    contents.set(id, token.content);
    return { ...token, id };
  });
}
