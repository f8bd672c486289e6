// Exact match and F1 of extractive answers in English: SQuAD 1.1 and 2.0.

import { shared, tally } from './counting.ts';
import { exactMean } from './exact-sum.ts';
import type { Metric } from './metric.ts';
import { isPunctuation, splitBlanks, word } from './python-text.ts';

/** One question. */
export interface AnswerRow {
  /** Every accepted answer. None (or only empty ones): the question has no answer. */
  readonly answers: readonly string[];
  /** Empty: the model says that there is no answer. */
  readonly predicted: string;
}

/** In percent. */
export interface AnswerScores {
  readonly exactMatch: number;
  readonly f1: number;
  readonly questions: number;
}

export interface AnswerPart {
  readonly exact: number;
  readonly f1: number;
  readonly answerable: boolean;
}

/** SQuAD 2.0's report: over all questions, and apart. A group without questions is absent. */
export interface OptionalAnswerScores extends AnswerScores {
  readonly answerable?: AnswerScores;
  readonly unanswerable?: AnswerScores;
}

/** Rajpurkar et al. 2016, §6.1, as the official script of version 1.1: the best over the accepted answers, mean over questions. */
export const squad: Metric<AnswerRow, AnswerPart, AnswerScores> = {
  name: 'SQuAD 1.1',
  part: ({ answers, predicted }) => ({ ...best(answers, predicted, overlap), answerable: true }),
  result: scoresOf,
};

/**
 * As the official script of version 2.0: a question without answer is right only when the prediction is empty, after
 * normalisation; accepted answers that normalise to nothing are left out.
 */
export const squad2: Metric<AnswerRow, AnswerPart, OptionalAnswerScores> = {
  name: 'SQuAD 2.0',
  part: ({ answers, predicted }) => {
    const given = answers.filter((answer) => normalizeAnswer(answer) !== '');
    return { ...best(given.length > 0 ? given : [''], predicted, overlapOrBothEmpty), answerable: answers.length > 0 };
  },
  result: (parts) => {
    const [answerable, unanswerable] = [parts.filter((p) => p.answerable), parts.filter((p) => !p.answerable)];
    return {
      ...scoresOf(parts),
      ...(answerable.length > 0 ? { answerable: scoresOf(answerable) } : {}),
      ...(unanswerable.length > 0 ? { unanswerable: scoresOf(unanswerable) } : {}),
    };
  },
};

/** Mean of parts, in percent. */
export function scoresOf(parts: readonly AnswerPart[]): AnswerScores {
  return {
    exactMatch: 100 * exactMean(parts.map((part) => part.exact)),
    f1: 100 * exactMean(parts.map((part) => part.f1)),
    questions: parts.length,
  };
}

const articles = new RegExp(`(?<!${word})(?:a|an|the)(?!${word})`, 'gu');

/** Lower case, without ASCII punctuation and articles, single blanks. */
export function normalizeAnswer(text: string): string {
  const plain = Array.from(text.toLowerCase(), (c) => (isPunctuation(c) ? '' : c)).join('');
  return splitBlanks(plain.replace(articles, ' ')).join(' ');
}

function best(
  answers: readonly string[],
  predicted: string,
  f1: (a: string[], b: string[]) => number,
): { exact: number; f1: number } {
  const prediction = normalizeAnswer(predicted);
  let [exact, overlap] = [0, 0];
  for (const answer of answers.map(normalizeAnswer)) {
    if (answer === prediction) exact = 1;
    overlap = Math.max(overlap, f1(splitBlanks(answer), splitBlanks(prediction)));
  }
  return { exact, f1: overlap };
}

/** F1 over words as multisets. */
function overlap(answer: readonly string[], prediction: readonly string[]): number {
  const common = shared(tally(answer), tally(prediction));
  return common === 0 ? 0 : (2 * common) / (answer.length + prediction.length);
}

const overlapOrBothEmpty = (answer: string[], prediction: string[]): number =>
  answer.length === 0 || prediction.length === 0
    ? Number(answer.length === prediction.length)
    : overlap(answer, prediction);
