// Names in a text: a label for each token, and neighbours of one label as entities with their place in the text.

import type { FileSource } from '../checkpoint/source.ts';
import { suggestion, YumoError } from '../errors.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type BatchOptions, HeadModel, type HeadModelOptions, type HeadOutputs } from './head-model.ts';
import { type LabelScheme, labelSchemes, likeliestPath, tagOf } from './label-path.ts';
import { largestOf, softmaxOf } from './probabilities.ts';
import type { EncodedText } from './tokenizer.ts';

/**
 * How tokens become entities.
 * - `none`: each token by itself, labelled `B-PER`.
 * - `simple`: neighbouring tokens of one label (`PER`) together.
 * - `first`, `max`, `average`: whole words first, each with the label of its first token, of its surest token, or of its mean probabilities; then
 *   neighbouring words of one label together. No entity ends inside a word.
 */
export type EntityGrouping = 'none' | 'simple' | 'first' | 'max' | 'average';
const groupings: readonly EntityGrouping[] = ['none', 'simple', 'first', 'max', 'average'];

export interface TokenClassificationOptions extends BatchOptions {
  /** `simple` by default. */
  readonly grouping?: EntityGrouping | undefined;
  /**
   * Labels are chosen together, so that they fit the scheme: `I-PER` stands only after `B-PER` or `I-PER`. By default what the model's config.json
   * says (`label_scheme`), else each token has its own likeliest label, as in other readers.
   */
  readonly scheme?: LabelScheme | 'none' | undefined;
  /** Labels that are not reported; `O` by default. */
  readonly ignoreLabels?: readonly string[] | undefined;
  /** Tokens that the windows of a long text share; 32 by default. */
  readonly stride?: number | undefined;
}

export interface Entity {
  readonly label: string;
  /** Probability; the mean over what was grouped. */
  readonly score: number;
  /** The characters [start, end) of the text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A token, or a word: its place and the probabilities of its labels. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly word: number;
  readonly scores: Float64Array;
}

export class TokenClassifier {
  readonly model: HeadModel;

  private constructor(model: HeadModel) {
    this.model = model;
  }

  /** @throws YumoError as `HeadModel.load`. */
  static async load(source: FileSource, runtime: Runtime, options: HeadModelOptions): Promise<TokenClassifier> {
    return new TokenClassifier(await HeadModel.load(source, runtime, ['ForTokenClassification'], options));
  }

  /**
   * Texts of any length: what does not fit is read in windows, and each token counts where it stands farthest from a window's edge.
   * @throws YumoError `CONFIG`, `DATA`, `RUNTIME`, `ABORTED`.
   */
  async run(texts: readonly string[], options: TokenClassificationOptions = {}): Promise<Entity[][]> {
    const { grouping = 'simple', scheme: _, ignoreLabels = ['O'], stride = 32, ...batch } = options;
    if (!groupings.includes(grouping))
      throw new YumoError(
        'CONFIG',
        `grouping: ${JSON.stringify(grouping)}${suggestion(String(grouping), groupings)}; known: ${groupings.join(', ')}`,
        { grouping },
      );
    const { model } = this;
    const named = options.scheme ?? model.config.label_scheme;
    const scheme = labelSchemes.find((s) => s === named);
    if (options.scheme !== undefined && options.scheme !== 'none' && !scheme)
      throw new YumoError('CONFIG', `scheme: ${JSON.stringify(named)}; known: ${labelSchemes.join(', ')}, none`, {
        named,
      });
    const encoded = texts.map((text) => model.encode(text, null, { stride }));
    const outputs = await model.run(
      encoded.flatMap((e) => e.windows),
      { logits: 'token' },
      batch,
    );
    let at = 0;
    return encoded.map(({ windows, stride: shared }, t) => {
      const tokens = merged(
        windows.map((part) => pieces(part, outputs[at++]!.logits!)),
        shared,
      );
      const text = texts[t]!;
      return entities(joined(tokens, grouping), model.labels, scheme, grouping === 'none')
        .filter(({ label, raw }) => !ignoreLabels.includes(label) && !ignoreLabels.includes(raw))
        .map(({ raw: _, ...entity }) => ({ ...entity, text: text.slice(entity.start, entity.end) }));
    });
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }
}

