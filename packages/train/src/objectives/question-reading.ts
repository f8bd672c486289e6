// What the objectives share that read answers out of a text (Devlin et al. 2019, §4.2): windows, where the answer begins and ends, and how well it is found.

import {
  add,
  cast,
  crossEntropySum,
  div,
  integer,
  less,
  maximum,
  mul,
  not,
  softplus,
  sub,
  sum,
  type Tensor,
} from '@yumo/core';
import type { Encoding, Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns, Example } from '../data/examples.ts';
import type { QuestionRow } from '../data/readers/rows.ts';
import type { Parts } from '../data/sources.ts';
import { encoderFields } from '../data/special-tokens.ts';
import { cmrc } from '../metrics/chinese-answers.ts';
import { measure } from '../metrics/metric.ts';
import { squad, squad2 } from '../metrics/question-answering.ts';
import type { ObjectiveKind, ObjectiveRecipe } from '../recipe.ts';
import { exampleData } from './example-data.ts';
import type { AnyGiven, Note, Reading } from './objective.ts';
import { textColumns, textExample, textInputs } from './text-inputs.ts';

/** How the rows of an objective that answers are learnt and measured. */
type Settings = Pick<
  Extract<ObjectiveRecipe, { kind: 'question-answering' }>,
  'stride' | 'maxQuestionTokens' | 'maxAnswerTokens' | 'metric' | 'evidence'
>;

/** What an objective that answers hands over. */
interface QuestionsGiven extends Omit<AnyGiven, 'objective' | 'data'> {
  readonly objective: Settings & { readonly kind: ObjectiveKind };
}

/** A stretch of a context with its question, as the model reads them. */
export interface Window {
  readonly row: number;
  readonly encoding: Encoding;
}

/** First and last token of an answer in a window; undefined where it is not whole in it. Offsets are UTF-16 units into the context. */
export function tokensOfAnswer(
  { offsets, sequenceIds, length }: Encoding,
  start: number,
  end: number,
): readonly [number, number] | undefined {
  let first = -1;
  let last = -1;
  let [from, to] = [Number.POSITIVE_INFINITY, -1];
  for (let i = 0; i < length; i++) {
    if (sequenceIds[i] !== 1) continue;
    const [a, b] = [offsets[2 * i]!, offsets[2 * i + 1]!];
    [from, to] = [Math.min(from, a), Math.max(to, b)];
    if (a < end && b > start) {
      if (first < 0) first = i;
      last = i;
    }
  }
  return first >= 0 && from <= start && to >= end ? [first, last] : undefined;
}

/** The windows of a question: the context is cut where it is too long, so that neighbours share `stride` tokens. */
function windowsOf(
  { question, context }: QuestionRow,
  row: number,
  tokenizer: Tokenizer,
  length: number,
  stride: number,
): Window[] {
  const encoding = tokenizer.encode(question, context, {
    truncation: { maxLength: length, strategy: 'OnlySecond', stride },
    padding: null,
  });
  return [encoding, ...encoding.overflowing].map((e) => ({ row, encoding: e }));
}

/** The most probable answer of a window: logits of its tokens by index. */
interface Found {
  readonly score: number;
  readonly start: number;
  readonly end: number;
}

/** The best span of a window's context. `from` is the window's place in the logits. */
function bestSpan(
  { offsets, sequenceIds, length }: Encoding,
  starts: Float32Array,
  ends: Float32Array,
  from: number,
  longest: number,
): Found {
  let best: Found = { score: Number.NEGATIVE_INFINITY, start: 0, end: 0 };
  for (let i = 0; i < length; i++) {
    if (sequenceIds[i] !== 1) continue;
    for (let j = i; j < Math.min(length, i + longest) && sequenceIds[j] === 1; j++) {
      const score = starts[from + i]! + ends[from + j]!;
      if (score > best.score) best = { score, start: offsets[2 * i]!, end: offsets[2 * j + 1]! };
    }
  }
  return best;
}

/** Sentences by the rules of Unicode (UAX #29). */
const segmenter = new Intl.Segmenter('und', { granularity: 'sentence' });

/** Of each token: does it stand in the sentence of the answer? Ignored where no answer could. Offsets as in {@link tokensOfAnswer}. */
export function evidenceOf(
  { offsets, sequenceIds, length }: Encoding,
  context: string,
  start: number | undefined,
): Int32Array {
  const sentence = start === undefined ? undefined : segmenter.segment(context).containing(start);
  const [from, to] = sentence ? [sentence.index, sentence.index + sentence.segment.length] : [0, 0];
  return Int32Array.from({ length }, (_, i) => {
    if (sequenceIds[i] !== 1) return ignoredLabel;
    return offsets[2 * i]! < to && offsets[2 * i + 1]! > from ? 1 : 0;
  });
}

/** Σ over the rows of the mean binary cross-entropy of their tokens that count. Logits and labels `[rows, sequence]`. */
function evidenceSum(logits: Tensor, labels: Tensor): Tensor {
  const counts = cast(not(less(labels, integer(0))), 'float32');
  const losses = sub(softplus(logits), mul(logits, cast(maximum(labels, integer(0)), 'float32')));
  return sum(div(sum(mul(losses, counts), [1]), maximum(sum(counts, [1]), 1)));
}

/** Logits of padding far below all others, so that padding changes no probability. */
const overPadding = (logits: Tensor, mask: Tensor | undefined): Tensor =>
  mask ? sub(logits, mul(sub(1, cast(mask, 'float32')), 1e4)) : logits;

