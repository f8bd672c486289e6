// Where in a text is the answer to a question?

import type { FileSource } from '../checkpoint/source.ts';
import { YumoError } from '../errors.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type BatchOptions, HeadModel, type HeadModelOptions, type HeadOutputs } from './head-model.ts';
import type { EncodedText } from './tokenizer.ts';

export interface QuestionAnsweringOptions extends BatchOptions {
  /** Answers to each question; 1 by default. */
  readonly topK?: number | undefined;
  /** 15 by default. */
  readonly maxAnswerTokens?: number | undefined;
  /** The empty answer competes with the others. False by default. */
  readonly allowNoAnswer?: boolean | undefined;
  /** Tokens that the windows of a long context share; 128 by default, at most half a window. */
  readonly stride?: number | undefined;
}

export interface Answer {
  /** `context.slice(start, end)`; empty for "no answer". */
  readonly text: string;
  /** In UTF-16 units of the context. */
  readonly start: number;
  readonly end: number;
  /** p(start) · p(end), over all places of all windows. */
  readonly score: number;
}

export interface Answers {
  /** The likeliest first. */
  readonly answers: readonly Answer[];
  /** Likelihood that the context has no answer: the lowest of its windows. 0 where the model has no place for it. */
  readonly noAnswerScore: number;
}

export class QuestionAnswerer {
  readonly model: HeadModel;

  private constructor(model: HeadModel) {
    this.model = model;
  }

  /** @throws YumoError as `HeadModel.load`. */
  static async load(source: FileSource, runtime: Runtime, options: HeadModelOptions): Promise<QuestionAnswerer> {
    return new QuestionAnswerer(await HeadModel.load(source, runtime, ['ForQuestionAnswering'], options));
  }

  /**
   * Answers questions, each from its own context. A context that does not fit is read in overlapping windows, whose answers compete.
   * @throws YumoError `CONFIG`, `DATA` for an empty context, `CONTEXT` when a question leaves no room for its context, `RUNTIME`, `ABORTED`.
   */
  async run(
    questions: readonly { readonly question: string; readonly context: string }[],
    options: QuestionAnsweringOptions = {},
  ): Promise<Answers[]> {
    const { topK = 1, maxAnswerTokens = 15, allowNoAnswer = false, stride, ...batch } = options;
    for (const [name, x] of Object.entries({ topK, maxAnswerTokens }))
      if (!(x >= 1)) throw new YumoError('CONFIG', `${name}: ${x} is not a number above 0`, { [name]: x });
    const windows = questions.map(({ question, context }, i) => this.#windows(question, context, i, stride));
    const outputs = await this.model.run(windows.flat(), { start_logits: 'token', end_logits: 'token' }, batch);
    let at = 0;
    return windows.map((parts, q) => {
      const seen = parts.map((part) => readWindow(part, outputs[at++]!));
      const normal = { start: logSum(seen.flatMap((w) => w.start)), end: logSum(seen.flatMap((w) => w.end)) };
      const scored = (x: number): number => Math.exp(x - normal.start - normal.end);
      const { context } = questions[q]!;
      const found = bestSpans(seen, topK, maxAnswerTokens, context).map(({ sum, ...span }) => ({
        ...span,
        score: scored(sum),
      }));
      const noAnswerScore = Math.min(...seen.map((w) => scored(w.none)));
      const all = allowNoAnswer ? [...found, { text: '', start: 0, end: 0, score: noAnswerScore }] : found;
      return { answers: all.sort((a, b) => b.score - a.score).slice(0, topK), noAnswerScore };
    });
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }

  #windows(question: string, context: string, i: number, stride: number | undefined): readonly EncodedText[] {
    if (context.trim() === '')
      throw new YumoError('DATA', `question answering: the context of question ${i} is empty`, { question: i });
    const { model } = this;
    const own = model.encode(question, '').first.ids.length;
    if (own >= model.contextLength)
      throw new YumoError(
        'CONTEXT',
        `question answering: question ${i} has ${own} tokens, the model's context holds ${model.contextLength}; shorten it`,
        { question: i, tokens: own, contextLength: model.contextLength },
      );
    return model.encode(question, context, { stride: stride ?? 128 }).windows;
  }
}

interface Place {
  readonly logits: { readonly start: number; readonly end: number };
  /** In the context. */
  readonly from: number;
  readonly to: number;
}

interface Window {
  /** Logits of every place that may be chosen: the context's tokens, and the first token for "no answer". */
  readonly start: readonly number[];
  readonly end: readonly number[];
  readonly places: readonly Place[];
  /** Start and end logit of "no answer" together. */
  readonly none: number;
}

function readWindow({ offsets, sequenceIds, ids }: EncodedText, out: HeadOutputs): Window {
  const [start, end] = [out.start_logits!.data, out.end_logits!.data];
  const places = Array.from(ids, (_, i) => i)
    .filter((i) => sequenceIds[i] === 1)
    .map((i) => ({
      logits: { start: start[i]!, end: end[i]! },
      from: offsets[2 * i]!,
      to: offsets[2 * i + 1]!,
    }));
  const special = sequenceIds[0] === -1;
  return {
    places,
    start: [...(special ? [start[0]!] : []), ...places.map((p) => p.logits.start)],
    end: [...(special ? [end[0]!] : []), ...places.map((p) => p.logits.end)],
    none: special ? start[0]! + end[0]! : Number.NEGATIVE_INFINITY,
  };
}

/** ln Σ e^x. */
function logSum(xs: readonly number[]): number {
  const largest = xs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return largest + Math.log(xs.reduce((sum, x) => sum + Math.exp(x - largest), 0));
}

interface Span extends Omit<Answer, 'score'> {
  readonly sum: number;
}

/** The spans with the largest sums of logits; of spans with the same text at the same place the better one. */
function bestSpans(windows: readonly Window[], count: number, longest: number, context: string): Span[] {
  const best = new Map<string, Span>();
  let worst = Number.NEGATIVE_INFINITY;
  for (const { places } of windows)
    for (let i = 0; i < places.length; i++)
      for (let j = i; j < Math.min(places.length, i + longest); j++) {
        const sum = places[i]!.logits.start + places[j]!.logits.end;
        if (best.size >= count && sum <= worst) continue;
        const [start, end] = withoutSpaces(context, places[i]!.from, places[j]!.to);
        if (end <= start) continue;
        const key = `${start}:${end}`;
        if ((best.get(key)?.sum ?? Number.NEGATIVE_INFINITY) >= sum) continue;
        best.set(key, { text: context.slice(start, end), start, end, sum });
        if (best.size > count) best.delete([...best].reduce((a, b) => (b[1].sum < a[1].sum ? b : a))[0]);
        if (best.size === count) worst = Math.min(...[...best.values()].map((s) => s.sum));
      }
  return [...best.values()].sort((a, b) => b.sum - a.sum || a.start - b.start);
}

/** Tokens of some vocabularies begin with the space before a word. */
function withoutSpaces(context: string, start: number, end: number): [number, number] {
  while (start < end && /\s/.test(context[start]!)) start++;
  while (end > start && /\s/.test(context[end - 1]!)) end--;
  return [start, end];
}
