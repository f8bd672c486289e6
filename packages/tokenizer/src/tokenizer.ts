// The tokenizer: normalise, split, cut into tokens, add special tokens; and back to text.
import { type AddedToken, AddedTokenFinder, readAddedToken, withModelIds } from './added-tokens.ts';
import { AlignedText, wellFormed } from './aligned-text.ts';
import { CheckedJson, parseJson } from './checked-json.ts';
import { DecodeStream } from './decode-stream.ts';
import { type Decoder, readDecoder, tidy } from './decoders.ts';
import { type Encoding, join, textless } from './encoding.ts';
import { TokenizerError } from './errors.ts';
import type { TokenizerJson } from './formats/tokenizer-json.ts';
import { readModel } from './models/index.ts';
import type { Model, TokenSink } from './models/model.ts';
import { type Normalizer, readNormalizer } from './normalizers.ts';
import { type PaddingOptions, pad, readPadding } from './padding.ts';
import { type PostProcessor, readPostProcessor } from './post-processors.ts';
import { type PreTokenizer, readPreTokenizer } from './pre-tokenizers.ts';
import { type QuickPath, quickPathOf } from './quick/quick-path.ts';
import { unitsOf } from './quick/units.ts';
import { inCodePoints, TokenList } from './token-list.ts';
import { readTruncation, stopsEarly, type TruncationOptions, truncate } from './truncation.ts';

/** What holds for every way of encoding. */
export interface TextOptions {
  /** Put the special tokens of the model around the text (`[CLS] … [SEP]`). Default true. */
  addSpecialTokens?: boolean;
  /**
   * What the text `<|endoftext|>` inside a text means: `'plain'` (default) those thirteen characters, so that nobody's text
   * becomes a control token; `'parse'` the control token, for text that the program itself wrote, such as a chat template.
   */
  specialTokensInText?: 'plain' | 'parse';
}

/** Options of `encode` and `encodeBatch`. */
export interface EncodeOptions extends TextOptions {
  /** Absent: as the file says; null: none. */
  truncation?: TruncationOptions | null;
  /** Absent: as the file says; null: none. */
  padding?: PaddingOptions | null;
  /** What offsets count: UTF-16 units, as JavaScript's strings (default), or code points. */
  offsetUnit?: 'utf16' | 'codePoint';
}

/** Options of `decode`. */
export interface DecodeOptions {
  /** Leave special tokens out. Default false. */
  skipSpecialTokens?: boolean;
  /** Remove the spaces that English tokenization leaves before punctuation. Default false. */
  cleanUp?: boolean;
}

/** Text to token ids and back. Immutable; safe to share. */
export class Tokenizer {
  /** Largest id + 1, added tokens included: the rows that an embedding needs. */
  readonly vocabularySize: number;
  readonly model: Model;
  readonly addedTokens: readonly AddedToken[];
  readonly truncation: TruncationOptions | null;
  readonly padding: PaddingOptions | null;
  readonly #json: TokenizerJson;
  readonly #normalizer: Normalizer | null;
  readonly #preTokenizer: PreTokenizer | null;
  readonly #postProcessor: PostProcessor | null;
  readonly #decoder: Decoder | null;
  readonly #asGiven: AddedTokenFinder;
  readonly #asNormalized: AddedTokenFinder;
  readonly #addedIds = new Map<string, number>();
  /** Texts of added tokens by id: normalised where the token is, for that is what the decoder expects. */
  readonly #addedTexts = new Map<number, string>();
  readonly #specialTexts: ReadonlySet<string>;
  readonly #specialIds: ReadonlySet<number>;
  readonly #forbidden: Uint8Array | null;
  readonly #frame: { before: Int32Array; after: Int32Array } | null;
  /** Where tokens are collected, used again for every text. */
  readonly #idList = new TokenList(true);
  readonly #fullList = new TokenList(false);
  /** The quick ways for special tokens as plain text and as tokens, made at first use; null: there is none. */
  readonly #quick: { plain?: QuickPath | null; parse?: QuickPath | null } = {};

