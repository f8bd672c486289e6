// The result of encoding: ids and everything known of each token, as columns of equal length.

/** The columns of an `Encoding`; all have one entry a token, `offsets` two. */
export interface EncodingColumns {
  /** Token ids. */
  readonly ids: Int32Array;
  /** Text of each token as the vocabulary writes it; of an unknown piece of a Unigram model the piece itself. */
  readonly tokens: readonly string[];
  /** Start and end of each token in the text that was given, flat: [start0, end0, start1, end1, …]; 0, 0 for special tokens. */
  readonly offsets: Int32Array;
  /** Index of the pre-token that the token belongs to, counted in each sequence; -1 for special tokens and padding. */
  readonly wordIds: Int32Array;
  /** Segment ids for the model's token type embedding. */
  readonly typeIds: Int32Array;
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: Uint8Array;
  /** 1 for tokens that a post-processor or padding added. */
  readonly specialTokensMask: Uint8Array;
  /** 0 for the first text, 1 for the second, -1 for special tokens and padding. */
  readonly sequenceIds: Int8Array;
}

/** Columns as an `Encoding` takes them: texts of tokens may wait until somebody asks for them. */
export type GivenColumns = Omit<EncodingColumns, 'tokens'> & {
  readonly tokens: readonly string[] | (() => readonly string[]);
};

/** An encoded text, or pair of texts. Immutable. */
export class Encoding implements EncodingColumns {
  readonly ids: Int32Array;
  readonly offsets: Int32Array;
  readonly wordIds: Int32Array;
  readonly typeIds: Int32Array;
  readonly attentionMask: Uint8Array;
  readonly specialTokensMask: Uint8Array;
  readonly sequenceIds: Int8Array;
  /** What truncation cut off, as further windows. */
  readonly overflowing: readonly Encoding[];

  /** An own property as the other columns, so that two encodings compare equal when their columns are. */
  declare readonly tokens: readonly string[];
  #texts: readonly string[] | (() => readonly string[]);

