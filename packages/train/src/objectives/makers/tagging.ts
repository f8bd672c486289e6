// Examples of texts with spans: windows of a text with a tag for each token.

import { YumoError } from '@yumo/core';
import type { Encoding, Tokenizer } from '@yumo/tokenizer';
import { ignoredLabel } from '../../data/batches.ts';
import type { Columns, Example } from '../../data/examples.ts';
import type { Entity } from '../../metrics/entities.ts';
import { countTokens, textExample } from '../text-inputs.ts';
import type { Maker } from './maker.ts';

/** A text with entities, in UTF-16 units. */
export interface MarkedText {
  readonly text: string;
  readonly entities: readonly Entity[];
}

export type Scheme = 'BIO' | 'BIOES';

export interface TaggingSettings {
  readonly columns: Columns;
  /** The most tokens of a window. */
  readonly length: number;
  readonly scheme: Scheme;
  /** Names of the tags in order. */
  readonly names: readonly string[];
}

/** Of spans that overlap the longer one stays; the others are counted. */
function apart(entities: readonly Entity[], note: () => void): Entity[] {
  const kept: Entity[] = [];
  for (const e of [...entities].sort((a, b) => b.end - b.start - (a.end - a.start) || a.start - b.start))
    if (kept.some((k) => e.start < k.end && k.start < e.end)) note();
    else kept.push(e);
  return kept;
}

/** Tags of a window's tokens; `undefined` for special tokens. A token that reaches into a span belongs to it. */
export function tagsOf(
  { offsets, sequenceIds, length }: Encoding,
  entities: readonly Entity[],
  scheme: Scheme,
): (string | undefined)[] {
  const tags = Array.from({ length }, (_, i): string | undefined => (sequenceIds[i]! < 0 ? undefined : 'O'));
  for (const { type, start, end } of entities) {
    const inside = tags.flatMap((tag, i) =>
      tag !== undefined && offsets[2 * i]! < end && offsets[2 * i + 1]! > start ? [i] : [],
    );
    inside.forEach((i, n) => {
      const last = n === inside.length - 1;
      const letter = n === 0 ? (scheme === 'BIOES' && last ? 'S' : 'B') : scheme === 'BIOES' && last ? 'E' : 'I';
      tags[i] = `${letter}-${type}`;
    });
  }
  return tags;
}

/** Tokens that neighbouring windows of a long text share. */
const stride = 32;

const han = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * Which tokens go on with the word of the token before them: such pieces are judged as one, by the label of the first. Words of Chinese
 * characters stay in pieces.
 */
export function piecesOfWords(
  text: string,
  { offsets, wordIds }: Readonly<Record<'offsets' | 'wordIds', ArrayLike<number>>>,
  tokens: ArrayLike<number>,
): boolean[] {
  return Array.from(
    tokens,
    (i, n) =>
      n > 0 && wordIds[i] === wordIds[tokens[n - 1]!] && !han.test(text.slice(offsets[2 * i]!, offsets[2 * i + 1]!)),
  );
}

/** Validation examples have the number of their row, and of the tokens that stand for text the places (`own`), offsets, and whether they go on with a word (`goesOn`). */
export function taggingMaker(
  tokenizer: Tokenizer,
  { columns, length, scheme, names }: TaggingSettings,
): Maker<MarkedText> {
  const numbers = new Map(names.map((n, i) => [n, i]));
  const numberOf = (tag: string): number => {
    const number = numbers.get(tag);
    if (number === undefined)
      throw new YumoError(
        'DATA',
        `data: tag "${tag}" does not occur in the training part; it has ${names.join(', ')}`,
        { tag },
      );
    return number;
  };
  return {
    columns,
    countTokens,
    examplesOf({ text, entities }, { number, part }, tell): Example[] {
      const whole = tokenizer.encode(text, null, {
        truncation: { maxLength: length, stride: Math.min(stride, length >> 2) },
        padding: null,
      });
      const spans = apart(entities, () => tell('spans that overlap a longer one, left out of the tags'));
      if (whole.overflowing.length > 0) tell(`texts longer than ${length} tokens, read in windows`);
      return [whole, ...whole.overflowing].map((encoding) => {
        const tags = tagsOf(encoding, spans, scheme);
        const labels = Int32Array.from(tags, (tag) => (tag === undefined ? ignoredLabel : numberOf(tag)));
        const example = { ...textExample(encoding, columns), labels };
        if (part === 'training') return example;
        const own = Int32Array.from(encoding.ids.keys()).filter((i) => encoding.sequenceIds[i]! >= 0);
        const offsets = Int32Array.from(
          { length: 2 * own.length },
          (_, i) => encoding.offsets[2 * own[i >> 1]! + (i & 1)]!,
        );
        const goesOn = Int32Array.from(piecesOfWords(text, encoding, own), Number);
        return { ...example, row: Int32Array.of(number), own, offsets, goesOn };
      });
    },
  };
}
