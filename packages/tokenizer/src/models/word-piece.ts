// WordPiece (Schuster & Nakajima 2012; Devlin et al. 2019, arXiv:1810.04805): the longest token first, from left to right.
import type { CheckedJson } from '../checked-json.ts';
import { show, TokenizerError } from '../errors.ts';
import type { Model, TokenSink } from './model.ts';
import { Trie } from './trie.ts';
import { Vocabulary } from './vocabulary.ts';

export class WordPiece implements Model {
  readonly vocabulary: Vocabulary;
  readonly unknownToken: string;
  readonly continuingPrefix: string;
  /** Longer words, in characters, are the unknown token without a look. */
  readonly longestWord: number;
  readonly #trie: Trie;
  readonly #continuing: number;
  readonly #unknownId: number | undefined;
  #found = new Int32Array(64);

  constructor(vocabulary: Vocabulary, unknownToken: string, continuingPrefix: string, longestWord: number) {
    this.vocabulary = vocabulary;
    this.unknownToken = unknownToken;
    this.continuingPrefix = continuingPrefix;
    this.longestWord = longestWord;
    this.#trie = new Trie(vocabulary.ids);
    this.#continuing = this.#trie.walk(continuingPrefix);
    this.#unknownId = vocabulary.tokenToId(unknownToken);
  }

  static read(config: CheckedJson): WordPiece {
    return new WordPiece(
      Vocabulary.read(config, 'vocab'),
      config.string('unk_token', '[UNK]'),
      config.string('continuing_subword_prefix', '##'),
      config.count('max_input_chars_per_word', 100),
    );
  }

  get size(): number {
    return this.vocabulary.size;
  }

  get idCount(): number {
    return this.vocabulary.idCount;
  }

  tokenToId(token: string): number | undefined {
    return this.vocabulary.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.vocabulary.idToToken(id);
  }

  reaches(id: number): boolean {
    return this.vocabulary.idToToken(id) !== undefined;
  }

  tokenize(piece: string, sink: TokenSink, forbidden: Uint8Array | null): void {
    const trie = this.#trie;
    const continuing = this.#continuing;
    const { ids } = trie;
    const length = piece.length;
    if (length > this.longestWord && characterCount(piece) > this.longestWord) {
      this.#addUnknown(piece, sink);
      return;
    }
    if (this.#found.length < 2 * length) this.#found = new Int32Array(4 * length);
    const found = this.#found;
    let count = 0;
    for (let from = 0; from < length; ) {
      let node = from === 0 ? Trie.root : continuing;
      let id = -1;
      let to = from;
      for (let i = from; i < length && node !== -1; ) {
        node = trie.child(node, piece.charCodeAt(i++));
        if (node !== -1 && ids[node] !== -1 && forbidden?.[ids[node]!] !== 1) {
          id = ids[node]!;
          to = i;
        }
      }
      if (id === -1) {
        this.#addUnknown(piece, sink);
        return;
      }
      found[count++] = id;
      found[count++] = to;
      from = to;
    }
    for (let i = 0, from = 0; i < count; i += 2) {
      sink.add(found[i]!, from, found[i + 1]!);
      from = found[i + 1]!;
    }
  }

  #addUnknown(piece: string, sink: TokenSink): void {
    if (this.#unknownId === undefined) {
      throw new TokenizerError(
        'UNENCODABLE',
        `WordPiece: ${show(piece)} cannot be written with the vocabulary, and the unknown token ${show(this.unknownToken)} is not in it`,
        { piece, unknownToken: this.unknownToken },
      );
    }
    sink.add(this.#unknownId, 0, piece.length);
  }
}

function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
