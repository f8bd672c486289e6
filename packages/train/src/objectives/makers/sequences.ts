// Examples of a source and the text that is to be written for it.

import type { Tokenizer } from '@yumo/tokenizer';
import type { Columns } from '../../data/examples.ts';
import type { SequenceRow } from '../../data/readers/rows.ts';
import type { Maker } from './maker.ts';

export interface SequenceSettings {
  readonly columns: Columns;
  /** The most tokens of a source, and of a target. */
  readonly length: number;
  readonly targetLength: number;
  /** Ids that writing begins with, and that ends a text. */
  readonly start: number;
  readonly end: number;
}

export function sequenceMaker(
  tokenizer: Tokenizer,
  { columns, length, targetLength, start, end }: SequenceSettings,
): Maker<SequenceRow> {
  return {
    columns,
    // Tokens of both sides.
    countTokens: (e) => e.input_ids!.length + e.labels!.length,
    examplesOf({ source, targets }, _, tell) {
      const from = ended(tokenizer, source, end, length);
      const to = ended(tokenizer, targets[0]!, end, targetLength);
      if (from.cut) tell(`sources longer than ${length} tokens, cut there`);
      if (to.cut) tell(`targets longer than ${targetLength} tokens, cut there`);
      return [
        {
          input_ids: from.ids,
          attention_mask: new Int32Array(from.ids.length).fill(1),
          decoder_input_ids: Int32Array.of(start, ...to.ids.subarray(0, -1)),
          labels: to.ids,
        },
      ];
    },
  };
}

/** Ids with the end token last, at most `length`. */
function ended(tokenizer: Tokenizer, text: string, end: number, length: number): { ids: Int32Array; cut: boolean } {
  const ids = tokenizer.encodeIds(text);
  const bare = ids.at(-1) === end ? ids.subarray(0, -1) : ids;
  const cut = bare.length > length - 1;
  return { ids: Int32Array.of(...bare.subarray(0, length - 1), end), cut };
}