  private constructor(json: TokenizerJson, file: string) {
    const config = new CheckedJson(json, file);
    if (config.has('version') && config.get('version') !== '1.0') config.fail('version', '"1.0"');
    const part = <T>(name: string, read: (json: unknown, path: string) => T): T | null =>
      config.has(name) ? read(config.get(name), `${file}: ${name}`) : null;
    this.#json = json;
    this.model = readModel(config.get('model'), `${file}: model`);
    this.#normalizer = part('normalizer', readNormalizer);
    this.#preTokenizer = part('pre_tokenizer', readPreTokenizer);
    this.#postProcessor = part('post_processor', readPostProcessor);
    this.#decoder = part('decoder', readDecoder);
    this.truncation = part('truncation', readTruncation);
    this.padding = part('padding', readPadding);
    const listed = config.has('added_tokens') ? config.list('added_tokens') : [];
    const added = listed
      .map((token, i) => readAddedToken(token, `${file}: added_tokens[${i}]`))
      .filter((t) => t.content !== '');
    this.addedTokens = withModelIds(added, (token) => this.model.tokenToId(token), `${file}: added_tokens`);
    const patterns = this.addedTokens.map((token): [string, AddedToken] => {
      const text =
        token.normalized && this.#normalizer !== null
          ? this.#normalizer(new AlignedText(token.content)).text
          : token.content;
      this.#addedIds.set(token.content, token.id);
      this.#addedTexts.set(token.id, text);
      return [text, token];
    });
    this.#asGiven = new AddedTokenFinder(patterns.filter(([, token]) => !token.normalized));
    this.#asNormalized = new AddedTokenFinder(patterns.filter(([, token]) => token.normalized));
    const special = this.addedTokens.filter((token) => token.special);
    this.#specialTexts = new Set(special.map((token) => token.content));
    this.#specialIds = new Set(special.map((token) => token.id));
    this.vocabularySize = this.addedTokens.reduce((size, token) => Math.max(size, token.id + 1), this.model.idCount);
    this.#frame = this.#findFrame();
    this.#forbidden = this.#findForbidden();
  }

  /**
   * A tokenizer from the content of a tokenizer.json, as text or parsed.
   *
   * @param options.file the file's name, for errors.
   * @throws TokenizerError FORMAT, UNKNOWN, VOCABULARY or PATTERN, with the path inside the file and the datum.
   */
  static fromJson(json: TokenizerJson | string, options: { file?: string } = {}): Tokenizer {
    const file = options.file ?? 'tokenizer.json';
    return new Tokenizer((typeof json === 'string' ? parseJson(json, file) : json) as TokenizerJson, file);
  }

  /** The content of a tokenizer.json for this tokenizer; equal to what it was made from. */
  toJson(): TokenizerJson {
    return structuredClone(this.#json);
  }

  /**
   * Encodes a text, or a pair of texts, with everything known of each token.
   *
   * @throws TokenizerError TRUNCATION where the truncation asked for is impossible; UNENCODABLE where a model without an
   *   unknown token meets a character that it does not know. A BPE model without one drops it, as the reference does: `requireEncodable` tells.
   */
  encode(text: string, pair: string | null = null, options: EncodeOptions = {}): Encoding {
    const padding = options.padding === undefined ? this.padding : options.padding;
    const encoding = this.#encodeUnpadded(text, pair, options);
    return padding === null ? encoding : pad([encoding], padding)[0]!;
  }

  /** Encodes many texts or pairs of texts; padding is to the longest of them unless its length is given. */
  encodeBatch(texts: readonly (string | readonly [string, string])[], options: EncodeOptions = {}): Encoding[] {
    const padding = options.padding === undefined ? this.padding : options.padding;
    const encodings = texts.map((text) =>
      typeof text === 'string'
        ? this.#encodeUnpadded(text, null, options)
        : this.#encodeUnpadded(text[0], text[1], options),
    );
    return padding === null ? encodings : pad(encodings, padding);
  }

  /** The ids alone, without truncation and padding: the quick way for long texts. */
  encodeIds(text: string, options: TextOptions = {}): Int32Array {
    const add = (options.addSpecialTokens ?? true) && this.#postProcessor !== null;
    if (add && this.#frame === null) {
      return this.encode(text, null, { ...options, truncation: null, padding: null }).ids;
    }
    const list = this.#idList.clear();
    if (add) list.append(this.#frame!.before);
    this.#fill(text, options, list);
    if (add) list.append(this.#frame!.after);
    return list.doneIds();
  }

  /**
   * Ids to text.
   *
   * @throws TokenizerError ARGUMENT for an id that has no token.
   */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const token = this.#decodable(ids[i]!, options.skipSpecialTokens ?? false);
      if (token !== null) tokens.push(token);
    }
    const text = this.#join(tokens);
    return options.cleanUp ? tidy(text) : text;
  }

  /** Decodes ids one by one as a model generates them, without ever emitting half a character. */
  decodeStream(options: { skipSpecialTokens?: boolean } = {}): DecodeStream {
    const skip = options.skipSpecialTokens ?? false;
    return new DecodeStream(
      (id) => this.#decodable(id, skip),
      (tokens) => this.#join(tokens),
    );
  }

  tokenToId(token: string): number | undefined {
    return this.#addedIds.get(token) ?? this.model.tokenToId(token);
  }

  idToToken(id: number): string | undefined {
    return this.#addedTexts.get(id) ?? this.model.idToToken(id);
  }

  /** Whether the id is one of a special token. */
  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  #decodable(id: number, skipSpecialTokens: boolean): string | null {
    const token = this.idToToken(id);
    if (token === undefined) {
      throw new TokenizerError(
        'ARGUMENT',
        `decode: id ${id} has no token; ids are from 0 to ${this.vocabularySize - 1}`,
        { id },
      );
    }
    return skipSpecialTokens && this.#specialTexts.has(token) ? null : token;
  }

