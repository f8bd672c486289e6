// Which questions are made of a text: what they ask for, what they keep of the sentence, and where the answer stands.

import { expect, it } from 'vitest';
import { type Asking, besideQuestions, clozesOf, passagesOf } from './span-selection.ts';

const english =
  'The University of Paris was founded by a group of teachers in 1150. Its teachers taught 4,000 students in the old town. ' +
  'Many students came from England to hear Peter Abelard. The old town lies on the left bank of the Seine.';
const chinese =
  '巴黎大学由一群教师于1150年创办。教师在旧城教授四千名学生。许多学生从英国来听阿伯拉尔讲课。旧城位于塞纳河左岸。';

const asking = (changes: Partial<Asking> = {}): Asking => ({ language: 'en', questions: 100, removed: 0, ...changes });
const keys = Array.from({ length: 40 }, (_, i) => i * 7919);

/** Every question that some key makes. */
const all = (text: string, changes: Partial<Asking> = {}) =>
  keys.flatMap((key) => clozesOf(text, asking(changes), key).map((row) => ({ ...row, answer: row.answers[0]! })));

const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{Nd},]+/gu) ?? [];

it('asks for names, numbers and runs of words of content, each as one span', () => {
  const asked = new Set(all(english).map(({ answer }) => answer.text));
  expect([...asked].sort()).toEqual(
    [
      ...['University of Paris', 'England', 'Peter Abelard', 'Seine', '1150', '4,000 students'],
      ...['founded', 'group', 'teachers', 'teachers taught', 'old town', 'old town lies', 'left bank', 'students came'],
      'hear',
    ].sort(),
  );
});

it('the answer stands where the row says, in English and in Chinese, with its sentence and without', () => {
  for (const [text, changes] of [
    [english, {}],
    [english, { removed: 1 }],
    [chinese, { language: 'zh' }],
    [chinese, { language: 'zh', removed: 1 }],
  ] as const) {
    const rows = all(text, changes);
    expect(rows.length).toBeGreaterThan(keys.length);
    for (const { context, answer } of rows)
      expect(context.slice(answer.start, answer.start! + answer.text.length)).toBe(answer.text);
  }
});

it('a question is a word that asks among words of the sentence, at least two of them of content, none of the answer', () => {
  const sentences = english.split(/(?<=\.) /);
  for (const { question, answer } of all(english)) {
    const sentence = sentences.find(
      (s) => english.indexOf(s) <= answer.start! && answer.start! < english.indexOf(s) + s.length,
    )!;
    const left = words(sentence);
    for (const word of words(answer.text)) left.splice(left.indexOf(word), 1);
    const kept = words(question).filter((word) => {
      const at = left.indexOf(word);
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    });
    const others = words(question).filter((word) => !words(sentence).includes(word));
    expect(others.join(' ')).toMatch(/^(who|what|which|where|when|how|how many|how much|what kind( of)?|what year)$/);
    expect(kept.length).toBeGreaterThanOrEqual(2);
  }
});

it('years are asked for by when, other numbers by how many, in both languages', () => {
  const questionsFor = (text: string, answer: string, changes: Partial<Asking> = {}) =>
    all(text, changes).flatMap((row) => (row.answer.text === answer ? [row.question] : []));
  for (const question of questionsFor(english, '1150')) expect(question).toMatch(/\b(when|what year)\b/);
  for (const question of questionsFor(english, '4,000 students'))
    expect(question).toMatch(/\b(how many|how much|what)\b/);
  const years = questionsFor(chinese, '1150年', { language: 'zh' });
  expect(years.length).toBeGreaterThan(0);
  for (const question of years) expect(question).toMatch(/哪一年|什么时候|何时/);
});

it('a sentence is taken out only where its answer stands in another one as whole words; then no word of a short one is left out', () => {
  const text = 'Ada met Babbage in London. In London she wrote notes. Londoners read them.';
  const without = all(text, { removed: 1 }).filter(({ context }) => context !== text);
  expect(new Set(without.map(({ answer }) => answer.text))).toEqual(new Set(['London']));
  for (const { context, question } of without) {
    const taken = ['Ada met Babbage in London. ', 'In London she wrote notes. '].find((s) => !context.includes(s))!;
    expect(context).toBe(text.replace(taken, ''));
    for (const word of words(taken.replace('London', ''))) expect(words(question)).toContain(word);
  }
});

it('the same key makes the same questions, another key others; a passage has at most so many', () => {
  expect(clozesOf(english, asking(), 3)).toEqual(clozesOf(english, asking(), 3));
  expect(clozesOf(english, asking(), 3)).not.toEqual(clozesOf(english, asking(), 4));
  expect(clozesOf(english, asking({ questions: 2 }), 3)).toEqual(clozesOf(english, asking(), 3).slice(0, 2));
});

it('passages are texts in pieces of about equal length; what has fewer than three sentences gives none', () => {
  const text = Array.from({ length: 7 }, (_, i) => `Sentence ${i} is here.`).join(' ');
  expect(passagesOf(text, 6).map((p) => p.split('. ').length)).toEqual([3, 4]);
  expect(passagesOf(text, 6).join(' ')).toBe(text);
  expect(passagesOf('One is here. Two is there.', 6)).toEqual([]);
  expect(passagesOf('今天下雨。老石桥修好了。修桥的石头是用船运来的。', 6)).toHaveLength(1);
});

it('a passage stands beside its questions and their answers, on either side; a short text stays as it is', () => {
  const texts = keys.map((seed) => besideQuestions(english, 4, asking({ questions: 2 }), seed));
  for (const [text, ...others] of texts) {
    expect(others).toEqual([]);
    const lines = text!.split('\n');
    expect(lines).toHaveLength(3);
    expect(lines).toContain(english);
    for (const line of lines.filter((l) => l !== english)) expect(english).toContain(line.slice(line.indexOf('?') + 2));
  }
  expect(new Set(texts.map(([text]) => text!.startsWith(english)))).toEqual(new Set([true, false]));
  expect(besideQuestions('One is here.', 4, asking(), 1)).toEqual(['One is here.']);
});
