// Texts that occur again, exactly or nearly, within a set and between training and test sets.

import { YumoError } from '@yumo/core';
import { bands, jaccard, rowsPerBand, shinglesOf, signatureOf, textKey } from './fingerprint.ts';

/** A text that repeats an earlier one. */
export interface Duplicate {
  readonly index: number;
  /** The first text like it, which is kept. */
  readonly of: number;
  /** Jaccard similarity of their shingles; 1 for texts with equal keys. */
  readonly similarity: number;
}

/** `identical`: to the character. `exact`: but for case, width, blanks and punctuation. `near`: also small differences. */
export type Likeness = 'identical' | 'exact' | 'near';

export interface DuplicateOptions {
  readonly likeness?: Likeness;
  /** For `near`: the least Jaccard similarity of runs of five characters. Default 0.8. */
  readonly threshold?: number;
}

/** The repeats, in order. Each is compared with the texts that are kept. */
export function findDuplicates(
  texts: Iterable<string>,
  { likeness = 'near', threshold = 0.8 }: DuplicateOptions = {},
): Duplicate[] {
  const index = new TextIndex(likeness, threshold);
  const duplicates: Duplicate[] = [];
  let i = 0;
  for (const text of texts) {
    const like = index.find(text);
    if (like === undefined) index.add(text, i);
    else duplicates.push({ index: i, ...like });
    i++;
  }
  return duplicates;
}

/** What a test set shares with its training set. */
export interface Overlap {
  readonly trainTexts: number;
  readonly testTexts: number;
  /** The test texts that stand in the training set, `of` being a number there. */
  readonly shared: readonly Duplicate[];
  /** For people; absent when nothing is shared. */
  readonly warning?: string;
}

/** Counts the test texts that stand in the training set, exactly or nearly: scores on them flatter. */
export function findOverlap(
  train: Iterable<string>,
  test: Iterable<string>,
  { likeness = 'near', threshold = 0.8 }: DuplicateOptions = {},
): Overlap {
  const index = new TextIndex(likeness, threshold);
  let trainTexts = 0;
  for (const text of train) {
    if (index.find(text) === undefined) index.add(text, trainTexts);
    trainTexts++;
  }
  const shared: Duplicate[] = [];
  let testTexts = 0;
  for (const text of test) {
    const like = index.find(text);
    if (like !== undefined) shared.push({ index: testTexts, ...like });
    testTexts++;
  }
  if (shared.length === 0) return { trainTexts, testTexts, shared };
  const percent = ((100 * shared.length) / testTexts).toFixed(1);
  const warning = `${shared.length} of ${testTexts} test rows (${percent} %) are also in the training data; scores on them flatter: remove them, or report both`;
  return { trainTexts, testTexts, shared, warning };
}

/** Texts by key, and for near likeness by the bands of their signatures (Leskovec et al. 2014, §3.4). */
class TextIndex {
  private readonly likeness: Likeness;
  private readonly threshold: number;
  private readonly byKey = new Map<string, number>();
  private readonly byBand = new Map<string, number[]>();
  private readonly shingles = new Map<number, Uint32Array>();

  constructor(likeness: Likeness, threshold: number) {
    if (!(threshold > 0 && threshold <= 1))
      throw new YumoError('CONFIG', `near duplicates: threshold is ${threshold}, expected a share between 0 and 1`, {
        threshold,
      });
    this.likeness = likeness;
    this.threshold = threshold;
  }

  private key(text: string): string {
    return this.likeness === 'identical' ? text : textKey(text);
  }

  add(text: string, number: number): void {
    this.byKey.set(this.key(text), number);
    if (this.likeness !== 'near') return;
    const shingles = shinglesOf(text);
    this.shingles.set(number, shingles);
    for (const band of bandsOf(shingles)) {
      const like = this.byBand.get(band);
      if (like === undefined) this.byBand.set(band, [number]);
      else like.push(number);
    }
  }

  /** The first text with the same key, or else the most similar one above the threshold. */
  find(text: string): { of: number; similarity: number } | undefined {
    const same = this.byKey.get(this.key(text));
    if (same !== undefined) return { of: same, similarity: 1 };
    if (this.likeness !== 'near') return undefined;
    const shingles = shinglesOf(text);
    let best: { of: number; similarity: number } | undefined;
    const candidates = new Set(bandsOf(shingles).flatMap((band) => this.byBand.get(band) ?? []));
    for (const of of [...candidates].sort((a, b) => a - b)) {
      const similarity = jaccard(shingles, this.shingles.get(of)!);
      if (similarity >= this.threshold && similarity > (best?.similarity ?? 0)) best = { of, similarity };
    }
    return best;
  }
}

function bandsOf(shingles: Uint32Array): string[] {
  const signature = signatureOf(shingles);
  return Array.from(
    { length: bands },
    (_, b) => `${b}:${signature.subarray(b * rowsPerBand, (b + 1) * rowsPerBand).join(',')}`,
  );
}
