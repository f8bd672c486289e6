// Examples of whole texts and pairs with what is to be said of them: a class, several, or a number.

import type { Tokenizer } from '@yumo/tokenizer';
import type { Columns } from '../../data/examples.ts';
import { numberingOf } from '../labels.ts';
import { countTokens, textExample } from '../text-inputs.ts';
import type { Maker } from './maker.ts';

/** A text, perhaps with another, and what is to be said of it. */
export interface JudgedText {
  readonly text: string;
  readonly second?: string | undefined;
  readonly label?: string;
  readonly labels?: readonly string[];
  readonly score?: number;
}

export interface TextSettings {
  readonly columns: Columns;
  /** The most tokens. */
  readonly length: number;
  readonly answer: 'class' | 'classes' | 'score';
  /** The classes in order. */
  readonly labels: readonly string[];
}

export function textMaker(tokenizer: Tokenizer, { columns, length, answer, labels }: TextSettings): Maker<JudgedText> {
  const numberOf = numberingOf(labels);
  const answerOf = {
    class: ({ label }: JudgedText) => ({ labels: Int32Array.of(numberOf(label!)) }),
    classes: (row: JudgedText) => {
      const targets = new Float32Array(labels.length);
      for (const label of row.labels!) targets[numberOf(label)] = 1;
      return { labels: targets, weights: Float32Array.of(1) };
    },
    score: ({ score }: JudgedText) => ({ labels: Float32Array.of(score!), weights: Float32Array.of(1) }),
  }[answer];
  return {
    columns,
    tellsOfBoth: true,
    countTokens,
    examplesOf(row, _, tell) {
      const encoding = tokenizer.encode(row.text, row.second ?? null, {
        truncation: { maxLength: length, strategy: 'LongestFirst' },
        padding: null,
      });
      if (encoding.overflowing.length > 0) tell(`texts longer than ${length} tokens, cut there`);
      return [{ ...textExample(encoding, columns), ...answerOf(row) }];
    },
  };
}
