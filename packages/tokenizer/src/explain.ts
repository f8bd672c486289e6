// Why a text became these tokens: every step from the text to the ids, for people who learn how tokenizers work.
import { wellFormed } from './aligned-text.ts';
import { TokenizerError } from './errors.ts';
import { Bpe } from './models/bpe.ts';
import { mergedAt, rankAt } from './models/merge-table.ts';
import { Unigram } from './models/unigram.ts';
import { WordPiece } from './models/word-piece.ts';
import type { TextOptions, Tokenizer } from './tokenizer.ts';

/** One token of a piece. */
export interface ExplainedToken {
  readonly id: number;
  readonly token: string;
  /** Range of UTF-16 units of the text that was given. */
  readonly start: number;
  readonly end: number;
}

/** How the model cut a piece. */
export type Reason =
  /** The piece is an added token: it was found in the text before the model saw it. */
  | { readonly kind: 'added' }
  /** The whole piece is one entry of the vocabulary, or the unknown token. */
  | { readonly kind: 'whole' }
  /** BPE: the symbols it began with, and every merge in the order in which it was made. */
  | { readonly kind: 'merges'; readonly symbols: readonly string[]; readonly merges: readonly MergeStep[] }
  /** WordPiece: at each place the longest entry, and what was looked for in vain before it. */
  | { readonly kind: 'longest'; readonly steps: readonly LongestStep[] }
  /** Unigram: the most probable ways to cut the piece, the best first; at most three. */
  | { readonly kind: 'paths'; readonly paths: readonly Path[] };

/** A merge of BPE. */
export interface MergeStep {
  /** Place of the merge in the list that was learnt, from 0; of all possible merges the one of lowest rank comes first. */
  readonly rank: number;
  readonly left: string;
  readonly right: string;
  /** The symbols after the merge. */
  readonly symbols: readonly string[];
}

/** A step of WordPiece. */
export interface LongestStep {
  /** What is left of the word. */
  readonly rest: string;
  /** Entries that the vocabulary does not have, the longest first. */
  readonly missing: readonly string[];
  /** The entry that it has; null: none, so that the whole word is unknown. */
  readonly found: string | null;
}

/** A way to cut a piece. */
export interface Path {
  readonly tokens: readonly string[];
  /** Natural logarithm of its probability: the sum of the scores of its tokens. */
  readonly logProbability: number;
}

/** A piece of the text as the pre-tokenizer cut it. */
export interface ExplainedPiece {
  /** Range of UTF-16 units of the text that was given, and what stood there. */
  readonly start: number;
  readonly end: number;
  readonly given: string;
  /** What normalizer and pre-tokenizer made of it: what the model saw. */
  readonly seen: string;
  readonly reason: Reason;
  readonly tokens: readonly ExplainedToken[];
}

// More is not read by anybody, and some of the ways to show the steps take the square of the length.
const longest = 10_000;

/**
 * Every step that made the tokens of a text, without the special tokens around it.
 *
 * @throws TokenizerError ARGUMENT for a text of more than 10,000 UTF-16 units.
 */
export function explain(tokenizer: Tokenizer, text: string, options: TextOptions = {}): ExplainedPiece[] {
  if (text.length > longest) {
    throw new TokenizerError(
      'ARGUMENT',
      `explain: the text has ${text.length} UTF-16 units; steps are shown of at most ${longest}: pass a part of it`,
      { length: text.length, longest },
    );
  }
  const given = wellFormed(text);
  const pieces: ExplainedPiece[] = [];
  const forbidden = tokenizer.forbiddenIds(options);
  tokenizer.pieces(given, options, (piece, addedId) => {
    const place = (from: number, to: number): [number, number] =>
      from < to ? [piece.start(from), piece.end(to - 1)] : [piece.origin + from, piece.origin + from];
    const tokens: ExplainedToken[] = [];
    const add = (id: number, from: number, to: number, surface?: string) => {
      const [start, end] = place(from, to);
      tokens.push({ id, token: surface ?? tokenizer.model.idToToken(id)!, start, end });
    };
    if (addedId >= 0) add(addedId, 0, piece.length, piece.text);
    else tokenizer.model.tokenize(piece.text, { add }, forbidden);
    const [start, end] = place(0, piece.length);
    const reason: Reason = addedId >= 0 ? { kind: 'added' } : reasonOf(tokenizer, piece.text, forbidden);
    pieces.push({ start, end, given: given.slice(start, end), seen: piece.text, reason, tokens });
  });
  return pieces;
}

