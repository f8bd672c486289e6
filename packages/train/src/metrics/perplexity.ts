// Perplexity, and the measures that do not depend on the tokenizer: bits per byte and per character.

import { YumoError } from '@yumo/core';
import { exactSum } from './exact-sum.ts';
import type { Metric } from './metric.ts';

/** What a model paid for a piece of text; one token, a batch or a document. */
export interface LikelihoodRow {
  /** −Σ ln p over the predicted tokens. */
  readonly nats: number;
  /** How many tokens were predicted; padding and the context before a window are not among them. */
  readonly tokens: number;
  /** The text that those tokens stand for, in UTF-8 bytes and in code points. */
  readonly bytes?: number;
  readonly characters?: number;
}

export interface Perplexity {
  /** Mean cross-entropy in nats per token. */
  readonly loss: number;
  /** exp(loss). */
  readonly perplexity: number;
  readonly bitsPerToken: number;
  /** Present when every row tells its bytes. */
  readonly bitsPerByte?: number;
  /** Present when every row tells its characters. */
  readonly bitsPerCharacter?: number;
}

/** Weighted by tokens: a short last batch counts for what it holds. */
export const perplexity: Metric<LikelihoodRow, LikelihoodRow, Perplexity> = {
  name: 'perplexity',
  part: (row) => {
    for (const [field, value] of Object.entries(row))
      if (!Number.isFinite(value) || value < 0)
        throw new YumoError('NUMERIC', `perplexity: ${field} is ${value}, expected a finite number from 0`, { field });
    return row;
  },
  result: (rows) => {
    const nats = exactSum(rows.map((row) => row.nats));
    const total = (field: 'tokens' | 'bytes' | 'characters'): number | undefined =>
      rows.reduce<number | undefined>(
        (sum, row) => (sum === undefined || row[field] === undefined ? undefined : sum + row[field]),
        0,
      );
    const tokens = total('tokens')!;
    if (tokens === 0) throw new YumoError('DATA', `perplexity: ${rows.length} rows hold no predicted token`);
    const [bytes, characters] = [total('bytes'), total('characters')];
    const bits = nats / Math.LN2;
    return {
      loss: nats / tokens,
      perplexity: Math.exp(nats / tokens),
      bitsPerToken: bits / tokens,
      ...(bytes ? { bitsPerByte: bits / bytes } : {}),
      ...(characters ? { bitsPerCharacter: bits / characters } : {}),
    };
  },
};
