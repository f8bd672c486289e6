// chrF and chrF++: F score of character n-grams, comparable with sacreBLEU.

import { YumoError } from '@yumo/core';
import type { TranslationRow } from './bleu.ts';
import { ngrams, shared, tally } from './counting.ts';
import type { Metric } from './metric.ts';
import { isPunctuation, splitBlanks } from './python-text.ts';

export interface ChrfOptions {
  /** The longest n-gram of characters. Default 6. */
  readonly characters?: number;
  /** The longest n-gram of words. 0, the default, is chrF; 2 is chrF++ (Popović 2017). */
  readonly words?: number;
  /** Weight of recall against precision. Default 2. */
  readonly beta?: number;
  readonly lowercase?: boolean;
  /** Counts blanks as characters. Default false. */
  readonly whitespace?: boolean;
}

export interface Chrf {
  /** 0 to 100. */
  readonly score: number;
  /** `nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:yumo`. */
  readonly signature: string;
}

/** Counts by order: characters first, then words. */
interface Part {
  readonly references: number;
  readonly predicted: readonly number[];
  readonly expected: readonly number[];
  readonly matches: readonly number[];
}

/** Popović 2015, over the corpus' summed counts, orders that do not occur left out. Of several references the best counts. */
export function chrf(options: ChrfOptions = {}): Metric<TranslationRow, Part, Chrf> {
  const { characters = 6, words = 0, beta = 2, lowercase = false, whitespace = false } = options;
  const runs = (text: string): string[][] => {
    const cased = lowercase ? text.toLowerCase() : text;
    const letters = Array.from(whitespace ? cased : splitBlanks(cased).join(''));
    const tokens = words > 0 ? splitBlanks(cased).flatMap(withoutPunctuation) : [];
    return [...orders(characters).map((n) => ngrams(letters, n)), ...orders(words).map((n) => ngrams(tokens, n))];
  };
  return {
    name: words > 0 ? 'chrF++' : 'chrF',
    part: ({ predicted, references }) => {
      const own = runs(predicted).map(tally);
      const parts = references.map((reference): Part => {
        const other = runs(reference).map(tally);
        return {
          references: references.length,
          // An order that the reference is too short for asks nothing of the prediction.
          predicted: own.map((counts, i) => (other[i]!.size === 0 ? 0 : total(counts))),
          expected: other.map(total),
          matches: own.map((counts, i) => shared(counts, other[i]!)),
        };
      });
      if (parts.length === 0) throw new YumoError('DATA', 'chrF: a segment has no reference', { predicted });
      return parts.reduce((a, b) => (fScore([b], beta) > fScore([a], beta) ? b : a));
    },
    result: (parts) => {
      const references = new Set(parts.map((part) => part.references));
      return {
        score: fScore(parts, beta),
        signature: `nrefs:${references.size === 1 ? [...references][0] : 'var'}|case:${lowercase ? 'lc' : 'mixed'}|eff:yes|nc:${characters}|nw:${words}|space:${whitespace ? 'yes' : 'no'}|version:yumo`,
      };
    },
  };
}

const orders = (longest: number): number[] => Array.from({ length: longest }, (_, i) => i + 1);

const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);

/** One mark at the end of a word, or else at its start, is a word of its own. */
function withoutPunctuation(token: string): string[] {
  const letters = Array.from(token);
  if (letters.length === 1) return [token];
  if (isPunctuation(letters.at(-1)!)) return [letters.slice(0, -1).join(''), letters.at(-1)!];
  if (isPunctuation(letters[0]!)) return [letters[0]!, letters.slice(1).join('')];
  return [token];
}

/** F of the mean precision and mean recall over the orders that both sides have, in percent. */
function fScore(parts: readonly Part[], beta: number): number {
  let [precision, recall, used] = [0, 0, 0];
  for (let i = 0; i < parts[0]!.matches.length; i++) {
    const sum = (field: 'predicted' | 'expected' | 'matches'): number =>
      parts.reduce((all, part) => all + part[field][i]!, 0);
    const [predicted, expected, matches] = [sum('predicted'), sum('expected'), sum('matches')];
    if (predicted === 0 || expected === 0) continue;
    precision += matches / predicted;
    recall += matches / expected;
    used++;
  }
  if (precision + recall === 0) return 0;
  precision /= used;
  recall /= used;
  return (100 * (1 + beta ** 2) * precision * recall) / (beta ** 2 * precision + recall);
}
