// Examples of two texts that belong together.

import type { Tokenizer } from '@yumo/tokenizer';
import type { Columns, Example } from '../../data/examples.ts';
import type { Maker } from './maker.ts';

export interface TextTwice {
  readonly text: string;
  readonly second?: string | undefined;
}

export interface ContrastSettings {
  readonly columns: Columns;
  /** The most tokens of each. */
  readonly length: number;
}

export function contrastMaker(tokenizer: Tokenizer, { columns, length }: ContrastSettings): Maker<TextTwice> {
  const ones = (n: number): Int32Array => new Int32Array(n).fill(1);
  return {
    columns,
    tellsOfBoth: true,
    countTokens: (e) => e.a_input_ids!.length + e.b_input_ids!.length,
    examplesOf({ text, second }, _, tell): Example[] {
      const [a, b] = [text, second!].map((t) => {
        const { ids, overflowing } = tokenizer.encode(t, null, { truncation: { maxLength: length }, padding: null });
        if (overflowing.length > 0) tell(`texts longer than ${length} tokens, cut there`);
        return ids;
      }) as [Int32Array, Int32Array];
      return [
        {
          a_input_ids: a,
          a_attention_mask: ones(a.length),
          b_input_ids: b,
          b_attention_mask: ones(b.length),
          weights: Float32Array.of(1),
        },
      ];
    },
  };
}
