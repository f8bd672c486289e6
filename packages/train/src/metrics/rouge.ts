// ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum, comparable with rouge_score; Chinese by character.

import { YumoError } from '@yumo/core';
import { ngrams, shared, tally } from './counting.ts';
import { exactMean } from './exact-sum.ts';
import type { Metric } from './metric.ts';
import { stem } from './porter.ts';

/** One summary. */
export interface SummaryRow {
  readonly predicted: string;
  /** At least one; of several the one with the best F counts, for each measure apart. */
  readonly references: readonly string[];
}

/** Shares between 0 and 1. */
export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly f: number;
}

export interface Rouge {
  readonly rouge1: RougeScore;
  readonly rouge2: RougeScore;
  readonly rougeL: RougeScore;
  /** Sentences apart: lines (Lin 2004, §3.2). */
  readonly rougeLsum: RougeScore;
}

export interface RougeOptions {
  /**
   * `english`: runs of a–z and 0–9, lower case, all else is dropped. `characters`: each character of a script without blanks (Chinese,
   * Japanese, …) is a token, other words are kept whole. Default `english`.
   */
  readonly language?: 'english' | 'characters';
  /** English words of more than three letters are reduced by Porter's stemmer. Default false. */
  readonly stemmer?: boolean;
}

/** What ROUGE counts of a text. */
export function rougeTokens(text: string, { language = 'english', stemmer = false }: RougeOptions = {}): string[] {
  return language === 'characters'
    ? (text.toLowerCase().match(character) ?? [])
    : (text.toLowerCase().match(/[a-z0-9]+/g) ?? []).map((w) => (stemmer && w.length > 3 ? stem(w) : w));
}

/** ROUGE-1 of tokens. */
export const unigramScore = (expected: readonly string[], predicted: readonly string[]): RougeScore =>
  ngramScore(expected, predicted, 1);

/** Lin 2004, as Google's `rouge_score` computes it; the mean over rows. */
export function rouge({ language = 'english', stemmer = false }: RougeOptions = {}): Metric<SummaryRow, Rouge, Rouge> {
  const tokens = (text: string): string[] => rougeTokens(text, { language, stemmer });
  return {
    name: 'ROUGE',
    part: ({ predicted, references }) => {
      if (references.length === 0) throw new YumoError('DATA', 'ROUGE: a summary has no reference', { predicted });
      const lines = (text: string): string[][] =>
        text
          .split('\n')
          .filter((line) => line !== '')
          .map(tokens);
      const own = { tokens: tokens(predicted), lines: lines(predicted) };
      const scores = references.map((reference): Rouge => {
        const other = { tokens: tokens(reference), lines: lines(reference) };
        return {
          rouge1: ngramScore(other.tokens, own.tokens, 1),
          rouge2: ngramScore(other.tokens, own.tokens, 2),
          rougeL: score(subsequence(other.tokens, own.tokens).length, other.tokens.length, own.tokens.length),
          rougeLsum: summaryScore(other.lines, own.lines),
        };
      });
      return each((name) => scores.map((s) => s[name]).reduce((a, b) => (b.f > a.f ? b : a)));
    },
    result: (parts) =>
      each((name) => {
        const mean = (field: keyof RougeScore): number => exactMean(parts.map((part) => part[name][field]));
        return { precision: mean('precision'), recall: mean('recall'), f: mean('f') };
      }),
  };
}

const character =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|(?:(?!\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai})[\p{L}\p{N}\p{M}])+/gu;

const each = (of: (name: keyof Rouge) => RougeScore): Rouge => ({
  rouge1: of('rouge1'),
  rouge2: of('rouge2'),
  rougeL: of('rougeL'),
  rougeLsum: of('rougeLsum'),
});

function score(hits: number, expected: number, predicted: number): RougeScore {
  const precision = hits / Math.max(1, predicted);
  const recall = hits / Math.max(1, expected);
  return { precision, recall, f: hits === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

function ngramScore(expected: readonly string[], predicted: readonly string[], n: number): RougeScore {
  const [a, b] = [ngrams(expected, n), ngrams(predicted, n)];
  return score(shared(tally(a), tally(b)), a.length, b.length);
}

/**
 * ROUGE-Lsum: the hits of a reference line are the tokens in the union of its longest common subsequences with every predicted line;
 * a token counts no more often than it stands on either side.
 */
function summaryScore(expected: readonly (readonly string[])[], predicted: readonly (readonly string[])[]): RougeScore {
  const leftExpected = tally(expected.flat());
  const leftPredicted = tally(predicted.flat());
  let hits = 0;
  for (const line of expected) {
    const union = new Set(predicted.flatMap((other) => subsequence(line, other)));
    for (const i of [...union].sort((a, b) => a - b)) {
      const token = line[i]!;
      const [a, b] = [leftExpected.get(token) ?? 0, leftPredicted.get(token) ?? 0];
      if (a === 0 || b === 0) continue;
      hits++;
      leftExpected.set(token, a - 1);
      leftPredicted.set(token, b - 1);
    }
  }
  return score(hits, expected.flat().length, predicted.flat().length);
}

/** Positions in `a` of one longest common subsequence of both; the one that the reference implementation finds, as it decides unions. */
function subsequence(a: readonly string[], b: readonly string[]): number[] {
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width); // [i, j]: of the first i and j tokens
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++)
      longest[i * width + j] =
        a[i - 1] === b[j - 1]
          ? longest[(i - 1) * width + j - 1]! + 1
          : Math.max(longest[(i - 1) * width + j]!, longest[i * width + j - 1]!);
  const positions: number[] = [];
  for (let i = a.length, j = b.length; i > 0 && j > 0; ) {
    if (a[i - 1] === b[j - 1]) {
      positions.push(--i);
      j--;
    } else if (longest[i * width + j - 1]! > longest[(i - 1) * width + j]!) j--;
    else i--;
  }
  return positions.reverse();
}
