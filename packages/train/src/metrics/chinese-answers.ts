// Exact match and F1 of extractive answers in Chinese: CMRC 2018, and DRCD, which is scored the same way.

import type { Metric } from './metric.ts';
import { strip } from './python-text.ts';
import { type AnswerPart, type AnswerRow, type AnswerScores, scoresOf } from './question-answering.ts';
import { treebankTokens } from './treebank.ts';

/** Left out before comparing. Other marks, such as the comma of English, stay. */
const punctuation = new Set('-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』');

/**
 * Cui et al. 2019, as the published script: exact match without punctuation and case; F1 by the longest common *run* of units, where a
 * unit is one Chinese character or one English token. The best over the accepted answers, mean over questions.
 */
export const cmrc: Metric<AnswerRow, AnswerPart, AnswerScores> = {
  name: 'CMRC 2018',
  part: ({ answers, predicted }) => {
    const prediction = units(predicted);
    return {
      exact: Number(answers.some((answer) => plain(answer) === plain(predicted))),
      f1: Math.max(0, ...answers.map((answer) => runOverlap(units(answer), prediction))),
      answerable: true,
    };
  },
  result: scoresOf,
};

const plain = (text: string): string =>
  Array.from(strip(text.toLowerCase()))
    .filter((c) => !punctuation.has(c))
    .join('');

/** Chinese characters one by one; the text between them by English tokens. */
function units(text: string): string[] {
  const found: string[] = [];
  let between = '';
  const flush = (): void => {
    found.push(...treebankTokens(between));
    between = '';
  };
  for (const character of plain(text)) {
    if (/[\u4e00-\u9fa5]/.test(character)) {
      flush();
      found.push(character);
    } else between += character;
  }
  flush();
  return found;
}

function runOverlap(answer: readonly string[], prediction: readonly string[]): number {
  const common = longestCommonRun(answer, prediction);
  return common === 0 ? 0 : (2 * common) / (answer.length + prediction.length);
}

/** Length of the longest stretch that stands in both without a gap. */
function longestCommonRun(a: readonly string[], b: readonly string[]): number {
  let longest = 0;
  let row = new Array<number>(b.length + 1).fill(0); // row[j]: length of the common run that ends before a[i] and b[j]
  for (const unit of a) {
    const next = [0];
    for (let j = 0; j < b.length; j++) {
      const run = unit === b[j] ? row[j]! + 1 : 0;
      next.push(run);
      longest = Math.max(longest, run);
    }
    row = next;
  }
  return longest;
}