  #join(tokens: readonly string[]): string {
    if (this.#decoder === null) return tokens.join(' ');
    return this.#decoder(tokens).join('');
  }

  #encodeUnpadded(text: string, pair: string | null, options: EncodeOptions): Encoding {
    const truncation = options.truncation === undefined ? this.truncation : options.truncation;
    const add = options.addSpecialTokens ?? true;
    let first = this.#encodeOne(text, 0, options, truncation);
    let second = pair === null ? null : this.#encodeOne(pair, 1, options, truncation);
    if (truncation !== null) {
      const added = add ? (this.#postProcessor?.added(second !== null) ?? 0) : 0;
      [first, second] = truncate(first, second, truncation, truncation.maxLength - added);
    }
    const parts = second === null ? [first] : [first, second];
    return join(this.#postProcessor === null ? parts : this.#postProcessor.process(parts, add));
  }

  #encodeOne(text: string, sequence: 0 | 1, options: EncodeOptions, truncation: TruncationOptions | null): Encoding {
    const list = this.#fullList.clear();
    if (stopsEarly(truncation, sequence)) this.#fillWithEnough(text, options, list, truncation!);
    else this.#fill(text, options, list);
    const encoding = list.done(this.model, sequence);
    return options.offsetUnit === 'codePoint'
      ? encoding.with({ offsets: inCodePoints(encoding.offsets, wellFormed(text)) })
      : encoding;
  }

  /** The tokens of the text, in the quickest way that there is. */
  #fill(text: string, options: TextOptions, list: TokenList): void {
    if (this.#fillQuickly(text, options, list)) return;
    this.pieces(wellFormed(text), options, (piece, id) => this.#fillPiece(piece, id, options, list));
  }

  #fillPiece(piece: AlignedText, id: number, options: TextOptions, list: TokenList): void {
    list.startPiece(piece);
    if (id >= 0) list.add(id, 0, piece.length, piece.text);
    else this.#tokenize(piece.text, list, options);
  }

