// What the tasks make of a model's numbers, computed by hand: places in the text, groups, windows, order, limits.

import { trainWordPiece } from '@yumo/tokenizer';
import { describe, expect, it } from 'vitest';
import { type Scripted, scriptedRuntime, scriptedSource } from '../../test/scripted-runtime.ts';
import { memorySource } from '../checkpoint/source.ts';
import { FeatureExtractor } from './feature-extraction.ts';
import { MaskFiller } from './fill-mask.ts';
import { QuestionAnswerer } from './question-answering.ts';
import { TextClassifier } from './text-classification.ts';
import { TokenClassifier } from './token-classification.ts';
import { ZeroShotClassifier } from './zero-shot-classification.ts';

// A token for each letter: `ab` is a ##b.
const letters = 'abcdefghijklmnopqrstuvwxyz.?';
const tokenizer = await trainWordPiece([[...letters].map((l) => l + l).join(' ')], {
  vocabularySize: 5 + 26 + 2 + 26, // special tokens, letters, marks, letters inside words; nothing is left for merges
});
const letterOf = (id: number): string => tokenizer.idToToken(id)!.replace('##', '');
const options = { tokenizer: () => tokenizer };
const load = (className: string, answer: (ids: number[]) => Scripted, more: object = {}) => {
  const runtime = scriptedRuntime(answer);
  return { runtime, args: [scriptedSource(className, tokenizer.vocabularySize, more), runtime, options] as const };
};
/** ln p: softmax gives the probabilities back. */
const logits = (...p: number[]): number[] => p.map((x) => Math.log(x));

