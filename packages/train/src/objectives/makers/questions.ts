// Examples of questions about a text: windows of the text, each with the question and where the answer stands.

import type { Encoding, Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel } from '../../data/batches.ts';
import type { Columns, Example } from '../../data/examples.ts';
import type { QuestionRow } from '../../data/readers/rows.ts';
import { countTokens, textExample } from '../text-inputs.ts';
import type { Maker } from './maker.ts';

export interface QuestionSettings {
  readonly columns: Columns;
  /** The most tokens of a window. */
  readonly length: number;
  /** The most tokens of a question. */
  readonly room: number;
  /** Tokens that neighbouring windows share. */
  readonly stride: number;
  /** Whether examples say of each token if it stands in the sentence of the answer. */
  readonly evidence: boolean;
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

/**
 * The context is cut where it is too long, so that neighbours share `stride` tokens. Validation examples have the number of their row, and
 * the offsets of their tokens into the context: −1 where a token is none of it.
 */
export function questionMaker(
  tokenizer: Tokenizer,
  { columns, length, room, stride, evidence }: QuestionSettings,
): Maker<QuestionRow> {
  const shortened = (question: string, tell: (what: string) => void): string => {
    const { offsets, length: tokens } = tokenizer.encode(question, null, {
      addSpecialTokens: false,
      truncation: null,
      padding: null,
    });
    if (tokens <= room) return question;
    tell(`questions longer than ${room} tokens, cut there`);
    return question.slice(0, offsets[2 * room - 1]);
  };
  return {
    columns,
    countTokens,
    examplesOf({ question, context, answers }, { number, part }, tell): Example[] {
      const whole = tokenizer.encode(shortened(question, tell), context, {
        truncation: { maxLength: length, strategy: 'OnlySecond', stride },
        padding: null,
      });
      const answer = answers.find((a) => a.start !== undefined);
      let placed = false;
      const examples = [whole, ...whole.overflowing].map((encoding): Example => {
        const at = answer && tokensOfAnswer(encoding, answer.start!, answer.start! + answer.text.length);
        if (at) placed = true;
        // No answer here: the first position stands for that.
        const [start, end] = at ?? [0, 0];
        const example = {
          ...textExample(encoding, columns),
          start_positions: Int32Array.of(start),
          end_positions: Int32Array.of(end),
          ...(evidence ? { evidence: evidenceOf(encoding, context, answer?.start) } : {}),
        };
        if (part === 'training') return example;
        const offsets = Int32Array.from(encoding.offsets, (x, i) => (encoding.sequenceIds[i >> 1] === 1 ? x : -1));
        return { ...example, row: Int32Array.of(number), offsets };
      });
      if (answers.length > 0 && !placed)
        tell('answers that are whole in no window, or do not stand in their context: learnt as "no answer"');
      return examples;
    },
  };
}
