// Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909): the merge of lowest rank first, leftmost first.
import { byteToken, utf8Byte, utf8Length } from '../byte-alphabet.ts';
import { type CheckedJson, unexpected } from '../checked-json.ts';
import { show, TokenizerError } from '../errors.ts';
import { mergeSymbols, Symbols } from './merge.ts';
import { MergeTable } from './merge-table.ts';
import type { Model, TokenSink } from './model.ts';
import { Vocabulary } from './vocabulary.ts';

/** What the file says of a BPE model, beside vocabulary and merges. */
export interface BpeSettings {
  /** Probability of leaving out each merge (BPE-dropout, Provilkov et al. 2020, arXiv:1910.13267); 0: never. */
  readonly dropout: number;
  readonly unknownToken: string | null;
  readonly continuingPrefix: string;
  readonly endOfWordSuffix: string;
  /** Neighbouring unknown characters become one unknown token. */
  readonly fuseUnknown: boolean;
  /** Unknown characters become the tokens <0x00> … <0xFF> of their bytes, where the vocabulary has them. */
  readonly byteFallback: boolean;
  /** A whole piece that is a token is taken as it is. */
  readonly ignoreMerges: boolean;
}

export class Bpe implements Model {
  readonly settings: BpeSettings;
  readonly vocabulary: Vocabulary;
  readonly merges: MergeTable;
  private readonly unknownId: number;
  /** Ids of <0x00> … <0xFF>, -1 where there is none. */
  private readonly byteIds: Int32Array;
  /** The symbols of the piece at hand, as `fill` and the merges leave them. */
  readonly symbols = new Symbols();

  /** @param merges pairs in the order of their ranks. */
  constructor(
    vocabulary: Vocabulary,
    merges: readonly (readonly [string, string])[],
    settings: BpeSettings,
    path: string,
  ) {
    this.vocabulary = vocabulary;
    this.settings = settings;
    this.unknownId = settings.unknownToken === null ? -1 : (vocabulary.tokenToId(settings.unknownToken) ?? -1);
    this.byteIds = Int32Array.from({ length: 256 }, (_, byte) => vocabulary.tokenToId(byteToken(byte)) ?? -1);
    this.merges = new MergeTable(merges.length);
    const prefix = settings.continuingPrefix.length;
    merges.forEach(([left, right], rank) => {
      const ids = [left, right, left + right.slice(prefix)].map((token) => {
        const id = vocabulary.tokenToId(token);
        if (id !== undefined) return id;
        throw new TokenizerError(
          'VOCABULARY',
          `${path}.merges[${rank}]: ${show(left)} + ${show(right)} needs the token ${show(token)}, which the vocabulary does not have`,
          { path: `${path}.merges[${rank}]`, merge: [left, right], token },
        );
      }) as [number, number, number];
      this.merges.set(ids[0], ids[1], rank, ids[2]);
    });
  }

  static read(config: CheckedJson): Bpe {
    const dropout = config.get('dropout') ?? 0;
    if (typeof dropout !== 'number' || !(dropout >= 0 && dropout <= 1))
      config.fail('dropout', 'a probability from 0 to 1');
    const vocabulary = Vocabulary.read(config, 'vocab');
    const settings: BpeSettings = {
      dropout,
      unknownToken: config.has('unk_token') ? config.string('unk_token') : null,
      continuingPrefix: config.string('continuing_subword_prefix', ''),
      endOfWordSuffix: config.string('end_of_word_suffix', ''),
      fuseUnknown: config.boolean('fuse_unk', false),
      byteFallback: config.boolean('byte_fallback', false),
      ignoreMerges: config.boolean('ignore_merges', false),
    };
    return new Bpe(vocabulary, readMerges(config), settings, config.path);
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
    const token = this.idToToken(id);
    if (token === undefined) return false;
    // The start and the end of a word may have grown a prefix and a suffix.
    const alone = token.replace(this.settings.continuingPrefix, '').replace(this.settings.endOfWordSuffix, '');
    return this.settings.ignoreMerges || [...alone].length <= 1 || this.byteIds.includes(id) || this.merges.makes(id);
  }

  tokenize(piece: string, sink: TokenSink, forbidden: Uint8Array | null): void {
    if (piece === '') return;
    if (this.takesWhole(piece, forbidden)) {
      sink.add(this.vocabulary.tokenToId(piece)!, 0, piece.length);
      return;
    }
    const { symbols } = this;
    const slipped = this.fill(piece, forbidden);
    mergeSymbols(symbols, this.merges, this.settings.dropout, forbidden);
    const units = slipped ? bytesToUnits(piece) : null;
    let startByte = 0;
    for (let i = 0; i !== -1 && symbols.count > 0; i = symbols.next[i]!) {
      if (units === null) sink.add(symbols.ids[i]!, symbols.from[i]!, symbols.to[i]!);
      else sink.add(symbols.ids[i]!, units.at(startByte), units.end(symbols.toByte[i]!));
      startByte = symbols.toByte[i]!;
    }
  }

