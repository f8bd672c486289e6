// Reading comprehension: exact match and F1, as SQuAD's scripts count them, or CMRC's for Chinese.

import { type FileSource, type HeadModelOptions, QuestionAnswerer } from '@yumo/core';
import { languageOf } from '../data/cleaning/language.ts';
import type { QuestionRow } from '../data/readers/index.ts';
import { type AnswerRow, type AnswerScores, cmrc, type Metric, squad, squad2 } from '../metrics/index.ts';
import type { AnswerPart } from '../metrics/question-answering.ts';
import { inChunks } from './chunks.ts';
import type { Placed } from './dataset.ts';
import { type Prediction, plainScore, type Scored, scoreOf, type TaskContext } from './evaluation.ts';

export interface AnswerOutput {
  /** Empty: there is no answer. */
  readonly text: string;
  readonly score: number;
  readonly noAnswerScore?: number;
}

export interface AnsweringOptions extends TaskContext {
  /** By default 30, and 60 where tokens are Chinese characters. */
  readonly maxAnswerTokens?: number | undefined;
  /** The empty answer competes. By default where the file has questions without answer. */
  readonly allowNoAnswer?: boolean | undefined;
  readonly onRemark?: ((remark: string) => void) | undefined;
}

/** Whether a language is written without blanks between words. */
export const unspaced = (language: string | undefined): boolean => language === 'zh' || language === 'ja';

/** The language of most of the first texts. */
export function mainLanguage(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts.slice(0, 200)) {
    const { language } = languageOf(text);
    if (language !== undefined) counts.set(language, (counts.get(language) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

const hasUnanswerable = (rows: readonly Placed<QuestionRow>[]): boolean =>
  rows.some(({ row }) => row.answers.length === 0);

/** An answer for each question. */
export async function runReader(
  source: FileSource,
  rows: readonly Placed<QuestionRow>[],
  load: HeadModelOptions,
  language: string | undefined,
  { runtime, batchSize = 16, signal, onProgress, onRemark, ...options }: AnsweringOptions,
): Promise<(AnswerOutput | undefined)[]> {
  const { maxAnswerTokens = unspaced(language) ? 60 : 30, allowNoAnswer = hasUnanswerable(rows) } = options;
  const reader = await QuestionAnswerer.load(source, runtime, load);
  const asked = rows.map(({ row }) => fitting(row.question, reader));
  const cut = asked.filter((question, i) => question !== rows[i]!.row.question).length;
  if (cut > 0) onRemark?.(`questions longer than half of the model’s context, cut: ${cut}`);
  const length = (i: number): number => rows[i]!.row.context.length + rows[i]!.row.question.length;
  try {
    return await inChunks(rows.length, { batchSize, length, signal, onProgress }, async (chunk) => {
      const found = await reader.run(
        chunk.map((i) => ({ question: asked[i]!, context: rows[i]!.row.context })),
        { maxAnswerTokens, allowNoAnswer, batchSize, signal },
      );
      return found.map(({ answers, noAnswerScore }) => ({
        text: answers[0]?.text ?? '',
        score: answers[0]?.score ?? 0,
        noAnswerScore,
      }));
    });
  } finally {
    await reader.dispose();
  }
}

/** The question, or as much of its beginning as leaves half of the model's context to the text. */
function fitting(question: string, { model }: QuestionAnswerer): string {
  const { ids, offsets } = model.tokenizer.encode(question, null, {
    addSpecialTokens: false,
    truncation: null,
    padding: null,
  });
  const most = Math.floor(model.contextLength / 2);
  return ids.length <= most ? question : question.slice(0, offsets[2 * most - 1]);
}

/** CMRC's measure, where a question without answers is right when nothing is answered. */
const cmrcWithNone: Metric<AnswerRow, AnswerPart, AnswerScores> = {
  ...cmrc,
  part: (row) => {
    if (row.answers.length > 0) return cmrc.part(row);
    const right = Number(row.predicted === '');
    return { exact: right, f1: right, answerable: false };
  },
};

/** Measures answers; questions without one are left out. */
export function scoreAnswers(
  rows: readonly Placed<QuestionRow>[],
  outputs: readonly (AnswerOutput | undefined)[],
  language: string | undefined,
): Scored & { readonly metric: string } {
  const metric = unspaced(language) ? cmrcWithNone : hasUnanswerable(rows) ? squad2 : squad;
  const done = rows.flatMap(({ row, place }, i) => {
    const output = outputs[i];
    if (output === undefined) return [];
    return [
      { row, place, output, part: metric.part({ answers: row.answers.map((a) => a.text), predicted: output.text }) },
    ];
  });
  const parts = done.map((d) => d.part);
  const apart = (name: string, of: readonly AnswerPart[]) =>
    of.length === 0 || of.length === parts.length
      ? []
      : [
          plainScore(`exact match, ${name}`, 'percent', metric.result(of).exactMatch),
          plainScore(`F1, ${name}`, 'percent', metric.result(of).f1),
        ];
  return {
    metric: metric.name,
    scores: [
      scoreOf<AnswerRow, AnswerPart, AnswerScores>('F1', 'percent', metric, parts, (r) => r.f1),
      scoreOf<AnswerRow, AnswerPart, AnswerScores>('exact match', 'percent', metric, parts, (r) => r.exactMatch),
      ...apart(
        'with answer',
        parts.filter((p) => p.answerable),
      ),
      ...apart(
        'without answer',
        parts.filter((p) => !p.answerable),
      ),
    ],
    predictions: done.map(({ row, place, output, part }): Prediction => {
      const answers = row.answers.map((a) => a.text);
      return {
        place,
        input: row.question,
        expected: [...new Set(answers)].join(' | ') || '–',
        predicted: output.text || '–',
        score: output.score,
        badness: 1 - part.f1 + (part.f1 < 1 ? output.score : -1),
        record: {
          id: row.id,
          question: row.question,
          answers,
          predicted: output.text,
          score: output.score,
          exactMatch: part.exact,
          f1: part.f1,
          ...(output.noAnswerScore === undefined ? {} : { noAnswerScore: output.noAnswerScore }),
        },
      };
    }),
  };
}
