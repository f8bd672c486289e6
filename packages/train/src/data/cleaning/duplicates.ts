// Texts that occur again, exactly or nearly, within a set and between training and test sets.

import { YumoError } from '@yumo/core';
import { bandsOf, jaccard, shinglesOf, signatureOf, textKey } from './fingerprint.ts';

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
    const like = index.findOrAdd(text, i);
    if (like !== undefined) duplicates.push({ index: i, ...like });
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
    index.findOrAdd(text, trainTexts);
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

  /** The text as it is looked up; shingles only where near likeness asks for them. */
  private printOf(text: string): Print {
    const key = this.likeness === 'identical' ? text : textKey(text);
    if (this.likeness !== 'near' || this.byKey.has(key)) return { key, shingles: new Uint32Array(), bands: [] };
    const shingles = shinglesOf(text);
    return { key, shingles, bands: bandsOf(signatureOf(shingles), this.threshold) };
  }

  private like({ key, shingles, bands }: Print): Like | undefined {
    const same = this.byKey.get(key);
    if (same !== undefined) return { of: same, similarity: 1 };
    let best: Like | undefined;
    const candidates = new Set(bands.flatMap((band) => this.byBand.get(band) ?? []));
    for (const of of [...candidates].sort((a, b) => a - b)) {
      const similarity = jaccard(shingles, this.shingles.get(of)!);
      if (similarity >= this.threshold && similarity > (best?.similarity ?? 0)) best = { of, similarity };
    }
    return best;
  }

  /** The text with the same key, or else the most similar one above the threshold. */
  find(text: string): Like | undefined {
    return this.like(this.printOf(text));
  }

  /** Adds a text that is like none so far. */
  findOrAdd(text: string, number: number): Like | undefined {
    const print = this.printOf(text);
    const like = this.like(print);
    if (like !== undefined) return like;
    this.byKey.set(print.key, number);
    if (this.likeness === 'near') this.shingles.set(number, print.shingles);
    for (const band of print.bands) {
      const others = this.byBand.get(band);
      if (others === undefined) this.byBand.set(band, [number]);
      else others.push(number);
    }
    return undefined;
  }
}

interface Print {
  readonly key: string;
  readonly shingles: Uint32Array;
  readonly bands: readonly string[];
}

type Like = Pick<Duplicate, 'of' | 'similarity'>;
