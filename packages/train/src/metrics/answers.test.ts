// SQuAD and CMRC scores on cases worked out from the definitions of the official scripts; English tokens against NLTK.

import { expect, test } from 'vitest';
import { golden } from '../../test/metrics-golden.ts';
import { cmrc } from './chinese-answers.ts';
import { measure } from './metric.ts';
import { normalizeAnswer, squad, squad2 } from './question-answering.ts';
import { treebankTokens } from './treebank.ts';

test.each([
  ['The  Eiffel-Tower!', 'eiffeltower'],
  ['a an the A', ''],
  ['theatre of an "Anthem"', 'theatre of anthem'],
  ['U.S. $3.50', 'us 350'],
  ['“curly” — kept', '“curly” — kept'],
  ['à la carte: aé', 'à la carte aé'],
  ['the\u00a0end\u0085.', 'end'],
])('"%s" is compared as "%s"', (text, normal) => {
  expect(normalizeAnswer(text)).toBe(normal);
});

test('SQuAD 1.1 takes the best of the accepted answers, over words as multisets', () => {
  const one = (predicted: string, ...answers: string[]) => measure(squad, [{ predicted, answers }]);
  expect(one('the Denver Broncos', 'Denver Broncos', 'Broncos')).toEqual({ exactMatch: 100, f1: 100, questions: 1 });
  expect(one('Broncos of Denver', 'Denver Broncos').f1).toBeCloseTo(80, 12);
  expect(one('new new york', 'new york city').f1).toBeCloseTo(200 / 3, 12);
  expect(one('the', 'a')).toEqual({ exactMatch: 100, f1: 0, questions: 1 }); // as in the script: nothing is left to overlap
});

test('SQuAD 2.0 wants silence where there is no answer, and reports both groups', () => {
  const rows = [
    { answers: [], predicted: '' },
    { answers: [], predicted: 'something' },
    { answers: ['the', 'in 1990'], predicted: '1990' },
    { answers: ['yes'], predicted: '' },
  ];
  const scores = measure(squad2, rows);
  expect(scores.answerable).toMatchObject({ exactMatch: 0, questions: 2 });
  expect(scores.answerable?.f1).toBeCloseTo(100 / 3, 12);
  expect(scores.unanswerable).toEqual({ exactMatch: 50, f1: 50, questions: 2 });
  expect(scores.exactMatch).toBe(25);
  expect(scores.f1).toBeCloseTo((100 / 3 + 50) / 2, 12);
  expect(measure(squad2, [{ answers: ['the'], predicted: 'a' }])).toMatchObject({ exactMatch: 100, f1: 100 });
});

test('CMRC compares characters, without its list of marks', () => {
  const one = (predicted: string, ...answers: string[]) => measure(cmrc, [{ predicted, answers }]);
  expect(one('《红楼梦》。', '红楼梦')).toEqual({ exactMatch: 100, f1: 100, questions: 1 });
  expect(one('红楼梦,', '红楼梦').exactMatch).toBe(0); // the English comma is not in the list
  expect(one('红楼之梦', '红楼梦').f1).toBeCloseTo((100 * 2 * 2) / 7, 12); // the longest run is 红楼, 梦 stands apart
  expect(one('红楼梦', '红楼之梦').f1).toBeCloseTo((100 * 2 * 2) / 7, 12);
  expect(one('红楼楼梦', '红楼梦').f1).toBeCloseTo((100 * 2 * 2) / 7, 12);
  expect(one('红之梦', '红也梦').f1).toBeCloseTo(100 / 3, 12); // a gap ends the run
  expect(one('梦楼红', '红楼梦').f1).toBeCloseTo((100 * 2) / 6, 12);
  expect(one('x', '红楼梦').f1).toBe(0);
});

test('CMRC takes an English word or a number as one unit', () => {
  const one = (predicted: string, answer: string) => measure(cmrc, [{ predicted, answers: [answer] }]).f1;
  expect(one('在New York', 'new york')).toBeCloseTo(80, 12);
  expect(one('1997年7月', '1997年')).toBeCloseTo((100 * 4) / 6, 12);
  expect(one('199年', '1997年')).toBeCloseTo(50, 12);
});

test('English tokens are those of NLTK', () => {
  for (const { text, tokens } of golden().treebank)
    expect({ text, tokens: treebankTokens(text) }).toEqual({ text, tokens });
});