describe('token classification', () => {
  const labels = ['O', 'B-X', 'I-X', 'B-Y', 'I-Y'];
  const id2label = Object.fromEntries(labels.map((l, i) => [i, l]));
  /** Most of the weight on one label. */
  const sure = (label: string, p = 0.8): number[] =>
    logits(...labels.map((l) => (l === label ? p : (1 - p) / (labels.length - 1))));
  const tagger = async (rule: (letter: string) => number[], more: object = {}) => {
    const { runtime, args } = load(
      'BertForTokenClassification',
      (ids) => ({ logits: ids.map((id) => rule(letterOf(id))) }),
      {
        id2label,
        ...more,
      },
    );
    return { runtime, tagger: await TokenClassifier.load(...args) };
  };
  const table: Record<string, number[]> = {
    a: sure('B-X'),
    b: sure('I-X', 0.6),
    c: sure('O'),
    d: sure('I-X'),
    e: sure('B-Y'),
    f: sure('I-Y', 0.9),
  };
  const rule = (letter: string): number[] => table[letter] ?? sure('O');

  it('gives each token its place, special tokens none', async () => {
    const [found] = await (await tagger(rule)).tagger.run(['c ab'], { grouping: 'none' });
    expect(found).toMatchObject([
      { label: 'B-X', start: 2, end: 3, text: 'a' },
      { label: 'I-X', start: 3, end: 4, text: 'b' },
    ]);
    expect(found![1]!.score).toBeCloseTo(0.6, 6);
  });

  it('joins neighbours of one label, and not over what lies between them', async () => {
    const [found] = await (await tagger(rule)).tagger.run(['ab d c d ab e f a']);
    expect(found!.map((e) => [e.label, e.text])).toEqual([
      ['X', 'ab d'],
      ['X', 'd'],
      ['X', 'ab'],
      ['Y', 'e f'],
      ['X', 'a'],
    ]);
    expect(found![0]!.score).toBeCloseTo((0.8 + 0.6 + 0.8) / 3, 6);
  });

  it('labels whole words by their first, surest or mean token', async () => {
    const { tagger: t } = await tagger(rule);
    const of = async (grouping: 'first' | 'max' | 'average') =>
      (await t.run(['bf'], { grouping, ignoreLabels: [] }))[0]![0]!;
    expect(await of('first')).toMatchObject({ label: 'X', text: 'bf', start: 0, end: 2 });
    expect((await of('first')).score).toBeCloseTo(0.6, 6);
    expect(await of('max')).toMatchObject({ label: 'Y', text: 'bf' });
    expect((await of('max')).score).toBeCloseTo(0.9, 6);
    // b: I-X 0.6, others 0.1; f: I-Y 0.9, others 0.025. Means: I-X 0.3125, I-Y 0.5.
    expect(await of('average')).toMatchObject({ label: 'Y', text: 'bf' });
    expect((await of('average')).score).toBeCloseTo(0.5, 6);
  });

  it('counts in UTF-16 units, also after characters beyond them', async () => {
    const [found] = await (await tagger(rule)).tagger.run(['😀 ab 😀']);
    expect(found).toMatchObject([{ start: 3, end: 5, text: 'ab' }]);
  });

  it('reads a long text in windows and finds each name once', async () => {
    const text = 'c '.repeat(70).concat('ab ', 'c '.repeat(50), 'e f');
    const { runtime, tagger: t } = await tagger(rule);
    const [found] = await t.run([text], { stride: 10 });
    expect(found!.map((e) => [e.label, e.start, e.text])).toEqual([
      ['X', 140, 'ab'],
      ['Y', 243, 'e f'],
    ]);
    expect(runtime.batches.reduce((n, b) => n + b.rows, 0)).toBeGreaterThan(1);
    expect(Math.max(...runtime.batches.map((b) => b.tokens))).toBeLessThanOrEqual(64);
  });

  it('trusts the window in which a token stands far from the cuts', async () => {
    // Wrong about the four tokens at either end of what it reads.
    const { args } = load(
      'BertForTokenClassification',
      (ids) => ({ logits: ids.map((_, i) => sure(i < 5 || i > ids.length - 6 ? 'B-Y' : 'O')) }),
      { id2label },
    );
    const [found] = await (await TokenClassifier.load(...args)).run(['c '.repeat(120)], {
      grouping: 'none',
      stride: 10,
    });
    expect(found!.map((e) => e.start / 2)).toEqual([0, 1, 2, 3, 116, 117, 118, 119]);
  });

  it('lets windows share half of themselves at most', async () => {
    const { tagger: t } = await tagger(rule, { max_position_embeddings: 12 });
    const [found] = await t.run(['c '.repeat(30).concat('ab c')]);
    expect(found!.map((e) => [e.start, e.text])).toEqual([[60, 'ab']]);
  });

  it('refuses an unknown grouping and names the nearest', async () => {
    const { tagger: t } = await tagger(rule);
    await expect(t.run(['a'], { grouping: 'averege' as 'average' })).rejects.toThrow('did you mean "average"?');
  });

  it('refuses a model with another head', async () => {
    const { args } = load('BertForMaskedLM', () => ({}));
    await expect(TokenClassifier.load(...args)).rejects.toMatchObject({ code: 'CONFIG' });
  });
});

