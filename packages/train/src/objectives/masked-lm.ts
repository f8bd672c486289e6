// Masked language modelling (Devlin et al. 2019, arXiv:1810.04805, §3.1): hide some tokens, predict them from both sides.

import { argmax, crossEntropySum, type Value } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel, shuffledRows } from '../data/batches.ts';
import { fingerprint } from '../data/corpus.ts';
import { documentsOf } from '../data/documents.ts';
import { neededToken } from '../data/special-tokens.ts';
import { randomBits, randomUniform, streamKey } from '../random.ts';
import type { Batch, Objective } from './objective.ts';

/** What hiding needs to know of a vocabulary. */
export interface Hiding {
  readonly mask: number;
  /** Ids that may stand in for a hidden token, and may be hidden: all but special tokens. */
  readonly ordinary: Int32Array;
  readonly isOrdinary: Uint8Array;
  /** 1 for tokens that go on with the word before them. */
  readonly continues: Uint8Array;
}

export function hidingOf(tokenizer: Tokenizer, who: string): Hiding {
  const size = tokenizer.vocabularySize;
  const isOrdinary = Uint8Array.from({ length: size }, (_, id) =>
    tokenizer.idToToken(id) === undefined || tokenizer.isSpecial(id) ? 0 : 1,
  );
  const texts = Array.from({ length: size }, (_, id) => tokenizer.idToToken(id) ?? '');
  // WordPiece marks what goes on, SentencePiece and byte-level BPE what begins.
  const marksBeginnings = texts.some((t) => t.startsWith('▁'))
    ? '▁'
    : texts.some((t) => t.startsWith('Ġ'))
      ? 'Ġ'
      : undefined;
  const continues = Uint8Array.from(texts, (t) =>
    (marksBeginnings === undefined ? t.startsWith('##') : !t.startsWith(marksBeginnings)) ? 1 : 0,
  );
  const ordinary = Int32Array.from(isOrdinary.keys()).filter((id) => isOrdinary[id] === 1);
  return { mask: neededToken(tokenizer, 'mask', who), ordinary, isOrdinary, continues };
}

/** A row with hidden tokens: what stands there now, and which places are asked for. */
export interface HiddenRow {
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  /** −100 where there were too few tokens to hide. */
  readonly labels: Int32Array;
}

/**
 * Chooses `count` places at random (of whole words, where asked for, as many as fit); of the tokens there 80 % become the mask, 10 % a random
 * token, 10 % stay.
 */
export function hidden(row: Int32Array, count: number, key: number, hiding: Hiding, wholeWord: boolean): HiddenRow {
  const words: number[][] = [];
  row.forEach((id, i) => {
    if (!hiding.isOrdinary[id]) return;
    const last = words.at(-1);
    if (wholeWord && hiding.continues[id] && last?.at(-1) === i - 1) last.push(i);
    else words.push([i]);
  });
  const shuffled = words.map((places, i) => ({ places, at: randomBits(key, i) })).sort((a, b) => a.at - b.at);
  const chosen: number[] = [];
  for (const { places } of shuffled) if (chosen.length + places.length <= count) chosen.push(...places);
  chosen.sort((a, b) => a - b);
  const ids = row.slice();
  const positions = new Int32Array(count);
  const labels = new Int32Array(count).fill(ignoredLabel);
  chosen.forEach((place, i) => {
    positions[i] = place;
    labels[i] = row[place]!;
    const draw = randomUniform(key ^ 0x5bd1e995, place);
    if (draw < 0.8) ids[place] = hiding.mask;
    else if (draw < 0.9) ids[place] = hiding.ordinary[randomBits(key ^ 0x27d4eb2f, place) % hiding.ordinary.length]!;
  });
  return { ids, positions, labels };
}

/** Documents as one stream with an end token after each. */
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

