// Texts longer than the model reads: windows and what lies at their borders, with a token for each letter and 64 tokens a window.

import { trainWordPiece } from '@yumo/tokenizer';
import { describe, expect, it } from 'vitest';
import { type Scripted, scriptedRuntime, scriptedSource } from '../../test/scripted-runtime.ts';
import { HeadModel } from './head-model.ts';
import { QuestionAnswerer } from './question-answering.ts';
import { TextClassifier } from './text-classification.ts';
import { TokenClassifier } from './token-classification.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz.?';
const tokenizer = await trainWordPiece([[...letters].map((l) => l + l).join(' ')], { vocabularySize: 5 + 26 + 2 + 26 });
const letterOf = (id: number): string => tokenizer.idToToken(id)!.replace('##', '');
const args = (className: string, answer: (ids: number[]) => Scripted, more: object = {}) =>
  [
    scriptedSource(className, tokenizer.vocabularySize, more),
    scriptedRuntime(answer),
    { tokenizer: () => tokenizer },
  ] as const;

describe('windows over a text', () => {
  /** Which of the text's tokens each window holds, by their first character: `c c c …` has token i at 2 i. */
  const windowsOf = async (tokens: number, stride: number, more: object = {}) => {
    const [source, runtime, options] = args('BertForTokenClassification', () => ({}), more);
    const model = await HeadModel.load(source, runtime, ['ForTokenClassification'], options);
    const { windows, stride: shared } = model.encode('c '.repeat(tokens), null, { stride });
    const places = windows.map(({ offsets, sequenceIds }) =>
      Array.from(sequenceIds, (id, i) => (id === 0 ? [offsets[2 * i]! / 2] : [])).flat(),
    );
    return { places, shared };
  };
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

  it('are one for a text that fits, to the last token; one token more makes two', async () => {
    for (const tokens of [1, 61, 62]) expect((await windowsOf(tokens, 10)).places).toEqual([range(0, tokens)]);
    expect((await windowsOf(63, 10)).places).toEqual([range(0, 62), range(52, 63)]);
  });

  it('share as many tokens as the stride says, and leave none out', async () => {
    for (const stride of [0, 1, 10, 30]) {
      const { places, shared } = await windowsOf(200, stride);
      expect(shared).toBe(stride);
      expect([...new Set(places.flat())].sort((a, b) => a - b)).toEqual(range(0, 200));
      for (const [i, window] of places.slice(1).entries()) {
        expect(window[0]).toBe(places[i]!.at(-1)! + 1 - stride);
        expect(window).toEqual(range(window[0]!, window.at(-1)! + 1));
      }
      expect(Math.max(...places.map((p) => p.length))).toBe(62);
    }
  });

  it('share half of their room where the stride is the whole window, or more', async () => {
    for (const stride of [62, 64, 1000]) {
      const { places, shared } = await windowsOf(130, stride);
      expect(shared).toBe(31);
      expect(places.map((p) => [p[0], p.at(-1)! + 1])).toEqual([
        [0, 62],
        [31, 93],
        [62, 124],
        [93, 130],
      ]);
    }
  });

  it('refuse a stride that is no number of tokens', async () => {
    for (const stride of [-1, 0.5, Number.NaN]) await expect(windowsOf(70, stride)).rejects.toThrow('stride:');
  });
});

describe('an answer', () => {
  const reader = () =>
    QuestionAnswerer.load(
      ...args('BertForQuestionAnswering', (ids) => ({
        start_logits: ids.map((id) => (letterOf(id) === 'a' ? 10 : 0)),
        end_logits: ids.map((id) => (letterOf(id) === 'd' ? 10 : 0)),
      })),
    );

  it('is found whole wherever the borders of the windows fall', async () => {
    const answerer = await reader();
    for (let before = 0; before < 130; before += 3) {
      const context = `${'c '.repeat(before)}a b d${' c'.repeat(130 - before)}`;
      const [found] = await answerer.run([{ question: 'q?', context }], { stride: 8 });
      expect(found!.answers[0]).toMatchObject({ text: 'a b d', start: 2 * before, end: 2 * before + 5 });
    }
  });

  it('that windows without overlap cut in two is not put together from both', async () => {
    // Question, mark and three special tokens leave 59 of the context; its token 58 is the last of the first window.
    const context = `${'c '.repeat(58)}a b d${' c'.repeat(60)}`;
    const [found] = await (await reader()).run([{ question: 'q?', context }], { stride: 0 });
    expect(found!.answers[0]!.text).not.toBe('a b d');
    const [whole] = await (await reader()).run([{ question: 'q?', context }], { stride: 3 });
    expect(whole!.answers[0]!.text).toBe('a b d');
  });

  it('in a text shorter than a window is the same for every stride', async () => {
    const answerer = await reader();
    const runs = await Promise.all(
      [0, 5, 59, 500].map((stride) => answerer.run([{ question: 'q?', context: 'c a b d c' }], { stride })),
    );
    for (const run of runs) expect(run).toEqual(runs[0]);
    expect(runs[0]![0]!.answers[0]).toMatchObject({ text: 'a b d', start: 2, end: 7 });
  });

  it('to a question about an empty text is an error that says so', async () => {
    for (const context of ['', ' \n'])
      await expect((await reader()).run([{ question: 'q?', context }])).rejects.toMatchObject({ code: 'DATA' });
  });
});

describe('an empty text', () => {
  it('has no names', async () => {
    const id2label = { 0: 'O', 1: 'B-X' };
    const tagger = await TokenClassifier.load(
      ...args('BertForTokenClassification', (ids) => ({ logits: ids.map(() => [0, 9]) }), { id2label }),
    );
    expect(await tagger.run(['', 'a'], { grouping: 'none' })).toMatchObject([[], [{ start: 0, end: 1 }]]);
  });

  it('has the class that its special tokens give it, averaged or cut', async () => {
    const id2label = { 0: 'short', 1: 'long' };
    const classifier = await TextClassifier.load(
      ...args('BertForSequenceClassification', (ids) => ({ logits: ids.length > 2 ? [0, 1] : [1, 0] }), { id2label }),
    );
    for (const longText of ['average', 'cut'] as const)
      expect((await classifier.run([''], { longText }))[0]![0]).toMatchObject({ label: 'short' });
  });
});