describe('question answering', () => {
  /** High at the start letter `s` and the end letter `e`; the first token at `none`. */
  const reader = async (none = -9) => {
    const high = (letter: string) => (ids: number[]) =>
      ids.map((id, i) => (i === 0 ? none : letterOf(id) === letter ? 4 : letterOf(id) === 'm' ? 2 : -2));
    const { runtime, args } = load('BertForQuestionAnswering', (ids) => ({
      start_logits: high('s')(ids),
      end_logits: high('e')(ids),
    }));
    return { runtime, reader: await QuestionAnswerer.load(...args) };
  };

  it('answers with the characters of the context, never of the question', async () => {
    const { reader: r } = await reader();
    const context = 'a b  suve x';
    const [found] = await r.run([{ question: 'se?', context }]);
    expect(found!.answers).toMatchObject([{ text: 'suve', start: 5, end: 9 }]);
    // Of the first token and 7 letters: s is e⁴, all others e⁻², the first token e⁻⁹; the same for the end.
    const p = Math.exp(4) / (Math.exp(4) + 6 * Math.exp(-2) + Math.exp(-9));
    expect(found!.answers[0]!.score).toBeCloseTo(p * p, 6);
  });

  it('gives the best answers in order, none twice, none longer than asked for', async () => {
    const { reader: r } = await reader();
    const [found] = await r.run([{ question: 'a?', context: 'sbe m' }], { topK: 3, maxAnswerTokens: 3 });
    expect(found!.answers.map((a) => a.text)).toEqual(['sbe', 'm', 'sb']);
    const [short] = await r.run([{ question: 'a?', context: 'sbe m' }], { topK: 1, maxAnswerTokens: 2 });
    expect(short!.answers[0]!.text).not.toBe('sbe');
  });

  it('says when there is no answer, if that is allowed', async () => {
    const { reader: r } = await reader(9);
    const ask = [{ question: 'a?', context: 'sbe' }];
    const [found] = await r.run(ask, { allowNoAnswer: true });
    expect(found!.answers[0]).toMatchObject({ text: '', start: 0, end: 0 });
    expect(found!.answers[0]!.score).toBe(found!.noAnswerScore);
    expect(found!.noAnswerScore).toBeGreaterThan(0.9);
    expect((await r.run(ask))[0]!.answers[0]!.text).toBe('sbe');
  });

  it('finds an answer anywhere in a context of many windows', async () => {
    const { runtime, reader: r } = await reader();
    for (const before of [0, 57, 58, 100, 200]) {
      const context = `${'a '.repeat(before)}s e ${'a '.repeat(150)}`;
      const [found] = await r.run([{ question: 'a?', context }], { batchSize: 2 });
      expect(found!.answers).toMatchObject([{ text: 's e', start: 2 * before, end: 2 * before + 3 }]);
    }
    expect(Math.max(...runtime.batches.map((b) => b.tokens))).toBe(64);
  });

  it('refuses an empty context, and a question that leaves no room', async () => {
    const { reader: r } = await reader();
    await expect(r.run([{ question: 'a', context: ' ' }])).rejects.toMatchObject({ code: 'DATA' });
    await expect(r.run([{ question: 'a '.repeat(70), context: 'b' }])).rejects.toMatchObject({ code: 'CONTEXT' });
  });
});

