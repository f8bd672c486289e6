// Word level: every piece is one token, or the unknown one.
import type { CheckedJson } from '../checked-json.ts';
import { show, TokenizerError } from '../errors.ts';
import type { Model, TokenSink } from './model.ts';
import { Vocabulary } from './vocabulary.ts';

export class WordLevel implements Model {
  readonly vocabulary: Vocabulary;
  readonly unknownToken: string;

  constructor(vocabulary: Vocabulary, unknownToken: string) {
    this.vocabulary = vocabulary;
    this.unknownToken = unknownToken;
  }

  static read(config: CheckedJson): WordLevel {
    return new WordLevel(Vocabulary.read(config, 'vocab'), config.string('unk_token', '<unk>'));
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
    let id = this.vocabulary.tokenToId(piece);
    if (id === undefined || forbidden?.[id] === 1) id = this.vocabulary.tokenToId(this.unknownToken);
    if (id === undefined) {
      throw new TokenizerError(
        'UNENCODABLE',
        `WordLevel: ${show(piece)} is not in the vocabulary, and neither is the unknown token ${show(this.unknownToken)}`,
        { piece, unknownToken: this.unknownToken },
      );
    }
    sink.add(id, 0, piece.length);
  }
}
