// BLEU of a corpus, comparable with sacreBLEU; and BLEU-4 of text that is tokenized already.

import { suggestion, YumoError } from '@yumo/core';
import { type BleuTokenizer, bleuTokenizers } from './bleu-tokenizers.ts';
import { ngrams, type Tally, tally } from './counting.ts';
import type { Metric } from './metric.ts';
import { stripEnd } from './python-text.ts';

/** One segment. */
export interface TranslationRow {
  readonly predicted: string;
  /** At least one. */
  readonly references: readonly string[];
}

/** What is put where no n-gram of an order matches (Chen & Cherry 2014). */
export type BleuSmoothing = 'exp' | 'floor' | 'add-k' | 'none';

export interface BleuOptions {
  /** Default `13a`; Chinese needs `zh`. */
  readonly tokenize?: BleuTokenizer;
  readonly lowercase?: boolean;
  /** Default `exp`: 1/2, 1/4, … of a match. */
  readonly smooth?: BleuSmoothing;
  /** For `floor` (default 0.1) and `add-k` (default 1). */
  readonly smoothValue?: number;
  /** The longest n-gram. Default 4. */
  readonly order?: number;
  /** Leaves out orders that the text is too short for; for single sentences. Default false. */
  readonly effectiveOrder?: boolean;
}

export interface Bleu {
  /** 0 to 100. */
  readonly score: number;
  /** Percent, by order from 1. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  /** Tokens. */
  readonly predictedLength: number;
  /** Tokens of the reference nearest in length, summed. */
  readonly referenceLength: number;
  /** What a reader needs to compare: `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:yumo`. */
  readonly signature: string;
  /** The line as sacreBLEU prints it: `BLEU|… = 41.2 70.0/50.1/… (BP = … ratio = … hyp_len = … ref_len = …)`. */
  readonly text: string;
}

interface Part {
  readonly references: number;
  readonly predictedLength: number;
  readonly referenceLength: number;
  /** By order from 1. */
  readonly matches: readonly number[];
  readonly totals: readonly number[];
}

/**
 * Papineni et al. 2002, computed as sacreBLEU 2 does (Post 2018): clipped counts, brevity penalty by the nearest reference.
 * @throws YumoError `CONFIG` for an unknown tokenizer, `DATA` for a segment without reference.
 */
export function bleu(options: BleuOptions = {}): Metric<TranslationRow, Part, Bleu> {
  const { tokenize = '13a', lowercase = false, order = 4 } = options;
  if (!(tokenize in bleuTokenizers)) {
    const names = Object.keys(bleuTokenizers);
    throw new YumoError(
      'CONFIG',
      `BLEU: no tokenizer "${tokenize}"${suggestion(tokenize, names) || `; there are ${names.join(', ')}`}`,
      {
        tokenize,
      },
    );
  }
  const tokens = (text: string): string[] => bleuTokenizers[tokenize](stripEnd(lowercase ? text.toLowerCase() : text));
  return {
    name: 'BLEU',
    part: ({ predicted, references }) => {
      if (references.length === 0) throw new YumoError('DATA', 'BLEU: a segment has no reference', { predicted });
      return partOf(tokens(predicted), references.map(tokens), order);
    },
    result: (parts) => resultOf(parts, options),
  };
}

/** BLEU-4 of text whose tokens stand between blanks, without smoothing: what `multi-bleu.perl` computes. */
export const tokenizedBleu = bleu({ tokenize: 'none', smooth: 'none' });

function partOf(predicted: readonly string[], references: readonly (readonly string[])[], order: number): Part {
  const nearest = references
    .map((reference) => reference.length)
    .reduce((a, b) => {
      const [da, db] = [Math.abs(a - predicted.length), Math.abs(b - predicted.length)];
      return db < da || (db === da && b < a) ? b : a;
    });
  const matches: number[] = [];
  const totals: number[] = [];
  for (let n = 1; n <= order; n++) {
    const most: Tally = new Map(); // the highest count of each n-gram in any reference
    for (const reference of references)
      for (const [run, count] of tally(ngrams(reference, n))) most.set(run, Math.max(most.get(run) ?? 0, count));
    let matched = 0;
    for (const [run, count] of tally(ngrams(predicted, n))) matched += Math.min(count, most.get(run) ?? 0);
    matches.push(matched);
    totals.push(Math.max(0, predicted.length - n + 1));
  }
  return {
    references: references.length,
    predictedLength: predicted.length,
    referenceLength: nearest,
    matches,
    totals,
  };
}

const smoothDefaults: { readonly [K in BleuSmoothing]: number } = { exp: 0, floor: 0.1, 'add-k': 1, none: 0 };

function resultOf(parts: readonly Part[], options: BleuOptions): Bleu {
  const { smooth = 'exp', order = 4, effectiveOrder = false } = options;
  const smoothValue = options.smoothValue ?? smoothDefaults[smooth];
  const sum = (of: (part: Part) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const predictedLength = sum((part) => part.predictedLength);
  const referenceLength = sum((part) => part.referenceLength);
  const brevityPenalty =
    predictedLength >= referenceLength
      ? 1
      : predictedLength === 0
        ? 0
        : Math.exp(1 - referenceLength / predictedLength);

  const precisions = new Array<number>(order).fill(0);
  let usedOrder = order;
  let halved = 1;
  const anyMatch = parts.some((part) => part.matches.some((m) => m > 0));
  for (let i = 0; i < order && anyMatch; i++) {
    const added = smooth === 'add-k' && i > 0 ? smoothValue : 0;
    const matches = sum((part) => part.matches[i]!) + added;
    const total = sum((part) => part.totals[i]!) + added;
    if (total === 0) break;
    if (effectiveOrder) usedOrder = i + 1;
    if (matches > 0) precisions[i] = (100 * matches) / total;
    else if (smooth === 'exp') {
      halved *= 2;
      precisions[i] = 100 / (halved * total);
    } else if (smooth === 'floor') precisions[i] = (100 * smoothValue) / total;
  }
  const logs = precisions.slice(0, usedOrder).map(Math.log); // −∞ where nothing matched: the score is then 0
  const score = anyMatch ? brevityPenalty * Math.exp(logs.reduce((a, b) => a + b, 0) / usedOrder) : 0;

  const signature = signatureOf(parts, options, smoothValue);
  const ratio = referenceLength === 0 ? 0 : predictedLength / referenceLength;
  const text =
    `BLEU|${signature} = ${score.toFixed(1)} ${precisions.map((p) => p.toFixed(1)).join('/')} (BP = ${brevityPenalty.toFixed(3)} ` +
    `ratio = ${ratio.toFixed(3)} hyp_len = ${predictedLength} ref_len = ${referenceLength})`;
  return { score, precisions, brevityPenalty, predictedLength, referenceLength, signature, text };
}

function signatureOf(parts: readonly Part[], options: BleuOptions, smoothValue: number): string {
  const { tokenize = '13a', lowercase = false, smooth = 'exp', effectiveOrder = false } = options;
  const references = new Set(parts.map((part) => part.references));
  return [
    `nrefs:${references.size === 1 ? [...references][0] : 'var'}`,
    `case:${lowercase ? 'lc' : 'mixed'}`,
    `eff:${effectiveOrder ? 'yes' : 'no'}`,
    `tok:${tokenize}`,
    `smooth:${smooth}${smooth === 'floor' || smooth === 'add-k' ? `[${smoothValue.toFixed(2)}]` : ''}`,
    'version:yumo',
  ].join('|');
}
