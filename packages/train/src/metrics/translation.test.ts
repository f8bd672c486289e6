// BLEU and chrF against sacreBLEU: scores, tokens, signatures and the printed line.

import { describe, expect, test } from 'vitest';
import { golden } from '../../test/metrics-golden.ts';
import { bleu, tokenizedBleu } from './bleu.ts';
import { bleuTokenizers } from './bleu-tokenizers.ts';
import { chrf } from './chrf.ts';
import { measure } from './metric.ts';

describe.each(golden().translation)('$name', (data) => {
  const rows = data.predicted.map((predicted, i) => ({ predicted, references: [data.references[0]![i]!] }));
  const both = data.predicted.map((predicted, i) => ({ predicted, references: data.references.map((r) => r[i]!) }));

  test('the tokens are those of sacreBLEU', () => {
    expect(data.references[0]!.map((line) => bleuTokenizers[data.tokenize](line.trimEnd()))).toEqual(data.tokens);
  });

  test('the corpus score, its parts and the printed line equal sacreBLEU', () => {
    for (const { options, score, precisions, bp, signature, text } of data.bleu) {
      const own = measure(bleu(options), rows);
      expect(own.score).toBeCloseTo(score, 9);
      expect(own.brevityPenalty).toBeCloseTo(bp, 12);
      own.precisions.forEach((precision, i) => {
        expect(precision).toBeCloseTo(precisions[i]!, 9);
      });
      expect(own.signature).toBe(signature);
      expect(own.text.replace(`BLEU|${signature}`, 'BLEU')).toBe(text.replace(/ = [\d.]+ /, ` = ${score.toFixed(1)} `));
    }
    const two = measure(bleu({ tokenize: data.tokenize }), both);
    expect(two.score).toBeCloseTo(data.bleuTwo.score, 9);
    expect(two.signature).toBe(data.bleuTwo.signature);
  });

  test('scores of single sentences equal sacreBLEU, short and empty ones among them', () => {
    rows.forEach((row, i) => {
      expect(measure(bleu({ tokenize: data.tokenize, effectiveOrder: true }), [row]).score).toBeCloseTo(
        data.sentence[i]!,
        9,
      );
      expect(measure(chrf(), [row]).score).toBeCloseTo(data.sentenceChrf[i]!, 9);
      const floor = measure(bleu({ tokenize: data.tokenize, smooth: 'floor', smoothValue: 0.2 }), [
        { predicted: row.predicted, references: [data.references[1]![i]!] },
      ]);
      expect(floor.score).toBeCloseTo(data.sentenceFloor[i]!, 9);
    });
  });

  test('chrF and chrF++ equal sacreBLEU', () => {
    for (const { options, score, signature } of data.chrf) {
      const own = measure(chrf(options), rows);
      expect(own.score).toBeCloseTo(score, 9);
      expect(own.signature).toBe(signature);
    }
    expect(measure(chrf({ words: 2 }), both).score).toBeCloseTo(data.chrfTwo.score, 9);
  });
});

test("BLEU of Papineni's examples: clipped counts of 2/7, and 17/18 against three references", () => {
  const references = ['the cat is on the mat', 'there is a cat on the mat'];
  const the = measure(bleu({ tokenize: 'none', order: 1, smooth: 'none' }), [
    { predicted: 'the the the the the the the', references },
  ]);
  expect(the.precisions[0]).toBeCloseTo(200 / 7, 12);
  const candidate = measure(tokenizedBleu, [
    {
      predicted: 'It is a guide to action which ensures that the military always obeys the commands of the party',
      references: [
        'It is a guide to action that ensures that the military will forever heed Party commands',
        'It is the guiding principle which guarantees the military forces always being under the command of the Party',
        'It is the practical guide for the army always to heed the directions of the party',
      ],
    },
  ]);
  expect(candidate.precisions.slice(0, 2)).toEqual([1700 / 18, 1000 / 17]);
});

test('an unknown tokenizer is answered with the nearest', () => {
  expect(() => bleu({ tokenize: '13b' as '13a' })).toThrow('BLEU: no tokenizer "13b"; did you mean "13a"?');
});