describe('text classification', () => {
  // The share of the letter a, as probability of class A.
  const share = (ids: number[]): Scripted => {
    const inside = ids.slice(1, -1);
    const p = Math.min(Math.max(inside.filter((id) => letterOf(id) === 'a').length / inside.length, 0.001), 0.999);
    return { logits: logits(p, 1 - p) };
  };
  const labels = { id2label: { 0: 'A', 1: 'other' } };

  it('answers in the order of the texts, whatever their lengths and batches', async () => {
    const { runtime, args } = load('BertForSequenceClassification', share, labels);
    const classifier = await TextClassifier.load(...args);
    const texts = ['aaab', 'a', 'bbbbbbba', 'ab', 'b'];
    for (const batchSize of [1, 2, 16]) {
      const found = await classifier.run(texts, { batchSize });
      const a = found.map((row) => row.find((x) => x.label === 'A')!.score);
      for (const [i, p] of [0.75, 0.999, 0.125, 0.5, 0.001].entries()) expect(a[i]).toBeCloseTo(p, 6);
      expect(found.every((row) => row[0]!.score >= row[1]!.score)).toBe(true);
    }
    expect(runtime.batches[0]!.rows).toBe(1);
  });

  it('judges several labels one by one where the model was trained so', async () => {
    const { args } = load('BertForSequenceClassification', () => ({ logits: [0, Math.log(3)] }), {
      ...labels,
      problem_type: 'multi_label_classification',
    });
    const [found] = await (await TextClassifier.load(...args)).run(['a']);
    expect(found!.map((x) => x.label)).toEqual(['other', 'A']);
    expect(found![0]!.score).toBeCloseTo(0.75, 6);
    expect(found![1]!.score).toBeCloseTo(0.5, 6);
  });

  it('averages the windows of a long text by their lengths', async () => {
    const { args } = load('BertForSequenceClassification', share, labels);
    const classifier = await TextClassifier.load(...args);
    const text = `${'a '.repeat(62)}${'b '.repeat(31)}`;
    const p = async (longText: 'cut' | 'average') =>
      (await classifier.run([text], { longText, stride: 0 }))[0]!.find((x) => x.label === 'A')!.score;
    expect(await p('cut')).toBeCloseTo(0.999, 6);
    expect(await p('average')).toBeCloseTo((64 * 0.999 + 33 * 0.001) / 97, 6);
  });

  it('stops between batches when told', async () => {
    const control = new AbortController();
    let runs = 0;
    const { args } = load('BertForSequenceClassification', (ids) => {
      if (++runs === 2) control.abort();
      return share(ids);
    });
    const classifier = await TextClassifier.load(...args);
    const texts = ['a', 'b', 'c', 'd'];
    await expect(classifier.run(texts, { batchSize: 1, signal: control.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(runs).toBe(2);
  });

  it('says so when the model answers with NaN', async () => {
    const { args } = load('BertForSequenceClassification', () => ({ logits: [0, Number.NaN] }));
    await expect((await TextClassifier.load(...args)).run(['a'])).rejects.toMatchObject({ code: 'NUMERIC' });
  });

  it('refuses wrong options and text of a foreign tokenizer', async () => {
    const { args } = load('BertForSequenceClassification', share);
    const classifier = await TextClassifier.load(...args);
    await expect(classifier.run(['a'], { batchSize: 0 })).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(classifier.run(['a'], { topK: 0 })).rejects.toMatchObject({ code: 'CONFIG' });
    expect(await classifier.run([])).toEqual([]);
    const small = scriptedSource('BertForSequenceClassification', 12);
    await expect(TextClassifier.load(small, args[1], options)).rejects.toMatchObject({ code: 'TOKENIZER' });
  });
});

describe('zero-shot classification', () => {
  it('lets labels compete by how well they are entailed', async () => {
    const id2label = { 0: 'CONTRADICTION', 1: 'NEUTRAL', 2: 'ENTAILMENT' };
    // Entailment is 1 for hypotheses with an x, else 0; contradiction always 0.
    const { args } = load(
      'BertForSequenceClassification',
      (ids) => ({ logits: [0, 5, ids.some((id) => letterOf(id) === 'x') ? 1 : 0] }),
      { id2label },
    );
    const classifier = await ZeroShotClassifier.load(...args);
    const [one] = await classifier.run(['a b'], ['c', 'x', 'd'], { hypothesis: 'is {}.' });
    expect(one!.map((r) => r.label)).toEqual(['x', 'c', 'd']);
    expect(one![0]!.score).toBeCloseTo(Math.E / (Math.E + 2), 6);
    const [each] = await classifier.run(['a b'], ['c', 'x'], { hypothesis: 'is {}.', several: true });
    expect(each![0]!.score).toBeCloseTo(Math.E / (Math.E + 1), 6);
    expect(each![1]!.score).toBeCloseTo(0.5, 6);
    await expect(classifier.run(['a'], [])).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(classifier.run(['a'], ['b'], { hypothesis: 'none' })).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('refuses a model that knows no entailment', async () => {
    const { args } = load('BertForSequenceClassification', () => ({ logits: [0, 0] }));
    await expect(ZeroShotClassifier.load(...args)).rejects.toThrow('entailment');
  });
});

describe('fill-mask', () => {
  it('fills each mask of a text by itself', async () => {
    const size = tokenizer.vocabularySize;
    // Each place expects its own position as id, a little its double.
    const { args } = load('BertForMaskedLM', (ids) => ({
      logits: ids.map((_, i) => Array.from({ length: size }, (_, id) => (id === 10 + i ? 3 : id === 20 + i ? 2 : 0))),
    }));
    const filler = await MaskFiller.load(...args);
    const [found] = await filler.run(['a [MASK] b [MASK]'], { topK: 2 });
    expect(found!.map((mask) => mask.map((c) => c.id))).toEqual([
      [12, 22],
      [14, 24],
    ]);
    const total = Math.exp(3) + Math.exp(2) + (size - 2);
    expect(found![0]![1]!.score).toBeCloseTo(Math.exp(2) / total, 6);
    expect(found![0]![0]!.sequence).toBe(`a ${tokenizer.decode([12])} b`.replace(' ##', ''));
    await expect(filler.run(['a b'])).rejects.toMatchObject({ code: 'DATA' });
  });
});

describe('feature extraction', () => {
  /** A token's state is its id, and its place. */
  const answer = (ids: number[]): Scripted => ({ last_hidden_state: ids.map((id, i) => [id, i]) });
  const extractor = async (files: Readonly<Record<string, object>> = {}) => {
    const { args } = load('BertModel', answer);
    const [source, ...rest] = args;
    const added = memorySource(Object.fromEntries(Object.entries(files).map(([name, v]) => [name, JSON.stringify(v)])));
    const both = {
      ...source,
      exists: async (path: string) => (await added.exists(path)) || source.exists(path),
      size: async (path: string) => ((await added.exists(path)) ? added : source).size(path),
      read: async (path: string, o?: object) => ((await added.exists(path)) ? added : source).read(path, o),
    };
    return FeatureExtractor.load(both, ...rest);
  };
  const idsOf = (text: string): number[] => [...tokenizer.encodeIds(text)];

  it('pools as asked, or as the folder of a sentence encoder says', async () => {
    const plain = await extractor();
    const ids = idsOf('abc');
    const mean = ids.reduce((a, b) => a + b, 0) / ids.length;
    const raw = { normalize: false };
    expect([...(await plain.run(['abc'], raw))[0]!]).toEqual([mean, (ids.length - 1) / 2].map(Math.fround));
    expect([...(await plain.run(['abc'], { ...raw, pooling: 'cls' }))[0]!]).toEqual([ids[0], 0]);
    expect([...(await plain.run(['abc', 'a'], { ...raw, pooling: 'last' }))[0]!]).toEqual([ids.at(-1), ids.length - 1]);
    const first = await extractor({
      '1_Pooling/config.json': { pooling_mode_cls_token: true, word_embedding_dimension: 2 },
    });
    expect([...(await first.run(['abc'], raw))[0]!]).toEqual([ids[0], 0]);
    await expect(extractor({ '1_Pooling/config.json': { pooling_mode_max_tokens: true } })).rejects.toThrow(
      'pooling_mode_max_tokens',
    );
    await expect(plain.run(['a'], { pooling: 'lats' as 'last' })).rejects.toThrow('did you mean "last"');
  });

  it('puts prompts before texts: by name, by the default of the folder, or as given', async () => {
    const prompts = { query: 'q ', passage: 'p ' };
    const prompted = await extractor({
      'config_sentence_transformers.json': { prompts, default_prompt_name: 'passage' },
    });
    const plain = await extractor();
    const vector = async (e: FeatureExtractor, text: string, o: object = {}) => [...(await e.run([text], o))[0]!];
    expect(await vector(prompted, 'ab', { prompt: 'query' })).toEqual(await vector(plain, 'q ab'));
    expect(await vector(prompted, 'ab')).toEqual(await vector(plain, 'p ab'));
    expect(await vector(prompted, 'ab', { prefix: '' })).toEqual(await vector(plain, 'ab'));
    await expect(prompted.run(['ab'], { prompt: 'qeury' })).rejects.toThrow('did you mean "query"');
  });
});