function reasonOf({ model }: Tokenizer, piece: string, forbidden: Uint8Array | null): Reason {
  if (model instanceof Bpe) return mergesOf(model, piece, forbidden);
  if (model instanceof WordPiece) return longestOf(model, piece, forbidden);
  if (model instanceof Unigram) return { kind: 'paths', paths: bestPaths(model, piece, forbidden, 3) };
  return { kind: 'whole' };
}

function mergesOf(model: Bpe, piece: string, forbidden: Uint8Array | null): Reason {
  if (model.takesWhole(piece, forbidden)) return { kind: 'whole' };
  model.fill(piece, forbidden);
  const ids = Array.from(model.symbols.ids.subarray(0, model.symbols.count));
  const texts = () => ids.map((id) => model.idToToken(id)!);
  const symbols = texts();
  const merges: MergeStep[] = [];
  const { entries } = model.merges;
  for (;;) {
    let best = -1;
    let bestSlot = -1;
    for (let i = 0; i + 1 < ids.length; i++) {
      const slot = model.merges.find(ids[i]!, ids[i + 1]!);
      if (slot === -1 || forbidden?.[entries[slot + mergedAt]!] === 1) continue;
      if (best < 0 || entries[slot + rankAt]! < entries[bestSlot + rankAt]!) {
        best = i;
        bestSlot = slot;
      }
    }
    if (best < 0) return { kind: 'merges', symbols, merges };
    const [left, right] = [model.idToToken(ids[best]!)!, model.idToToken(ids[best + 1]!)!];
    ids.splice(best, 2, entries[bestSlot + mergedAt]!);
    merges.push({ rank: entries[bestSlot + rankAt]!, left, right, symbols: texts() });
  }
}

function longestOf(model: WordPiece, piece: string, forbidden: Uint8Array | null): Reason {
  if ([...piece].length > model.longestWord) return { kind: 'whole' };
  const steps: LongestStep[] = [];
  for (let from = 0; from < piece.length; ) {
    const missing: string[] = [];
    let to = piece.length;
    const entry = () => (from > 0 ? model.continuingPrefix : '') + piece.slice(from, to);
    const has = (token: string) => {
      const id = model.tokenToId(token);
      return id !== undefined && forbidden?.[id] !== 1;
    };
    while (to > from && !has(entry())) {
      missing.push(entry());
      to--;
    }
    steps.push({ rest: piece.slice(from), missing, found: to > from ? entry() : null });
    if (to === from) break;
    from = to;
  }
  return { kind: 'longest', steps };
}

interface Step {
  readonly score: number;
  readonly token: string;
  readonly before: Step | null;
}

/** The `count` best paths through the lattice: Viterbi that keeps so many steps at every place. */
function bestPaths(model: Unigram, piece: string, forbidden: Uint8Array | null, count: number): Path[] {
  const longestToken = model.pieces.reduce((length, [token]) => Math.max(length, token.length), 1);
  const at: Step[][] = Array.from({ length: piece.length + 1 }, () => []);
  at[0]!.push({ score: 0, token: '', before: null });
  for (let from = 0; from < piece.length; from++) {
    if (at[from]!.length === 0) continue;
    const size = piece.codePointAt(from)! > 0xffff ? 2 : 1;
    let single = false;
    const reach = (to: number, token: string, score: number) => {
      for (const before of at[from]!) at[to]!.push({ score: before.score + score, token, before });
      at[to]!.sort((a, b) => b.score - a.score);
      at[to]!.length = Math.min(at[to]!.length, count);
    };
    for (let to = from + 1; to <= Math.min(piece.length, from + longestToken); to++) {
      const id = model.tokenToId(piece.slice(from, to));
      if (id === undefined || forbidden?.[id] === 1) continue;
      reach(to, piece.slice(from, to), model.pieces[id]![1]);
      if (to - from === size) single = true;
    }
    if (!single) reach(from + size, piece.slice(from, from + size), model.unknownScore);
  }
  return at[piece.length]!.map((last) => {
    const tokens: string[] = [];
    for (let step: Step | null = last; step !== null && step.before !== null; step = step.before)
      tokens.unshift(step.token);
    return { tokens, logProbability: last.score };
  });
}