  private static readonly tokensProperty: PropertyDescriptor & ThisType<Encoding> = {
    enumerable: true,
    get() {
      if (typeof this.#texts === 'function') this.#texts = this.#texts();
      return this.#texts;
    },
  };

  constructor(columns: GivenColumns, overflowing: readonly Encoding[] = []) {
    this.ids = columns.ids;
    this.#texts = columns.tokens;
    Object.defineProperty(this, 'tokens', Encoding.tokensProperty);
    this.offsets = columns.offsets;
    this.wordIds = columns.wordIds;
    this.typeIds = columns.typeIds;
    this.attentionMask = columns.attentionMask;
    this.specialTokensMask = columns.specialTokensMask;
    this.sequenceIds = columns.sequenceIds;
    this.overflowing = overflowing;
  }

  get length(): number {
    return this.ids.length;
  }

  /** Start and end of a token in its text; undefined for special tokens, padding and indices out of range. */
  tokenToChars(token: number): [start: number, end: number] | undefined {
    return this.tokenToSequence(token) === undefined
      ? undefined
      : [this.offsets[2 * token]!, this.offsets[2 * token + 1]!];
  }

  /** Which text the token comes from, 0 or 1; undefined as for `tokenToChars`. */
  tokenToSequence(token: number): number | undefined {
    const sequence = this.sequenceIds[token];
    return sequence === undefined || sequence < 0 ? undefined : sequence;
  }

  /** Index of the word that the token belongs to. */
  tokenToWord(token: number): number | undefined {
    const word = this.wordIds[token];
    return word === undefined || word < 0 ? undefined : word;
  }

  /** The first token that covers position `position` of the text. */
  charToToken(position: number, sequence = 0): number | undefined {
    for (let i = 0; i < this.length; i++) {
      const inside = this.offsets[2 * i]! <= position && position < this.offsets[2 * i + 1]!;
      if (inside && this.sequenceIds[i] === sequence) return i;
    }
    return undefined;
  }

  /** Index of the word that covers position `position` of the text. */
  charToWord(position: number, sequence = 0): number | undefined {
    const token = this.charToToken(position, sequence);
    return token === undefined ? undefined : this.tokenToWord(token);
  }

  /** First token and one past the last token of a word. */
  wordToTokens(word: number, sequence = 0): [from: number, to: number] | undefined {
    let from = -1;
    let to = -1;
    for (let i = 0; i < this.length; i++) {
      if (this.sequenceIds[i] !== sequence || this.wordIds[i] !== word) continue;
      if (from < 0) from = i;
      to = i + 1;
    }
    return from < 0 ? undefined : [from, to];
  }

  /** Start and end of a word in its text. */
  wordToChars(word: number, sequence = 0): [start: number, end: number] | undefined {
    const range = this.wordToTokens(word, sequence);
    return range === undefined ? undefined : [this.offsets[2 * range[0]]!, this.offsets[2 * range[1] - 1]!];
  }

  /** The same with other columns or other overflowing windows. */
  with(changes: Partial<GivenColumns>, overflowing: readonly Encoding[] = this.overflowing): Encoding {
    const columns = eachColumn((name) => this[name]);
    return new Encoding({ ...columns, tokens: () => this.tokens, ...changes }, overflowing);
  }

  /** Tokens `from` to `to`, without overflowing windows. */
  slice(from: number, to: number): Encoding {
    return new Encoding({
      ...eachColumn((name, width) => this[name].slice(width * from, width * to)),
      tokens: () => this.tokens.slice(from, to),
    });
  }
}

type Column = Exclude<keyof EncodingColumns, 'tokens'>;

/** Entries that a token has in each column. */
const widths: Readonly<Record<Column, number>> = {
  ids: 1,
  offsets: 2,
  wordIds: 1,
  typeIds: 1,
  attentionMask: 1,
  specialTokensMask: 1,
  sequenceIds: 1,
};

function eachColumn(make: (name: Column, width: number) => ArrayLike<number>): Omit<EncodingColumns, 'tokens'> {
  const columns = Object.entries(widths).map(([name, width]) => [name, make(name as Column, width)]);
  // Each column keeps its kind of array, which a type of all of them together cannot say.
  return Object.fromEntries(columns);
}

/** Tokens that stand for no text: special ones (`attention` 1) or padding (0). */
export function textless(
  ids: readonly number[],
  tokens: readonly string[],
  typeId: number,
  attention: 0 | 1,
): Encoding {
  const { length } = ids;
  return new Encoding({
    ids: Int32Array.from(ids),
    tokens,
    offsets: new Int32Array(2 * length),
    wordIds: new Int32Array(length).fill(-1),
    typeIds: new Int32Array(length).fill(typeId),
    attentionMask: new Uint8Array(length).fill(attention),
    specialTokensMask: new Uint8Array(length).fill(1),
    sequenceIds: new Int8Array(length).fill(-1),
  });
}

/** One encoding after the other, columns only. */
export function concatenate(parts: readonly Encoding[]): Encoding {
  if (parts.length === 1) return parts[0]!.overflowing.length === 0 ? parts[0]! : parts[0]!.with({}, []);
  let length = 0;
  for (const part of parts) length += part.length;
  const columns = eachColumn((name, width) => {
    const first = parts[0]![name];
    const joined = new (first.constructor as Int32ArrayConstructor)(width * length);
    let at = 0;
    for (const part of parts) {
      joined.set(part[name], at);
      at += width * part.length;
    }
    return joined;
  });
  return new Encoding({ ...columns, tokens: () => parts.flatMap((part) => part.tokens) });
}

/**
 * Joins parts into one encoding. Overflowing windows are joined with everything on both sides: each window of the first
 * text with the second and each of its windows, then the first with each window of the second.
 */
export function join(parts: readonly Encoding[]): Encoding {
  const current: Encoding[] = [];
  let windows: Encoding[][] = [];
  for (const part of parts) {
    const next: Encoding[][] = [];
    for (const window of windows) {
      next.push([...window, part]);
      for (const other of part.overflowing) next.push([...window, other]);
    }
    for (const other of part.overflowing) next.push([...current, other]);
    windows = next;
    current.push(part);
  }
  return concatenate(current).with({}, windows.map(concatenate));
}
