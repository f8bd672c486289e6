// Distinct words as code points, one word after the other.
import { codePointIn } from './alphabet.ts';
import type { WordCounts } from './word-counts.ts';

export interface CodePointWords {
  codePoints: Int32Array;
  /** Where each word ends in `codePoints`; it begins where the one before it ends. */
  ends: Int32Array;
  /** How often each word was seen. */
  weights: Float64Array;
}

/** In first-seen order. A lone surrogate becomes U+FFFD. */
export function codePointWords(words: WordCounts): CodePointWords {
  const codePoints = new Int32Array(words.length);
  const ends = new Int32Array(words.size);
  let n = 0;
  for (let i = 0; i < words.size; i++) {
    const end = words.starts[i + 1]!;
    for (let at = words.starts[i]!; at < end; ) {
      const codePoint = codePointIn(words, at, end);
      codePoints[n++] = codePoint;
      at += codePoint > 0xffff ? 2 : 1;
    }
    ends[i] = n;
  }
  return { codePoints: codePoints.slice(0, n), ends, weights: words.counts.slice(0, words.size) };
}

/** Code points as text. */
export function spell(codePoints: Int32Array): string {
  let text = '';
  for (const codePoint of codePoints) text += String.fromCodePoint(codePoint);
  return text;
}
