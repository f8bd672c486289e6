// What the objectives that learn from running text share: texts one after the other as one stream, cut into full rows, each damaged anew every time.

import type { Tokenizer } from '@yumo/tokenizer';
import { shuffledRows } from '../data/batches.ts';
import { fingerprint, type Split } from '../data/corpus.ts';
import { documentsOf, type Rewriting } from '../data/documents.ts';
import { batchOf, type Columns, type Example } from '../data/examples.ts';
import type { OpenStream } from '../data/sources.ts';
import { neededToken } from '../data/special-tokens.ts';
import { bufferedRows, memorySource, type TokenSource } from '../data/token-source.ts';
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
  row(tokens: Int32Array, key: number): Example | Promise<Example>;
}

/** What an objective of running text adds to {@link packedReading}. */
export interface PackedSettings extends Pick<Reading, 'tokens' | 'heads' | 'pipeline' | 'config' | 'generation'> {
  /** @param room the most stream tokens that a row may take: shorter than either part. */
  rows(tokenizer: Tokenizer, model: ModelPlan, room: number, streams: Streams): RowMaker;
  loss(model: ModelPlan): Task['loss'];
  readonly metrics: readonly string[];
  measure(): Pick<Evaluation, 'add' | 'metrics'>;
  /** What is read of a text in its place; the text itself by default. */
  readonly rewriting?: Rewriting;
}

export interface Streams {
  readonly training: TokenSource;
  readonly validation: TokenSource;
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

/** Both parts as streams in memory. */
function inMemory({ training, validation }: Split, tokenizer: Tokenizer, end: number): OpenStream {
  const streams = { training: packed(training, tokenizer, end), validation: packed(validation, tokenizer, end) };
  return {
    training: memorySource(streams.training),
    validation: memorySource(streams.validation),
    trainingRows: training.length,
    validationRows: validation.length,
    validationCharacters: 0, // a loss by character is not measured
    fingerprint: fingerprint(streams.training, streams.validation),
    close: async () => undefined,
  };
}

export async function packedReading(given: AnyGiven, settings: PackedSettings): Promise<Reading> {
  const { recipe, objective, progress } = given;
  const documents = await documentsOf(given, settings.rewriting);
  const streamed = 'open' in documents;
  const { batch, accumulate, seed } = recipe;
  return {
    ...settings,
    texts: () => (streamed ? documents.texts('training') : documents.training),
    validationTexts: () => (streamed ? documents.texts('validation') : documents.validation),
    async task(tokenizer, model) {
      const end = neededToken(tokenizer, 'end', objective.kind);
      const streams = streamed
        ? await documents.open(tokenizer, { context: 1, end, progress })
        : inMemory(documents, tokenizer, end);
      const { training, validation } = streams;
      const room = Math.min(training.length, validation.length) - 1;
      const maker = settings.rows(tokenizer, model, room, streams);
      const { width, columns } = maker;
      const countTokens = (e: Example): number => Object.values(e)[0]!.length;
      const order = streamed
        ? bufferedRows(training, batch, width, seed, recipe.data.shuffleRows)
        : shuffledRows(await training.read(0, training.length), batch, width, seed);
      // The last row begins earlier, so that it is full.
      const rowsOfValidation = Math.ceil(validation.length / width);
      const startOf = (i: number): number => Math.min(i * width, validation.length - width);
      const batchAt = async (index: number): Promise<Batch> => {
        const { inputIds } = await order.batch(index);
        const rows = await Promise.all(
          Array.from({ length: batch }, (_, row) =>
            maker.row(inputIds.slice(row * width, (row + 1) * width), streamKey(seed, `row ${index * batch + row}`)),
          ),
        );
        return batchOf(rows, columns, {}, countTokens);
      };
      const tokensOfRow = countTokens(await maker.row((await validation.read(0, width)).slice(), 0));
      return {
        facts: {
          trainingTokens: training.length,
          validationTokens: validation.length,
          ...(streamed ? { trainingExamples: streams.trainingRows, validationExamples: streams.validationRows } : {}),
          tokensPerStep: batch * accumulate * tokensOfRow,
          fingerprint: streams.fingerprint,
        },
        order: { rowsPerEpoch: order.rowsPerEpoch, batch: batchAt },
        loss: settings.loss(model),
        metrics: settings.metrics,
        evaluation: () => ({
          batches: (async function* () {
            for (let at = 0; at < rowsOfValidation; at += batch) {
              // The same damage at every evaluation.
              const rows = Array.from({ length: batch }, async (_, i) => {
                if (at + i >= rowsOfValidation) return undefined;
                const tokens = (await validation.read(startOf(at + i), width)).slice();
                return maker.row(tokens, streamKey(0, `validation ${at + i}`));
              });
              yield batchOf(await Promise.all(rows), columns, {}, countTokens);
            }
          })(),
          ...settings.measure(),
        }),
        close: () => streams.close(),
      };
    },
  };
}
