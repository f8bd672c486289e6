// What the objectives that judge a whole text share: its inputs, its batches, and one row of numbers a text.

import type { Dropout, NamedTensors, Tensor } from '@yumo/core';
import type { Columns } from '../data/examples.ts';
import type { Kept, Parts } from '../data/kept.ts';
import { partsOf, type RowReading } from '../data/sources.ts';
import { encoderFields } from '../data/special-tokens.ts';
import type { Recipe } from '../recipe.ts';
import type { Loss } from '../step.ts';
import { exampleData } from './example-data.ts';
import type { JudgedText, TextSettings } from './makers/text.ts';
import type { AnyGiven, Metrics, Reading, Texts } from './objective.ts';
import { noteOverlap } from './overlap.ts';
import { textColumns, textInputs } from './text-inputs.ts';

/** A text, perhaps with another. */
export interface TextPair {
  readonly text: string;
  readonly second?: string | undefined;
}

/** What a text objective adds to {@link textReading}. */
export interface Judgement<Row extends JudgedText, Outcome> extends Pick<TextSettings, 'answer' | 'labels'> {
  /** Of config.json. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Columns of what is to be said of a text, besides those of the text. */
  readonly columns: Columns;
  /** @param logits `[rows, outputs]` */
  loss(logits: Tensor, inputs: NamedTensors, dropout: Dropout | undefined): Loss;
  readonly metrics: readonly string[];
  /** What is measured of a row. @param output its logits */
  outcome(row: Row, output: Float32Array): Outcome;
  measures(outcomes: readonly Outcome[]): Metrics;
}

/** Rows kept back where there are no validation files. */
export const shareOf = ({ data }: Pick<Recipe, 'data'>): number => (data.kind === 'rows' ? data.validationShare : 0);

/**
 * The rows of an objective.
 * @param settings what `rowsOf` and `sideOf` depend on besides the recipe's data
 * @param sideOf as in {@link RowReading}
 */
export const taskParts = <Row>(
  { recipe, objective, data, note, progress }: AnyGiven,
  rowsOf: RowReading<Row>['rowsOf'],
  settings: unknown = null,
  sideOf?: RowReading<Row>['sideOf'],
): Promise<Parts<Row>> =>
  partsOf(
    data,
    shareOf(recipe),
    objective.kind,
    { rowsOf, sideOf, note, progress },
    JSON.stringify([objective.kind, settings]),
  );

/** Both parts of the data; texts that are in both are counted and told. */
export async function textParts<Row extends TextPair>(
  given: AnyGiven,
  rowsOf: RowReading<Row>['rowsOf'],
  settings: unknown = null,
): Promise<Parts<Row>> {
  const parts = await taskParts(given, rowsOf, settings);
  await noteOverlap(parts, (r) => `${r.text}\n${r.second ?? ''}`, given.note);
  return parts;
}

/** Texts of rows, group by group. */
export const textsOf = <Row>(rows: Kept<Row>, of: (row: Row) => readonly string[]): Texts => ({
  async *[Symbol.asyncIterator]() {
    for await (const group of rows.groups()) yield group.flatMap(of);
  },
});

/** An objective that judges whole texts by the numbers of a `ForSequenceClassification` head. */
export function textReading<Row extends JudgedText, Outcome>(
  { recipe, objective, note, progress }: AnyGiven,
  parts: Parts<Row>,
  judgement: Judgement<Row, Outcome>,
): Reading {
  const { answer, labels } = judgement;
  const texts = (r: Row): string[] => [r.text, ...(r.second === undefined ? [] : [r.second])];
  return {
    tokens: { roles: ['padding', 'start', 'end', 'unknown'] },
    texts: () => textsOf(parts.training, texts),
    validationTexts: () => textsOf(parts.validation, texts),
    heads: [/ForSequenceClassification$/],
    pipeline: 'text-classification',
    config: (tokenizer) => ({
      ...judgement.fields,
      ...encoderFields(tokenizer, objective.kind),
    }),
    async task(tokenizer, model) {
      const columns: Columns = { ...textColumns(tokenizer, model), ...judgement.columns };
      const settings: TextSettings = { columns, length: model.context, answer, labels };
      const data = await exampleData<JudgedText>(recipe, {
        parts,
        tokenizer,
        setup: { kind: 'text', settings },
        note,
        progress,
      });
      const { facts, order, close } = data;
      return {
        facts,
        order,
        close,
        loss: (scope, inputs, dropout) => {
          const { logits } = model.head.build(scope, textInputs(inputs), model.config, { dropout });
          return { ...judgement.loss(logits!, inputs, dropout), outputs: { logits: logits! } };
        },
        metrics: judgement.metrics,
        evaluation: () => {
          const outputs: Float32Array[] = [];
          return {
            batches: data.validationBatches(),
            add({ examples }, { logits }) {
              const width = logits!.shape[1]!;
              examples!.forEach((e, row) => {
                outputs[e] = (logits!.data as Float32Array).slice(row * width, (row + 1) * width);
              });
            },
            async metrics() {
              const outcomes: Outcome[] = [];
              for await (const rows of parts.validation.groups())
                for (const row of rows) outcomes.push(judgement.outcome(row, outputs[outcomes.length]!));
              return judgement.measures(outcomes);
            },
          };
        },
      };
    },
  };
}