  /** Whether the piece is taken as it is, without merges. */
  takesWhole(piece: string, forbidden: Uint8Array | null): boolean {
    if (!this.settings.ignoreMerges || this.settings.dropout > 0) return false;
    const id = this.vocabulary.tokenToId(piece);
    return id !== undefined && forbidden?.[id] !== 1;
  }

  /**
   * The characters of the piece as symbols. Returns whether positions have slipped: the reference counts positions by the
   * bytes of the symbols it has, so that a character dropped for want of an unknown token shifts all that follow.
   */
  fill(piece: string, forbidden: Uint8Array | null): boolean {
    const { symbols, settings } = this;
    const { continuingPrefix, endOfWordSuffix } = settings;
    symbols.clear(piece.length);
    let pending = -1;
    let pendingTo = 0;
    let pendingBytes = 0;
    let slipped = false;
    const flush = () => {
      if (pending < 0) return;
      symbols.push(this.unknownId, pending, pendingTo, pendingBytes);
      pending = -1;
    };
    for (let i = 0; i < piece.length; ) {
      const codePoint = piece.codePointAt(i)!;
      const end = codePoint > 0xffff ? i + 2 : i + 1;
      const bytes = utf8Length(codePoint);
      let token = piece.slice(i, end);
      if (i > 0) token = continuingPrefix + token;
      if (end === piece.length) token += endOfWordSuffix;
      const id = this.vocabulary.tokenToId(token);
      if (id !== undefined && forbidden?.[id] !== 1) {
        flush();
        symbols.push(id, i, end, bytes);
      } else if (settings.byteFallback && this.hasBytes(token)) {
        // As in the reference, an unknown run before it is not flushed here: it comes after these bytes.
        slipped ||= pending >= 0 || token.length !== end - i;
        for (const character of token) this.pushBytes(character.codePointAt(0)!, i, end);
      } else if (settings.unknownToken !== null) {
        if (this.unknownId < 0) {
          throw new TokenizerError(
            'VOCABULARY',
            `BPE: the unknown token ${show(settings.unknownToken)} is not in the vocabulary`,
            {
              token: settings.unknownToken,
            },
          );
        }
        if (pending < 0 || !settings.fuseUnknown) {
          flush();
          pending = i;
          pendingBytes = 0;
        }
        pendingTo = end;
        pendingBytes += bytes;
      } else {
        slipped = true;
      }
      i = end;
    }
    flush();
    return slipped;
  }

  private hasBytes(token: string): boolean {
    for (const character of token) {
      const codePoint = character.codePointAt(0)!;
      for (let b = 0; b < utf8Length(codePoint); b++) if (this.byteIds[utf8Byte(codePoint, b)]! < 0) return false;
    }
    return true;
  }

  private pushBytes(codePoint: number, from: number, to: number): void {
    for (let b = 0; b < utf8Length(codePoint); b++)
      this.symbols.push(this.byteIds[utf8Byte(codePoint, b)]!, from, to, 1);
  }
}

function readMerges(config: CheckedJson): [string, string][] {
  const list = config.list('merges');
  const texts =
    list.length > 0 && typeof list[0] === 'string'
      ? list.filter((m) => !(typeof m === 'string' && m.startsWith('#version')))
      : list;
  return texts.map((merge, i) => {
    const pair = typeof merge === 'string' ? merge.split(' ') : merge;
    if (Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && typeof pair[1] === 'string') {
      return pair as [string, string];
    }
    return unexpected(`${config.path}.merges[${i}]`, 'two tokens', merge);
  });
}

/** From byte positions of a text's UTF-8 form to its UTF-16 units. */
function bytesToUnits(piece: string): { at(byte: number): number; end(byte: number): number } {
  const starts: number[] = [];
  const ends: number[] = [];
  let unit = 0;
  for (const character of piece) {
    for (let b = utf8Length(character.codePointAt(0)!); b > 0; b--) {
      starts.push(unit);
      ends.push(unit + character.length);
    }
    unit += character.length;
  }
  return { at: (byte) => starts[byte] ?? unit, end: (byte) => (byte === 0 ? 0 : (ends[byte - 1] ?? unit)) };
}