  /** As `fill`, for texts and tokenizers that have a quick way; false: it is not one of them. */
  #fillQuickly(text: string, options: TextOptions, list: TokenList): boolean {
    const mode = options.specialTokensInText ?? 'plain';
    const plain = mode === 'plain';
    let quick = this.#quick[mode];
    if (quick === undefined) {
      quick = this.#findQuickPath(this.forbiddenIds(options));
      this.#quick[mode] = quick;
    }
    const givenIdle = this.#asGiven.idle(plain);
    const normalizedIdle = this.#asNormalized.idle(plain);
    if (quick === null || !(normalizedIdle || this.#normalizer === null) || !quick.takes(text)) return false;
    const units = unitsOf(text);
    if (givenIdle && normalizedIdle) {
      quick.encode(units, 0, text.length, list);
      return true;
    }
    for (const given of this.#asGiven.split(new AlignedText(wellFormed(text)), plain)) {
      for (const { piece, id } of given.id >= 0 ? [given] : this.#asNormalized.split(given.piece, plain)) {
        if (id >= 0) this.#fillPiece(piece, id, options, list);
        else quick.encode(units, piece.origin, piece.origin + piece.length, list);
      }
    }
    return true;
  }

  #findQuickPath(forbidden: Uint8Array | null): QuickPath | null {
    const parts = {
      json: this.#json,
      model: this.model,
      normalizer: this.#normalizer,
      preTokenizer: this.#preTokenizer,
    };
    return quickPathOf(parts, forbidden);
  }

  /** As `fill`, but no more pieces than are needed to fill the room. */
  #fillWithEnough(text: string, options: TextOptions, list: TokenList, truncation: TruncationOptions): void {
    const pieces: { piece: AlignedText; id: number }[] = [];
    this.pieces(wellFormed(text), options, (piece, id) => pieces.push({ piece, id }));
    const enough = this.#enough(pieces, truncation.maxLength, truncation.direction === 'Left', options);
    for (const { piece, id } of enough) this.#fillPiece(piece, id, options, list);
  }

  /** As many pieces, from one end, as make `limit` tokens. */
  #enough(pieces: { piece: AlignedText; id: number }[], limit: number, fromEnd: boolean, options: TextOptions) {
    let tokens = 0;
    const counter = { add: () => tokens++ };
    const order = fromEnd ? [...pieces].reverse() : pieces;
    const last = order.findIndex(({ piece, id }) => {
      if (id >= 0) tokens++;
      else this.#tokenize(piece.text, counter, options);
      return id < 0 && tokens >= limit;
    });
    if (last < 0) return pieces;
    return fromEnd ? pieces.slice(pieces.length - 1 - last) : pieces.slice(0, last + 1);
  }

  /** Goes through the pieces of a well-formed text: added tokens with their id, the rest with -1, as the model takes them. */
  pieces(text: string, options: TextOptions, visit: (piece: AlignedText, id: number) => void): void {
    const plain = (options.specialTokensInText ?? 'plain') === 'plain';
    for (const given of this.#asGiven.split(new AlignedText(text), plain)) {
      if (given.id >= 0) {
        visit(given.piece, given.id);
        continue;
      }
      const normalized = this.#normalizer === null ? given.piece : this.#normalizer(given.piece);
      for (const { piece, id } of this.#asNormalized.split(normalized, plain)) {
        if (id >= 0 || this.#preTokenizer === null) visit(piece, id);
        else for (const cut of this.#preTokenizer(piece)) if (cut.length > 0) visit(cut, -1);
      }
    }
  }

  /** Flags of the ids that the model must not make from text; null: it may make all. */
  forbiddenIds(options: TextOptions): Uint8Array | null {
    return (options.specialTokensInText ?? 'plain') === 'plain' ? this.#forbidden : null;
  }

  #tokenize(piece: string, sink: TokenSink, options: TextOptions): void {
    this.model.tokenize(piece, sink, this.forbiddenIds(options));
  }

  /** The ids that the post-processor puts before and after a single text; null if it does more than that. */
  #findFrame(): { before: Int32Array; after: Int32Array } | null {
    if (this.#postProcessor === null) return null;
    const marker = -1;
    const { ids } = join(this.#postProcessor.process([textless([marker], [''], 0, 1)], true));
    const at = ids.indexOf(marker);
    if (at < 0 || ids.includes(marker, at + 1)) return null;
    return { before: ids.slice(0, at), after: ids.slice(at + 1) };
  }

  /** Flags of the special ids that the model itself could make from plain text; null: none. */
  #findForbidden(): Uint8Array | null {
    const reachable = [...this.#specialIds].filter((id) => this.model.reaches(id));
    if (reachable.length === 0) return null;
    const flags = new Uint8Array(this.vocabularySize);
    for (const id of reachable) flags[id] = 1;
    return flags;
  }
}
