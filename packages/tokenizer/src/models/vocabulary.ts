// A vocabulary read from JSON: tokens to ids and back, with duplicates and senseless ids refused.
import { type CheckedJson, isCount } from '../checked-json.ts';
import { show, TokenizerError } from '../errors.ts';

/** Ids above this are refused: arrays indexed by id would take gigabytes. */
export const largestId = 0x3ffffff;

export class Vocabulary {
  readonly ids: ReadonlyMap<string, number>;
  readonly #tokens: (string | undefined)[];

  constructor(ids: ReadonlyMap<string, number>, path: string) {
    this.ids = ids;
    const sparse = new Map<number, string>();
    let count = 0;
    for (const [token, id] of ids) {
      const other = sparse.get(id);
      if (other !== undefined) {
        throw new TokenizerError(
          'VOCABULARY',
          `${path}: id ${id} belongs to two tokens, ${show(other)} and ${show(token)}`,
          {
            path,
            id,
            tokens: [other, token],
          },
        );
      }
      sparse.set(id, token);
      count = Math.max(count, id + 1);
    }
    this.#tokens = Array.from({ length: count }, (_, id) => sparse.get(id));
  }

  /** From an object { token: id } of a file. */
  static read(config: CheckedJson, name: string): Vocabulary {
    const vocab = config.object(name);
    const ids = new Map<string, number>();
    for (const [token, id] of Object.entries(vocab.value)) {
      if (!isCount(id) || id > largestId) {
        throw new TokenizerError(
          'VOCABULARY',
          `${vocab.path}: token ${show(token)} has id ${show(id)}; ids are whole numbers from 0 to ${largestId}`,
          {
            path: vocab.path,
            token,
            id,
          },
        );
      }
      ids.set(token, id);
    }
    return new Vocabulary(ids, vocab.path);
  }

  get size(): number {
    return this.ids.size;
  }

  get idCount(): number {
    return this.#tokens.length;
  }

  tokenToId(token: string): number | undefined {
    return this.ids.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.#tokens[id];
  }
}
