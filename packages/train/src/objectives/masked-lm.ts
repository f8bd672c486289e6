// Masked language modelling (Devlin et al. 2019, arXiv:1810.04805, §3.1): hide some tokens, predict them from both sides.

import { argmax, crossEntropySum } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns, Example } from '../data/examples.ts';
import { neededToken } from '../data/special-tokens.ts';
import { randomBits, randomUniform } from '../random.ts';
import type { Evaluation, Objective } from './objective.ts';
import { packedReading } from './packed-text.ts';
import { besideQuestions } from './span-selection.ts';

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

/** Masked positions of a row, and how many it has. */
export const maskColumns = (padding: number): Columns => ({
  input_ids: { padding },
  label_positions: { padding: 0 },
  labels: { padding: ignoredLabel },
});

export const maskExample = ({ ids, positions, labels }: HiddenRow): Example => ({
  input_ids: ids,
  label_positions: positions,
  labels,
});

/** Hits among the hidden tokens. */
export function hiddenHits(): Required<Pick<Evaluation, 'add'>> & { accuracy(): number } {
  let hits = 0;
  let asked = 0;
  return {
    add({ feeds }, { predicted }) {
      (feeds.labels!.data as Int32Array).forEach((label, i) => {
        if (label < 0) return;
        asked++;
        if (Number(predicted!.data[i]) === label) hits++;
      });
    },
    accuracy: () => hits / asked,
  };
}

export const maskedLm: Objective<'masked-lm'> = (given) => {
  const { kind, probability, wholeWord, questions, sentences, language } = given.objective;
  const { seed } = given.recipe;
  const asking = { language, questions, removed: 0 };
  return packedReading(given, {
    ...(questions > 0
      ? {
          rewriting: {
            name: JSON.stringify(['beside questions', sentences, asking, seed]),
            of: (text) => besideQuestions(text, sentences, asking, seed),
          },
        }
      : {}),
    tokens: { roles: ['padding', 'start', 'end', 'unknown', 'mask'] },
    heads: [/ForMaskedLM$/],
    pipeline: 'fill-mask',
    config: (tokenizer) => ({ pad_token_id: neededToken(tokenizer, 'padding', kind) }),
    rows(tokenizer, model, room) {
      const [start, end, padding] = (['start', 'end', 'padding'] as const).map((role) =>
        neededToken(tokenizer, role, kind),
      ) as [number, number, number];
      const hiding = hidingOf(tokenizer, kind);
      const width = Math.min(model.context - 2, room);
      const count = Math.max(1, Math.round(probability * width));
      return {
        width,
        columns: maskColumns(padding),
        row: (tokens, key) => maskExample(hidden(Int32Array.of(start, ...tokens, end), count, key, hiding, wholeWord)),
      };
    },
    loss:
      ({ head, config }) =>
      (scope, { input_ids, label_positions, labels }, dropout) => {
        const inputs = { input_ids: input_ids!, label_positions: label_positions! };
        const { logits } = head.build(scope, inputs, config, { dropout });
        return { ...crossEntropySum(logits!, labels!), outputs: { predicted: argmax(logits!, 2) } };
      },
    metrics: ['perplexity', 'accuracy'],
    measure: () => {
      const { add, accuracy } = hiddenHits();
      return { add, metrics: (loss) => ({ perplexity: Math.exp(loss), accuracy: accuracy() }) };
    },
  });
};