/** Rows are full: texts one after the other with an end token between them, as in RoBERTa's pre-training (Liu et al. 2019, arXiv:1907.11692, §4.2). */
export const maskedLm: Objective<'masked-lm'> = ({ recipe, objective, data }) => {
  const split = documentsOf(data, recipe.data);
  const { batch, accumulate, seed } = recipe;
  const { probability, wholeWord } = objective;
  const ids = (shape: readonly number[], values: Int32Array): Value => ({ dtype: 'int32', shape, data: values });
  return {
    tokens: { roles: ['padding', 'start', 'end', 'unknown', 'mask'] },
    texts: () => split.training,
    validationTexts: () => split.validation,
    heads: [/ForMaskedLM$/],
    pipeline: 'fill-mask',
    config: (tokenizer) => ({ pad_token_id: neededToken(tokenizer, 'padding', objective.kind) }),
    task(tokenizer, model) {
      const [start, end] = (['start', 'end'] as const).map((r) => neededToken(tokenizer, r, objective.kind)) as [
        number,
        number,
      ];
      const hiding = hidingOf(tokenizer, objective.kind);
      const training = packed(split.training, tokenizer, end);
      const validation = packed(split.validation, tokenizer, end);
      const width = Math.min(model.context - 2, training.length - 1, validation.length - 1);
      const count = Math.max(1, Math.round(probability * width));
      const framed = (tokens: Int32Array): Int32Array => Int32Array.of(start, ...tokens, end);

      const batchOf = (rows: readonly HiddenRow[], examples?: readonly number[]): Batch => {
        const all = (of: (r: HiddenRow) => Int32Array): Int32Array => {
          const length = of(rows[0]!).length;
          const joined = new Int32Array(rows.length * length);
          rows.forEach((r, i) => {
            joined.set(of(r), i * length);
          });
          return joined;
        };
        const feeds = {
          input_ids: ids(
            [rows.length, width + 2],
            all((r) => r.ids),
          ),
          label_positions: ids(
            [rows.length, count],
            all((r) => r.positions),
          ),
          labels: ids(
            [rows.length, count],
            all((r) => r.labels),
          ),
        };
        return { feeds, tokens: rows.length * (width + 2), ...(examples ? { examples } : {}) };
      };

      const order = shuffledRows(training, batch, width, seed);
      // The last row begins earlier, so that it is full.
      const starts = Array.from({ length: Math.ceil(validation.length / width) }, (_, i) =>
        Math.min(i * width, validation.length - width),
      );
      const validationRows = (): HiddenRow[] =>
        starts.map((at, i) =>
          hidden(
            framed(validation.slice(at, at + width)),
            count,
            streamKey(0, `validation mask ${i}`),
            hiding,
            wholeWord,
          ),
        );
      const nothing: HiddenRow = {
        ids: framed(validation.slice(0, width)),
        positions: new Int32Array(count),
        labels: new Int32Array(count).fill(ignoredLabel),
      };
      return {
        facts: {
          trainingTokens: training.length,
          validationTokens: validation.length,
          tokensPerStep: batch * accumulate * (width + 2),
          fingerprint: fingerprint(training, validation),
        },
        order: {
          rowsPerEpoch: order.rowsPerEpoch,
          batch: (index) => {
            const { inputIds } = order.batch(index);
            return batchOf(
              Array.from({ length: batch }, (_, row) => {
                const key = streamKey(seed, `mask ${index * batch + row}`);
                return hidden(framed(inputIds.slice(row * width, (row + 1) * width)), count, key, hiding, wholeWord);
              }),
            );
          },
        },
        loss: (scope, { input_ids, label_positions, labels }, dropout) => {
          const given = { input_ids: input_ids!, label_positions: label_positions! };
          const { logits } = model.head.build(scope, given, model.config, { dropout });
          return { ...crossEntropySum(logits!, labels!), outputs: { predicted: argmax(logits!, 2) } };
        },
        metrics: ['perplexity', 'accuracy'],
        evaluation: () => {
          let hits = 0;
          let asked = 0;
          return {
            batches: (function* () {
              const rows = validationRows();
              for (let at = 0; at < rows.length; at += batch) {
                const some = rows.slice(at, at + batch);
                while (some.length < batch) some.push(nothing);
                yield batchOf(some);
              }
            })(),
            add({ feeds }, { predicted }) {
              (feeds.labels!.data as Int32Array).forEach((label, i) => {
                if (label < 0) return;
                asked++;
                if (Number(predicted!.data[i]) === label) hits++;
              });
            },
            metrics: (loss) => ({ perplexity: Math.exp(loss), accuracy: hits / asked }),
          };
        },
      };
    },
  };
};