/** The tokens of the text, without special ones. */
function pieces({ offsets, sequenceIds, wordIds, ids }: EncodedText, { data, shape }: HeadOutputs[string]): Piece[] {
  const labels = shape[1]!;
  return Array.from(ids, (_, i) => i)
    .filter((i) => sequenceIds[i]! >= 0)
    .map((i) => ({
      start: offsets[2 * i]!,
      end: offsets[2 * i + 1]!,
      word: wordIds[i]!,
      scores: softmaxOf(data.subarray(i * labels, (i + 1) * labels)),
    }));
}

/** Windows as one list. A token that several windows saw is taken where it stands farthest from a cut; the text's own ends are none. */
function merged(windows: readonly (readonly Piece[])[], stride: number): Piece[] {
  const step = windows[0]!.length - stride;
  const best: { piece: Piece; margin: number }[] = [];
  windows.forEach((window, w) => {
    window.forEach((piece, i) => {
      const before = w === 0 ? Number.POSITIVE_INFINITY : i;
      const after = w === windows.length - 1 ? Number.POSITIVE_INFINITY : window.length - 1 - i;
      const margin = Math.min(before, after);
      const at = w * step + i;
      if (!best[at] || margin > best[at].margin) best[at] = { piece, margin };
    });
  });
  return best.map(({ piece }) => piece);
}

/** Tokens, or the words that they make. */
function joined(tokens: readonly Piece[], grouping: EntityGrouping): readonly Piece[] {
  if (grouping === 'none' || grouping === 'simple') return tokens;
  const words: Piece[][] = [];
  for (const token of tokens) {
    const last = words.at(-1);
    if (last?.[0] && last[0].word === token.word && token.word >= 0) last.push(token);
    else words.push([token]);
  }
  const surest = (p: Piece): number => Math.max(...p.scores);
  const scoresOf = (word: readonly Piece[]): Float64Array => {
    const [first] = word as readonly [Piece, ...Piece[]];
    if (grouping === 'first') return first.scores;
    if (grouping === 'max') return word.reduce((a, b) => (surest(b) > surest(a) ? b : a)).scores;
    return first.scores.map((_, label) => word.reduce((sum, p) => sum + p.scores[label]!, 0) / word.length);
  };
  return words.map((word) => ({ ...word[0]!, end: word.at(-1)!.end, scores: scoresOf(word) }));
}

interface Group extends Omit<Entity, 'text'> {
  /** The label as the model names it, that of the first piece. */
  readonly raw: string;
}

/** Each piece, or runs of pieces of one label, with their labels. */
function entities(
  pieces: readonly Piece[],
  labels: readonly string[],
  scheme: LabelScheme | undefined,
  alone: boolean,
): Group[] {
  const scores = pieces.map((p) => p.scores);
  const chosen = scheme ? likeliestPath(scores, labels, scheme) : scores.map((own) => largestOf(own, 1)[0]!);
  const groups: { label: string; raw: string; start: number; end: number; scores: number[] }[] = [];
  let open = false;
  for (const [i, { start, end, scores }] of pieces.entries()) {
    const id = chosen[i]!;
    const raw = labels[id] ?? `LABEL_${id}`;
    const [place, tag] = tagOf(raw);
    const group = groups.at(-1);
    if (!alone && open && group?.label === tag && place !== 'B' && place !== 'S') {
      group.end = end;
      group.scores.push(scores[id]!);
    } else groups.push({ label: alone ? raw : tag, raw, start, end, scores: [scores[id]!] });
    open = place !== 'E' && place !== 'S';
  }
  return groups.map(({ scores, ...g }) => ({ ...g, score: scores.reduce((a, b) => a + b, 0) / scores.length }));
}
