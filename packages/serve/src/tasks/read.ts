// Asking, classifying and tagging as streams of events: the same ones from a server and from a worker in the page.

import type { Answers, Entity, LabelScore, QuestionAnswerer, TextClassifier, TokenClassifier } from '@yumo/core';
import { checkText } from './open.ts';

export interface Measured {
  /** Of computing, tokenization included; waiting and loading are not. */
  readonly seconds: number;
}

export interface AskInput {
  readonly question: string;
  readonly context: string;
  /** Answers to give; 5 by default. */
  readonly topK?: number | undefined;
  /** 30 by default. */
  readonly maxAnswerTokens?: number | undefined;
}
export type AskEvent = { readonly kind: 'answers' } & Answers & Measured;

/** The best places of the text, whatever its length. @throws YumoError as `QuestionAnswerer.run`. */
export async function* ask(
  model: QuestionAnswerer,
  { question, context, topK = 5, maxAnswerTokens = 30 }: AskInput,
  signal: AbortSignal,
): AsyncGenerator<AskEvent, void> {
  checkText('ask', question);
  const started = performance.now();
  const [found] = await model.run([{ question, context }], { topK, maxAnswerTokens, signal });
  yield { kind: 'answers', ...found!, seconds: since(started) }; // one question, one answer
}

export interface ClassifyInput {
  readonly texts: readonly string[];
}
/** The classes of texts `from`, `from + 1` … */
export type ClassifyEvent = {
  readonly kind: 'labels';
  readonly from: number;
  readonly results: readonly (readonly LabelScore[])[];
} & Measured;

/** Texts that are classified before the first answers are told. */
const classifyBatch = 16;

/** Every text, however long, in all its parts. @throws YumoError as `TextClassifier.run`. */
export async function* classify(
  model: TextClassifier,
  { texts }: ClassifyInput,
  signal: AbortSignal,
): AsyncGenerator<ClassifyEvent, void> {
  for (const text of texts) checkText('classify', text);
  const started = performance.now();
  for (let from = 0; from < texts.length; from += classifyBatch) {
    const batch = texts.slice(from, from + classifyBatch);
    const results = await model.run(batch, { longText: 'average', signal });
    yield { kind: 'labels', from, results, seconds: since(started) };
  }
}

export interface TagInput {
  readonly text: string;
}
export type TagEvent = { readonly kind: 'entities'; readonly entities: readonly Entity[] } & Measured;

/** The names in a text of any length. @throws YumoError as `TokenClassifier.run`. */
export async function* tag(
  model: TokenClassifier,
  { text }: TagInput,
  signal: AbortSignal,
): AsyncGenerator<TagEvent, void> {
  checkText('tag', text);
  const started = performance.now();
  const [entities] = await model.run([text], { grouping: 'simple', signal });
  yield { kind: 'entities', entities: entities!, seconds: since(started) }; // one text, one list
}

export const since = (started: number): number => (performance.now() - started) / 1000;
