// What the objectives that judge a whole text share: its inputs, its batches, and one row of numbers a text.

import type { Dropout, NamedTensors, Tensor } from '@yumo/core';
import type { Columns, Example } from '../data/examples.ts';
import { type Parts, partsOf, type SourceFile } from '../data/sources.ts';
import { encoderFields } from '../data/special-tokens.ts';
import type { Recipe } from '../recipe.ts';
import type { Loss } from '../step.ts';
import { exampleData } from './example-data.ts';
import type { AnyGiven, Metrics, Reading } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { textColumns, textExample, textInputs } from './text-inputs.ts';

/** A text, perhaps with another. */
export interface TextPair {
  readonly text: string;
  readonly second?: string | undefined;
}

/** What a text objective adds to {@link textReading}. */
export interface Judgement<Row extends TextPair> {
  /** Of config.json. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Columns of what is to be said of a text, besides those of the text. */
  readonly columns: Columns;
  answers(row: Row): Example;
  /** @param logits `[rows, outputs]` */
  loss(logits: Tensor, inputs: NamedTensors, dropout: Dropout | undefined): Loss;
  readonly metrics: readonly string[];
  /** @param outputs the logits of each row. */
  measures(rows: readonly Row[], outputs: readonly Float32Array[]): Metrics;
}

/** Rows kept back where there are no validation files. */
export const shareOf = ({ data }: Pick<Recipe, 'data'>): number => (data.kind === 'rows' ? data.validationShare : 0);

/** Both parts of the data; texts that are in both are counted and told. */
export function textParts<Row extends TextPair>(
  { recipe, objective, data, note }: AnyGiven,
  rowsOf: (file: SourceFile) => readonly Row[],
): Parts<Row> {
  const parts = partsOf(data, shareOf(recipe), objective.kind, rowsOf);
  const key = (r: Row): string => `${r.text}\n${r.second ?? ''}`;
  noteOverlap(parts.training.map(key), parts.validation.map(key), note);
  return parts;
}

/** An objective that judges whole texts by the numbers of a `ForSequenceClassification` head. */
export function textReading<Row extends TextPair>(
  { recipe, objective, note }: AnyGiven,
  parts: Parts<Row>,
  judgement: Judgement<Row>,
): Reading {
  const textsOf = (rows: readonly Row[]): string[] =>
    rows.flatMap((r) => [r.text, ...(r.second === undefined ? [] : [r.second])]);
  return {
    tokens: { roles: ['padding', 'start', 'end', 'unknown'] },
    texts: () => textsOf(parts.training),
    validationTexts: () => textsOf(parts.validation),
    heads: [/ForSequenceClassification$/],
    pipeline: 'text-classification',
    config: (tokenizer) => ({
      ...judgement.fields,
      ...encoderFields(tokenizer, objective.kind),
    }),
    task(tokenizer, model) {
      const columns: Columns = { ...textColumns(tokenizer, model), ...judgement.columns };
      let cut = 0;
      const exampleOf = (row: Row): Example => {
        const encoding = tokenizer.encode(row.text, row.second ?? null, {
          truncation: { maxLength: model.context, strategy: 'LongestFirst' },
          padding: null,
        });
        if (encoding.overflowing.length > 0) cut++;
        return { ...textExample(encoding, columns), ...judgement.answers(row) };
      };
      const training = parts.training.map(exampleOf);
      const validation = parts.validation.map(exampleOf);
      if (cut > 0) note(`texts longer than ${model.context} tokens, cut there`, cut);
      const { facts, order, validationBatches } = exampleData(recipe, { training, validation, columns });
      return {
        facts,
        order,
        loss: (scope, inputs, dropout) => {
          const { logits } = model.head.build(scope, textInputs(inputs), model.config, { dropout });
          return { ...judgement.loss(logits!, inputs, dropout), outputs: { logits: logits! } };
        },
        metrics: judgement.metrics,
        evaluation: () => {
          const outputs: Float32Array[] = [];
          return {
            batches: validationBatches(),
            add({ examples }, { logits }) {
              const width = logits!.shape[1]!;
              examples!.forEach((e, row) => {
                outputs[e] = (logits!.data as Float32Array).slice(row * width, (row + 1) * width);
              });
            },
            metrics: () => judgement.measures(parts.validation, outputs),
          };
        },
      };
    },
  };
}
