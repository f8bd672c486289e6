// Next sentence prediction, alone and with masked language modelling: BERT's pre-training (Devlin et al. 2019, arXiv:1810.04805, §3.1).

import { add, argmax, crossEntropySum, mul } from '@yumo/core';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns, Example } from '../data/examples.ts';
import { neededToken } from '../data/special-tokens.ts';
import { randomUniform } from '../random.ts';
import { hidden, hiddenHits, hidingOf, maskColumns, maskExample } from './masked-lm.ts';
import type { Evaluation, Objective } from './objective.ts';
import { packedReading, type RowMaker, type Streams } from './packed-text.ts';

/** Class 0: the second part follows the first in the text; class 1: it is from elsewhere. */
const [follows, elsewhere] = [0, 1];

/** [CLS] first half [SEP] second half [SEP], half of the time with a second half from elsewhere. */
function pairs(
  { training, validation }: Streams,
  room: number,
  context: number,
  frame: { readonly start: number; readonly end: number },
): {
  width: number;
  pair(tokens: Int32Array, key: number): Promise<{ ids: Int32Array; segments: Int32Array; label: number }>;
} {
  const half = Math.floor(Math.min(context - 3, room) / 2);
  const pool = training.length >= validation.length ? training : validation;
  return {
    width: 2 * half,
    async pair(tokens, key) {
      const label = randomUniform(key, 0) < 0.5 ? follows : elsewhere;
      const at = Math.floor(randomUniform(key, 1) * (pool.length - half + 1));
      const second = label === follows ? tokens.subarray(half) : await pool.read(at, half);
      const ids = Int32Array.of(frame.start, ...tokens.subarray(0, half), frame.end, ...second, frame.end);
      const segments = new Int32Array(ids.length).fill(1, half + 2);
      return { ids, segments, label };
    },
  };
}

/** Hits among the pairs. */
function pairHits(): Required<Pick<Evaluation, 'add'>> & { accuracy(): number } {
  let hits = 0;
  let asked = 0;
  return {
    add({ feeds }, { follows: predicted }) {
      (feeds.next_sentence_label!.data as Int32Array).forEach((label, i) => {
        if (label < 0) return;
        asked++;
        if (Number(predicted!.data[i]) === label) hits++;
      });
    },
    accuracy: () => hits / asked,
  };
}

const pairColumns: Columns = {
  token_type_ids: { padding: 0 },
  next_sentence_label: { padding: ignoredLabel, scalar: true },
};

export const nextSentence: Objective<'next-sentence'> = (given) => {
  const { kind } = given.objective;
  return packedReading(given, {
    tokens: { roles: ['padding', 'start', 'end', 'unknown'] },
    heads: [/ForNextSentencePrediction$/],
    pipeline: 'text-classification',
    config: (tokenizer) => ({ pad_token_id: neededToken(tokenizer, 'padding', kind) }),
    rows(tokenizer, model, room, streams): RowMaker {
      const [start, end, padding] = (['start', 'end', 'padding'] as const).map((r) =>
        neededToken(tokenizer, r, kind),
      ) as [number, number, number];
      const { width, pair } = pairs(streams, room, model.context, { start, end });
      return {
        width,
        columns: { input_ids: { padding }, ...pairColumns },
        row: async (tokens, key): Promise<Example> => {
          const { ids, segments, label } = await pair(tokens, key);
          return { input_ids: ids, token_type_ids: segments, next_sentence_label: Int32Array.of(label) };
        },
      };
    },
    loss:
      ({ head, config }) =>
      (scope, { input_ids, token_type_ids, next_sentence_label }, dropout) => {
        const inputs = { input_ids: input_ids!, token_type_ids: token_type_ids! };
        const { logits } = head.build(scope, inputs, config, { dropout });
        return { ...crossEntropySum(logits!, next_sentence_label!), outputs: { follows: argmax(logits!, 1) } };
      },
    metrics: ['accuracy'],
    measure: () => {
      const { add: count, accuracy } = pairHits();
      return { add: count, metrics: () => ({ accuracy: accuracy() }) };
    },
  });
};

/**
 * The two losses are added as BERT does, each a mean; so that runs and parts of a step add up exactly, a pair counts as many labels as a row
 * has hidden tokens.
 */
export const bertPretraining: Objective<'bert-pretraining'> = (given) => {
  const { kind, probability, wholeWord } = given.objective;
  return packedReading(given, {
    tokens: { roles: ['padding', 'start', 'end', 'unknown', 'mask'] },
    heads: [/ForPreTraining$/],
    pipeline: 'fill-mask',
    config: (tokenizer) => ({ pad_token_id: neededToken(tokenizer, 'padding', kind) }),
    rows(tokenizer, model, room, streams): RowMaker {
      const [start, end, padding] = (['start', 'end', 'padding'] as const).map((r) =>
        neededToken(tokenizer, r, kind),
      ) as [number, number, number];
      const hiding = hidingOf(tokenizer, kind);
      const { width, pair } = pairs(streams, room, model.context, { start, end });
      const count = Math.max(1, Math.round(probability * width));
      return {
        width,
        columns: { ...maskColumns(padding), ...pairColumns },
        row: async (tokens, key): Promise<Example> => {
          const { ids, segments, label } = await pair(tokens, key);
          return {
            ...maskExample(hidden(ids, count, key, hiding, wholeWord)),
            token_type_ids: segments,
            next_sentence_label: Int32Array.of(label),
          };
        },
      };
    },
    loss:
      ({ head, config }) =>
      (scope, { labels, next_sentence_label, ...inputs }, dropout) => {
        const out = head.build(scope, inputs, config, { dropout });
        const words = crossEntropySum(out.prediction_logits!, labels!);
        const pairLoss = crossEntropySum(out.seq_relationship_logits!, next_sentence_label!);
        const perRow = labels!.shape[1] as number; // a concrete shape: training compiles one graph for each
        return {
          sum: add(words.sum, mul(pairLoss.sum, perRow)),
          count: words.count,
          outputs: {
            predicted: argmax(out.prediction_logits!, 2),
            follows: argmax(out.seq_relationship_logits!, 1),
          },
        };
      },
    metrics: ['accuracy', 'nextSentenceAccuracy'],
    measure: () => {
      const [words, follow] = [hiddenHits(), pairHits()];
      return {
        add(batch, outputs) {
          words.add(batch, outputs);
          follow.add(batch, outputs);
        },
        metrics: () => ({ accuracy: words.accuracy(), nextSentenceAccuracy: follow.accuracy() }),
      };
    },
  });
};
