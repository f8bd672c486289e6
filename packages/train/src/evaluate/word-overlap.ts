// The baseline of readers: in the sentence that shares most with the question, what stands nearest to the shared words.

import type { QuestionRow } from '../data/readers/index.ts';
import { wordsOf } from './naive-bayes.ts';

const sentences = new Intl.Segmenter('und', { granularity: 'sentence' });
const token =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}\p{M}'’.,%$€£-])*(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{N}\p{M}%]/gu;
const isHan = (text: string): boolean => /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u.test(text);

/** What questions ask for by a number, a time or a name. */
const asksNumber =
  /\b(?:when|how (?:many|much|long|old|far|tall|large|big)|what (?:year|date|percentage|number|day|month))\b|多少|幾|几|何[时時]|哪[一]?年|什[么麼][时時]候|哪[一]?天/i;
const asksName =
  /\b(?:who|whom|whose|where|which|what (?:city|country|person|team|company|is the name))\b|[谁誰]|哪[里裡個个位國国]|什[么麼]人/i;
const longest = { words: 6, characters: 12 };

/**
 * After the sliding window of Richardson et al. 2013, without training. A word weighs by how few contexts have it:
 * ln(1 + contexts / contexts with the word).
 */
export function wordOverlap(rows: readonly QuestionRow[]): (row: QuestionRow) => string {
  const contexts = [...new Set(rows.map((row) => row.context))];
  const having = new Map<string, number>();
  for (const context of contexts)
    for (const word of new Set(wordsOf(context))) having.set(word, (having.get(word) ?? 0) + 1);
  const weight = (word: string): number => Math.log(1 + contexts.length / (having.get(word) ?? contexts.length));
  const frequent = (word: string): boolean => (having.get(word) ?? 0) > Math.max(2, contexts.length / 4);
  return ({ context, question }) => {
    const asked = new Set(wordsOf(question));
    let best = { weight: -1, start: 0, text: context };
    for (const { segment, index } of sentences.segment(context)) {
      const shared = [...new Set(wordsOf(segment))].filter((word) => asked.has(word));
      const total = shared.reduce((sum, word) => sum + weight(word), 0);
      if (total > best.weight) best = { weight: total, start: index, text: segment };
    }
    return nearestRun(best.text, question, asked, weight, frequent);
  };
}

/** The run of words between those of the question, weighed by nearness to them. */
function nearestRun(
  sentence: string,
  question: string,
  asked: ReadonlySet<string>,
  weight: (word: string) => number,
  frequent: (word: string) => boolean,
): string {
  const words = [...sentence.matchAll(token)].map((m) => ({
    text: m[0],
    key: wordsOf(m[0])[0] ?? '',
    start: m.index,
    end: m.index + m[0].length,
  }));
  const shared = words.flatMap((w, i) => (asked.has(w.key) ? [i] : []));
  let best = { score: Number.NEGATIVE_INFINITY, text: sentence.trim() };
  for (let i = 0; i < words.length; i++) {
    if (asked.has(words[i]!.key) || (!isHan(words[i]!.text) && frequent(words[i]!.key))) continue;
    const most = isHan(words[i]!.text) ? longest.characters : longest.words;
    let end = i + 1;
    while (
      end < words.length &&
      end - i < most &&
      !asked.has(words[end]!.key) &&
      (isHan(words[end]!.text) || !frequent(words[end]!.key)) &&
      /^\s*$/.test(sentence.slice(words[end - 1]!.end, words[end]!.start))
    )
      end++;
    const text = sentence.slice(words[i]!.start, words[end - 1]!.end);
    const near = shared.reduce((sum, at) => sum + weight(words[at]!.key) / (1 + (at < i ? i - at : at - end + 1)), 0);
    const fits =
      (asksNumber.test(question) && /\d/.test(text) ? 1 : 0) +
      (asksName.test(question) && /\p{Lu}/u.test(text) ? 0.5 : 0);
    const score = near * (1 + fits) + fits;
    if (score > best.score) best = { score, text };
    i = end - 1;
  }
  return best.text;
}
