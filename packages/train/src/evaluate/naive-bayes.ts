// The baseline of classifiers: multinomial naive Bayes over the words and pairs of words that a text has (Wang & Manning 2012), add-one smoothing.

import type { LabelledText } from './dataset.ts';

/** Lower-cased words, of Han and kana each character. */
export const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .match(
      /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}\p{M}'])+|[^\s\p{L}\p{N}]/gu,
    ) ?? [];

const featuresOf = ({ text, pair }: LabelledText): Set<string> => {
  const found = new Set<string>();
  for (const [side, content] of [text, pair].entries()) {
    if (content === undefined) continue;
    const words = wordsOf(content);
    words.forEach((word, i) => {
      found.add(`${side} ${word}`);
      if (i > 0) found.add(`${side} ${words[i - 1]} ${word}`);
    });
  }
  return found;
};

export interface NaiveBayes {
  /** Probability of each class, in the order of the classes. */
  scores(row: LabelledText): number[];
}

/** @param rows with their labels as classes; rows of other labels are not looked at */
export function trainNaiveBayes(rows: readonly LabelledText[], classes: readonly string[]): NaiveBayes {
  const counts = new Map<string, Float64Array>();
  const totals = new Float64Array(classes.length);
  const documents = new Float64Array(classes.length);
  for (const row of rows) {
    const c = classes.indexOf(row.labels[0] ?? '');
    if (c < 0) continue;
    documents[c]!++;
    for (const feature of featuresOf(row)) {
      let count = counts.get(feature);
      if (count === undefined) {
        count = new Float64Array(classes.length);
        counts.set(feature, count);
      }
      count[c]!++;
      totals[c]!++;
    }
  }
  const all = documents.reduce((a, b) => a + b, 0);
  return {
    scores(row) {
      const known = [...featuresOf(row)].flatMap((feature) => counts.get(feature) ?? []);
      const logs = classes.map((_, c) =>
        known.reduce(
          (sum, count) => sum + Math.log((count[c]! + 1) / (totals[c]! + counts.size)),
          Math.log((documents[c]! + 1) / (all + classes.length)),
        ),
      );
      const largest = Math.max(...logs);
      const total = logs.reduce((sum, x) => sum + Math.exp(x - largest), 0);
      return logs.map((x) => Math.exp(x - largest) / total);
    },
  };
}