/** Questions as batches of windows, the loss of both ends of the answer, and the measures of what is found. */
export function questionReading({ recipe, objective, note }: QuestionsGiven, parts: Parts<QuestionRow>): Reading {
  const textsOf = (rows: readonly QuestionRow[]) => [...new Set(rows.flatMap((r) => [r.context, r.question]))];
  return {
    tokens: { roles: ['padding', 'start', 'end', 'unknown'] },
    texts: () => textsOf(parts.training),
    validationTexts: () => textsOf(parts.validation),
    heads: [/ForQuestionAnswering$/],
    pipeline: 'question-answering',
    config: (tokenizer) => encoderFields(tokenizer, objective.kind),
    task(tokenizer, model) {
      const columns: Columns = {
        ...textColumns(tokenizer, model),
        start_positions: { padding: ignoredLabel, scalar: true },
        end_positions: { padding: ignoredLabel, scalar: true },
        ...(objective.evidence > 0 ? { evidence: { axis: 'sequence', padding: ignoredLabel } } : {}),
      };
      const room = Math.max(8, Math.min(objective.maxQuestionTokens, model.context >> 1));
      const stride = Math.min(objective.stride, (model.context - room) >> 1);
      const read = (rows: readonly QuestionRow[], tell: Note): { windows: Window[]; examples: Example[] } => {
        let cut = 0;
        let lost = 0;
        const shortened = rows.map((row) => {
          const { offsets, length } = tokenizer.encode(row.question, null, {
            addSpecialTokens: false,
            truncation: null,
            padding: null,
          });
          if (length <= room) return row;
          cut++;
          return { ...row, question: row.question.slice(0, offsets[2 * room - 1]) };
        });
        const windows = shortened.flatMap((row, i) => windowsOf(row, i, tokenizer, model.context, stride));
        const placed = new Set<number>();
        const examples = windows.map(({ row, encoding }): Example => {
          const answer = rows[row]!.answers.find((a) => a.start !== undefined);
          const at = answer && tokensOfAnswer(encoding, answer.start!, answer.start! + answer.text.length);
          if (at) placed.add(row);
          // No answer here: the first position stands for that.
          const [start, end] = at ?? [0, 0];
          return {
            ...textExample(encoding, columns),
            start_positions: Int32Array.of(start),
            end_positions: Int32Array.of(end),
            ...(objective.evidence > 0 ? { evidence: evidenceOf(encoding, rows[row]!.context, answer?.start) } : {}),
          };
        });
        rows.forEach(({ answers }, i) => {
          if (answers.length > 0 && !placed.has(i)) lost++;
        });
        if (cut > 0) tell(`questions longer than ${room} tokens, cut there`, cut);
        if (lost > 0)
          tell('answers that are whole in no window, or do not stand in their context: learnt as "no answer"', lost);
        if (windows.length > rows.length) tell(`windows of ${rows.length} questions`, windows.length);
        return { windows, examples };
      };
      const training = read(parts.training, note).examples;
      const { windows, examples: validation } = read(parts.validation, () => undefined);
      const { facts, order, validationBatches } = exampleData(recipe, { training, validation, columns, rows: parts });
      const metric = { squad, squad2, cmrc }[objective.metric];
      return {
        facts,
        order,
        loss: (scope, inputs, dropout) => {
          const out = model.head.build(scope, textInputs(inputs), model.config, { dropout });
          const [starts, ends] = [out.start_logits!, out.end_logits!].map((z) =>
            overPadding(z, inputs.attention_mask),
          ) as [Tensor, Tensor];
          const first = crossEntropySum(starts, inputs.start_positions!);
          const last = crossEntropySum(ends, inputs.end_positions!);
          const found = mul(add(first.sum, last.sum), 0.5);
          // The evidence is for training, where there is dropout; measured is the plain loss.
          const place =
            dropout && inputs.evidence
              ? mul(evidenceSum(mul(add(out.start_logits!, out.end_logits!), 0.5), inputs.evidence), objective.evidence)
              : undefined;
          return {
            sum: place ? add(found, place) : found,
            count: first.count,
            outputs: { start_logits: starts, end_logits: ends },
          };
        },
        metrics: ['exactMatch', 'f1'],
        evaluation: () => {
          const best: Found[] = parts.validation.map(() => ({ score: Number.NEGATIVE_INFINITY, start: 0, end: 0 }));
          const none: number[] = parts.validation.map(() => Number.POSITIVE_INFINITY);
          return {
            batches: validationBatches(),
            add({ examples }, { start_logits, end_logits }) {
              const [starts, ends] = [start_logits!.data, end_logits!.data] as [Float32Array, Float32Array];
              const width = start_logits!.shape[1]!;
              examples!.forEach((e, r) => {
                const { row, encoding } = windows[e]!;
                const found = bestSpan(encoding, starts, ends, r * width, objective.maxAnswerTokens);
                if (found.score > best[row]!.score) best[row] = found;
                none[row] = Math.min(none[row]!, starts[r * width]! + ends[r * width]!);
              });
            },
            metrics: () => {
              const mayRefuse = objective.metric === 'squad2';
              const { exactMatch, f1 } = measure(
                metric as typeof squad, // all three have these two
                parts.validation.map(({ answers, context }, i) => {
                  const { start, end, score } = best[i]!;
                  const refused = mayRefuse && none[i]! > score;
                  return { answers: answers.map((a) => a.text), predicted: refused ? '' : context.slice(start, end) };
                }),
              );
              return { exactMatch, f1 };
            },
          };
        },
      };
    },
  };
}
