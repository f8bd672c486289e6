// What the objectives that learn from running text share: texts one after the other as one stream, cut into full rows, each damaged anew every time.

import type { Tokenizer } from '@yumo/tokenizer';
import { shuffledRows } from '../data/batches.ts';
import { fingerprint } from '../data/corpus.ts';
import { documentsOf } from '../data/documents.ts';
import { batchOf, type Columns, type Example } from '../data/examples.ts';
import { neededToken } from '../data/special-tokens.ts';
import type { ModelPlan } from '../model-config.ts';
import { streamKey } from '../random.ts';
import type { AnyGiven, Batch, Evaluation, Reading, Task } from './objective.ts';

/** What an objective makes of a stretch of the stream. */
export interface RowMaker {
  /** Tokens of the stream in a row. */
  readonly width: number;
  /** None has an axis: all rows are of one size. */
  readonly columns: Columns;
  /** @param key of what is drawn: another one, another damage. */
  row(tokens: Int32Array, key: number): Example;
}

/** What an objective of running text adds to {@link packedReading}. */
export interface PackedSettings extends Pick<Reading, 'tokens' | 'heads' | 'pipeline' | 'config' | 'generation'> {
  /** @param room the most stream tokens that a row may take: shorter than either part. */
  rows(tokenizer: Tokenizer, model: ModelPlan, room: number, streams: Streams): RowMaker;
  loss(model: ModelPlan): Task['loss'];
  readonly metrics: readonly string[];
  measure(): Pick<Evaluation, 'add' | 'metrics'>;
  /** What is read of a text; the text itself by default. */
  documents?(text: string): readonly string[];
}

export interface Streams {
  readonly training: Int32Array;
  readonly validation: Int32Array;
}

/** Documents as one stream with an end token after each (Liu et al. 2019, arXiv:1907.11692, §4.2, "full sentences"). */
export function packed(documents: readonly string[], tokenizer: Tokenizer, end: number): Int32Array {
  const pieces = documents.map((text) => tokenizer.encodeIds(text, { addSpecialTokens: false }));
  const stream = new Int32Array(pieces.reduce((n, p) => n + p.length + 1, 0));
  let at = 0;
  for (const piece of pieces) {
    stream.set(piece, at);
    at += piece.length;
    stream[at++] = end;
  }
  return stream;
}

export function packedReading({ recipe, objective, data }: AnyGiven, settings: PackedSettings): Reading {
  const { documents = (text: string) => [text] } = settings;
  const texts = documentsOf(data, recipe.data);
  const split = { training: texts.training.flatMap(documents), validation: texts.validation.flatMap(documents) };
  const { batch, accumulate, seed } = recipe;
  return {
    ...settings,
    texts: () => split.training,
    validationTexts: () => split.validation,
    task(tokenizer, model) {
      const end = neededToken(tokenizer, 'end', objective.kind);
      const training = packed(split.training, tokenizer, end);
      const validation = packed(split.validation, tokenizer, end);
      const room = Math.min(training.length, validation.length) - 1;
      const maker = settings.rows(tokenizer, model, room, { training, validation });
      const { width, columns } = maker;
      const countTokens = (e: Example): number => Object.values(e)[0]!.length;
      const order = shuffledRows(training, batch, width, seed);
      // The last row begins earlier, so that it is full.
      const starts = Array.from({ length: Math.ceil(validation.length / width) }, (_, i) =>
        Math.min(i * width, validation.length - width),
      );
      const batchAt = (index: number): Batch => {
        const { inputIds } = order.batch(index);
        const rows = Array.from({ length: batch }, (_, row) =>
          maker.row(inputIds.slice(row * width, (row + 1) * width), streamKey(seed, `row ${index * batch + row}`)),
        );
        return batchOf(rows, columns, {}, countTokens);
      };
      const tokensOfRow = countTokens(maker.row(validation.slice(0, width), 0));
      return {
        facts: {
          trainingTokens: training.length,
          validationTokens: validation.length,
          tokensPerStep: batch * accumulate * tokensOfRow,
          fingerprint: fingerprint(training, validation),
        },
        order: { rowsPerEpoch: order.rowsPerEpoch, batch: batchAt },
        loss: settings.loss(model),
        metrics: settings.metrics,
        evaluation: () => ({
          batches: (function* () {
            for (let at = 0; at < starts.length; at += batch) {
              // The same damage at every evaluation.
              const rows = Array.from({ length: batch }, (_, i) => {
                const start = starts[at + i];
                if (start === undefined) return undefined;
                return maker.row(validation.slice(start, start + width), streamKey(0, `validation ${at + i}`));
              });
              yield batchOf(rows, columns, {}, countTokens);
            }
          })(),
          ...settings.measure(),
        }),
      };
    },
  };
}
