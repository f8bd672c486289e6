// Masked language models: the loss and the hits of 15 % of the tokens, each hidden behind the mask.

import { type FileSource, HeadModel, type HeadModelOptions, YumoError } from '@yumo/core';
import { type Metric, perplexity } from '../metrics/index.ts';
import { randomUniform, streamKey } from '../random.ts';
import { inChunks } from './chunks.ts';
import type { Placed } from './dataset.ts';
import { type Prediction, plainScore, type Scored, scoreOf, type TaskContext } from './evaluation.ts';

/** One window of a text with its masks. */
export interface MaskedWindow {
  readonly place: string;
  readonly hidden: readonly {
    readonly position: number;
    readonly id: number;
    readonly logProbability: number;
    readonly best: number;
  }[];
}

const share = 0.15;
const maskTokens = ['[MASK]', '<mask>'];

/**
 * Masks are drawn by the number of the text and the position of the token: the same whatever the batches. Every chosen token becomes the
 * mask (BERT's 80/10/10 is for training). Texts longer than the context are read in windows without overlap.
 */
export async function runMaskFiller(
  source: FileSource,
  texts: readonly Placed<string>[],
  load: HeadModelOptions,
  { runtime, batchSize = 16, signal, onProgress }: TaskContext,
): Promise<{ windows: readonly (MaskedWindow | undefined)[]; decode: (id: number) => string }> {
  const model = await HeadModel.load(source, runtime, ['ForMaskedLM'], load);
  try {
    const mask = maskTokens.map((token) => model.tokenizer.tokenToId(token)).find((id) => id !== undefined);
    if (mask === undefined)
      throw new YumoError('TOKENIZER', `${source.name}: the vocabulary has no mask (${maskTokens.join(' or ')})`, {});
    const windows = texts.flatMap(({ row, place }, t) => {
      const key = streamKey(t, 'evaluation masks');
      let seen = 0;
      return model.encode(row, null, { stride: 0 }).windows.flatMap((window, w) => {
        const ids = Int32Array.from(window.ids);
        const places = Array.from(ids.keys()).filter((i) => window.sequenceIds[i]! >= 0);
        const start = seen;
        seen += places.length;
        const chosen = places.filter((_, k) => randomUniform(key, start + k) < share);
        const hidden = (chosen.length > 0 ? chosen : places.slice(0, 1)).map((position) => ({
          position,
          id: ids[position]!,
        }));
        for (const { position } of hidden) ids[position] = mask;
        return hidden.length === 0
          ? []
          : [{ place: w === 0 ? place : `${place}, window ${w + 1}`, window: { ...window, ids }, hidden }];
      });
    });
    if (windows.length === 0)
      throw new YumoError('DATA', `the ${texts.length} texts have no tokens: there is nothing to mask`, {
        texts: texts.length,
      });
    const done = await inChunks(
      windows.length,
      { batchSize, signal, onProgress, length: (i) => windows[i]!.window.ids.length },
      async (chunk) => {
        const outputs = await model.run(
          chunk.map((i) => windows[i]!.window),
          { logits: 'token' },
          { batchSize, signal },
        );
        return chunk.map((i, k): MaskedWindow => {
          const { data, shape } = outputs[k]!.logits!;
          const size = shape[1]!;
          return {
            place: windows[i]!.place,
            hidden: windows[i]!.hidden.map(({ position, id }) => ({
              position,
              id,
              ...judged(data.subarray(position * size, (position + 1) * size), id),
            })),
          };
        });
      },
    );
    return { windows: done, decode: (id) => model.tokenizer.decode([id]) };
  } finally {
    await model.dispose();
  }
}

/** ln p of an id by its logits, and the likeliest id. */
function judged(logits: Float32Array, id: number): { logProbability: number; best: number } {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - logits[best]!);
  return { logProbability: logits[id]! - logits[best]! - Math.log(sum), best };
}

interface Hits {
  readonly hits: number;
  readonly tokens: number;
}
const maskedAccuracy: Metric<Hits, Hits, number> = {
  name: 'accuracy of masked tokens',
  part: (row) => row,
  result: (rows) => rows.reduce((n, r) => n + r.hits, 0) / rows.reduce((n, r) => n + r.tokens, 0),
};

/** Measures windows; intervals are over windows. */
export function scoreMasks(windows: readonly (MaskedWindow | undefined)[], decode: (id: number) => string): Scored {
  const done = windows.filter((w) => w !== undefined);
  const parts = done.map(({ hidden }) =>
    perplexity.part({ nats: -hidden.reduce((sum, h) => sum + h.logProbability, 0), tokens: hidden.length }),
  );
  const hits = done.map(({ hidden }) => ({
    hits: hidden.filter((h) => h.best === h.id).length,
    tokens: hidden.length,
  }));
  return {
    scores: [
      scoreOf('masked loss', 'nats', perplexity, parts, (r) => r.loss),
      scoreOf('masked perplexity', 'number', perplexity, parts, (r) => r.perplexity),
      scoreOf('masked accuracy', 'share', maskedAccuracy, hits, (r) => r),
      plainScore(
        'masked tokens',
        'number',
        hits.reduce((n, h) => n + h.tokens, 0),
      ),
    ],
    predictions: done.flatMap(({ place, hidden }) =>
      hidden.map(
        ({ position, id, logProbability, best }): Prediction => ({
          place: `${place}, ${position}`,
          input: '',
          expected: decode(id),
          predicted: decode(best),
          score: Math.exp(logProbability),
          badness: -logProbability,
          record: { position, expected: decode(id), predicted: decode(best), logProbability },
        }),
      ),
    ),
  };
}
