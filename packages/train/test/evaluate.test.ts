// Evaluation of tiny random models, against numbers counted here row by row; neither batches nor padding change anything.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  FeatureExtractor,
  type FileSource,
  MaskFiller,
  memorySource,
  QuestionAnswerer,
  TextClassifier,
  TokenClassifier,
  Translator,
} from '@yumo/core';
import { onnxruntimeNode } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import { describe, expect, test } from 'vitest';
import { type configs, entityLabels, sentences, tinyFolder } from '../../core/test/tiny-heads.ts';
import { type DataFile, type EvaluateTaskOptions, type Evaluation, evaluateTask, worstOf } from '../src/index.ts';

const runtime = await onnxruntimeNode({ threads: 1 });
const options = { tokenizer: (json: string) => Tokenizer.fromJson(json) };

async function tiny(
  family: keyof typeof configs,
  className: string,
  more: Readonly<Record<string, unknown>> = {},
  name = 'tiny',
): Promise<FileSource> {
  const folder = await tinyFolder(family, className, more);
  const names = ['config.json', 'model.safetensors', 'tokenizer.json'];
  return memorySource(
    Object.fromEntries(
      await Promise.all(names.map(async (n) => [n, new Uint8Array(await readFile(join(folder, n)))] as const)),
    ),
    name,
  );
}
const file = (name: string, text: string): DataFile => ({ name, bytes: new TextEncoder().encode(text) });
const value = ({ scores }: Pick<Evaluation, 'scores'>, name: string): number =>
  scores.find((s) => s.name === name)!.value;

/** Texts of very different lengths. */
const texts = Array.from({ length: 23 }, (_, i) =>
  Array.from({ length: 1 + ((i * 7) % 5) }, (_, k) => sentences[(i + k) % 4]).join(' '),
);

/** The same rows in batches of 1, 3 and 16: the same predictions and scores. */
async function whatever(
  source: FileSource,
  files: readonly DataFile[],
  more: EvaluateTaskOptions = {},
): Promise<Evaluation> {
  const [first, ...others] = await Promise.all(
    [16, 3, 1].map((batchSize) => evaluateTask(source, files, runtime, { ...more, batchSize })),
  );
  for (const other of others) {
    expect(other.predictions.map((p) => p.predicted)).toEqual(first!.predictions.map((p) => p.predicted));
    for (const [i, score] of other.scores.entries()) expect(score.value).toBeCloseTo(first!.scores[i]!.value, 4);
  }
  return first!;
}

describe('classifiers', () => {
  test('accuracy is the share of right classes, the worst errors are the surest wrong ones', async () => {
    const source = await tiny('bert', 'BertForSequenceClassification', {
      id2label: { 0: 'positive', 1: 'negative', 2: 'neutral' },
    });
    const gold = texts.map((_, i) => ['negative', 'positive', 'neutral'][i % 3]!);
    const found = await whatever(source, [file('a.tsv', texts.map((t, i) => `${t}\t${gold[i]}\n`).join(''))]);
    const classifier = await TextClassifier.load(source, runtime, options);
    const best = (await Promise.all(texts.map((t) => classifier.run([t])))).map(([row]) => row![0]!);
    const right = best.filter((b, i) => b.label === gold[i]).length;
    expect(found.predictions.map((p) => p.predicted)).toEqual(best.map((b) => b.label));
    expect(value(found, 'accuracy')).toBeCloseTo(right / texts.length, 12);
    expect(found).toMatchObject({
      task: 'text-classification',
      rows: 23,
      measured: 23,
      complete: true,
      labels: { positive: 'positive' },
    });
    expect(found.scores[0]!.interval!.low).toBeLessThanOrEqual(right / texts.length);
    const wrong = best.filter((b, i) => b.label !== gold[i]).map((b) => b.score);
    expect(worstOf(found.predictions, 3).map((w) => w.score)).toEqual(
      wrong
        .sort((a, b) => b - a)
        .slice(0, 3)
        .map((s) => expect.closeTo(s, 4)),
    );
    expect(worstOf(found.predictions, 99)).toHaveLength(wrong.length);
  });

  test('naive Bayes beside it learns from the training file', async () => {
    const source = await tiny('distilbert', 'DistilBertForSequenceClassification', {
      id2label: { 0: 'negative', 1: 'positive' },
    });
    const rows = (n: number): string =>
      Array.from({ length: n }, (_, i) => `${sentences[i % 4]} ${i % 2 ? 'good' : 'bad'} ${i}\t${i % 2}\n`).join('');
    const found = await evaluateTask(source, [file('dev.tsv', rows(12))], runtime, {
      baseline: { files: [file('train.tsv', rows(40))] },
    });
    expect(found.baseline!.name).toBe('naive Bayes, 40 rows');
    expect(value(found.baseline!, 'accuracy')).toBe(1);
  });
});

test('entities: units of a file with tags are its tokens, whatever pieces the model reads', async () => {
  const source = await tiny('bert', 'BertForTokenClassification', entityLabels);
  const rows = texts.map((t) => t.split(' '));
  const tags = rows.map((row) => row.map((word, i) => (/^[A-Z]/.test(word) ? (i % 2 ? 'B-PER' : 'B-LOC') : 'O')));
  const conll = rows.map((row, r) => `${row.map((word, i) => `${word}\t${tags[r]![i]}\n`).join('')}\n`).join('');
  const found = await whatever(source, [file('a.conll', conll)]);
  // Counted anew: the label of the first piece of each word, runs of tags as entities.
  const tagger = await TokenClassifier.load(source, runtime, options);
  let [hits, own, expected, rightTags, words] = [0, 0, 0, 0, 0];
  for (const [r, row] of rows.entries()) {
    const [pieces] = await tagger.run([row.join(' ')], { grouping: 'none', ignoreLabels: [] });
    let at = 0;
    const predicted = row.map((word) => {
      const piece = pieces!.find((p) => p.start === at);
      at += word.length + 1;
      return piece!.label;
    });
    words += row.length;
    rightTags += predicted.filter((tag, i) => tag === tags[r]![i]).length;
    const entities = (of: readonly string[]): string[] =>
      of.flatMap((tag, i) => {
        const type = tag.slice(2);
        if (tag === 'O' || (tag.startsWith('I') && of[i - 1]?.slice(2) === type)) return [];
        let end = i + 1;
        while (of[end] === `I-${type}`) end++;
        return [`${i} ${end} ${type}`];
      });
    const [a, b] = [entities(tags[r]!), entities(predicted)];
    expected += a.length;
    own += b.length;
    hits += b.filter((e) => a.includes(e)).length;
  }
  expect(value(found, 'precision')).toBeCloseTo(hits / own, 12);
  expect(value(found, 'recall')).toBeCloseTo(hits / expected, 12);
  expect(value(found, 'F1')).toBeCloseTo((2 * hits) / (own + expected), 12);
  expect(value(found, 'token accuracy')).toBeCloseTo(rightTags / words, 12);
});

test('answers: exact match as counted here; questions without answer are told apart', async () => {
  const source = await tiny('bert', 'BertForQuestionAnswering');
  const reader = await QuestionAnswerer.load(source, runtime, options);
  const contexts = texts.map((t) => `${t} ${t}`);
  const ask = contexts.map((context, i) => ({ question: sentences[i % 4]!, context }));
  const own = (await Promise.all(ask.map((q) => reader.run([q], { allowNoAnswer: true, maxAnswerTokens: 30 })))).map(
    ([a]) => a!.answers[0]!.text,
  );
  // Every second answer is right; every fifth question has none.
  const paragraphs = ask.map(({ question, context }, i) => ({
    context,
    qas: [
      {
        id: `q${i}`,
        question,
        is_impossible: i % 5 === 0,
        answers: i % 5 === 0 ? [] : [{ text: i % 2 && own[i] ? own[i] : 'Marie', answer_start: 0 }],
      },
    ],
  }));
  const found = await whatever(source, [
    file('dev.json', JSON.stringify({ version: 'v2.0', data: [{ title: 't', paragraphs }] })),
  ]);
  expect(found.metric).toBe('SQuAD 2.0');
  expect(found.predictions.map((p) => p.record.predicted)).toEqual(own);
  const right = own.map((text, i) =>
    i % 5 === 0 ? text === '' : i % 2 === 1 && text !== '' ? true : text === 'Marie',
  );
  expect(value(found, 'exact match')).toBeCloseTo((100 * right.filter(Boolean).length) / 23, 10);
  expect(value(found, 'exact match, without answer')).toBeCloseTo(
    (100 * own.filter((text, i) => i % 5 === 0 && text === '').length) / 5,
    10,
  );
});

test('a Chinese file is measured as CMRC', async () => {
  const source = await tiny('bert', 'BertForQuestionAnswering');
  const paragraphs = [
    {
      context: '北京是中国的首都。',
      qas: [{ id: '1', question: '北京？', answers: [{ text: '中国', answer_start: 3 }] }],
    },
  ];
  const found = await evaluateTask(source, [file('c.json', JSON.stringify({ data: [{ paragraphs }] }))], runtime, {
    baseline: { files: [] },
  });
  expect(found).toMatchObject({ metric: 'CMRC 2018', language: 'zh', baseline: { name: 'word overlap' } });
});

describe('translators', () => {
  const german = [
    'Marie Curie wurde in Warschau geboren und war in Paris.',
    'Das Schiff ist nach neun Tagen auf dem Meer in Lissabon.',
    'Das Wasser ist in den Bergen nicht so warm und kocht.',
    'Wer hat den Brief, den Ada nach London sandte, und wann?',
  ];
  const english = [...sentences.slice(0, 4)];

  test('BLEU of what the model writes, by the tokens of the target; the source itself beside it', async () => {
    const source = await tiny('marian', 'MarianMTModel', {}, 'models/marian-en-de');
    const writer = await Translator.load(source, runtime, options);
    const own = (await Promise.all(english.map((t) => writer.run([t], { maxNewTokens: 8 })))).flat();
    const files = [file('t.en', english.join('\n')), file('t.de', german.join('\n'))];
    const found = await whatever(source, files, { maxNewTokens: 8, baseline: { files: [] } });
    expect(found.predictions.map((p) => p.predicted)).toEqual(own.map((t) => t.trim()));
    expect(found).toMatchObject({ task: 'translation', language: 'de' });
    expect(found.signatures![0]).toMatch(/^BLEU\|nrefs:1\|case:mixed\|eff:no\|tok:13a\|smooth:exp/);
    expect(value(found.baseline!, 'chrF')).toBeGreaterThan(0);
    // Too short to tell their languages or a translation from a summary: the model decides.
    const short = [file('s.tsv', 'en\tde\nHello there, world\tHallo\nA dog runs today\tLauf\n')];
    expect(await whatever(source, short, { maxNewTokens: 2 })).toMatchObject({ task: 'translation' });
    // The sides of the file the other way round: the model's name says what it was trained for.
    const turned = await evaluateTask(source, [...files].reverse(), runtime, { maxNewTokens: 8 });
    expect(turned.predictions.map((p) => p.input)).toEqual(english);
    expect(value(turned, 'BLEU')).toBe(value(found, 'BLEU'));
    expect(turned.remarks.join()).toContain('direction en → de, as the model was trained');
  });

  test('texts with short targets of the same language are summaries; the first sentence beside them', async () => {
    const source = await tiny('t5', 'T5ForConditionalGeneration');
    const rows = english
      .map((t, i) => JSON.stringify({ document: `${t} ${english.join(' ')}`, summary: english[i] }))
      .join('\n');
    const found = await evaluateTask(source, [file('s.jsonl', rows)], runtime, {
      maxNewTokens: 8,
      baseline: { files: [] },
    });
    expect(found).toMatchObject({ task: 'summarization', baseline: { name: 'first sentence' } });
    expect(value(found.baseline!, 'ROUGE-L')).toBeCloseTo(1, 12);
  });
});

test('similarity: the cosines of two vectors, in their order', async () => {
  const source = await tiny('bert', 'BertModel');
  const rows = texts.map((t, i) => [t, texts[(i * 5 + 3) % 23]!, (i * 7) % 6] as const);
  const found = await whatever(source, [file('sts.tsv', rows.map((r) => `${r.join('\t')}\n`).join(''))]);
  const extractor = await FeatureExtractor.load(source, runtime, options);
  for (const [i, [a, b]] of rows.entries()) {
    const [u, v] = [(await extractor.run([a]))[0]!, (await extractor.run([b]))[0]!];
    expect(Number(found.predictions[i]!.record.predicted)).toBeCloseTo(
      u.reduce((sum, x, k) => sum + x * v[k]!, 0),
      4,
    );
  }
});

test('masked language models: the probability of the hidden token is the one that filling masks gives', async () => {
  const source = await tiny('bert', 'BertForMaskedLM');
  const [text] = sentences;
  const found = await whatever(source, [
    file('a.jsonl', `${texts.map((t) => JSON.stringify({ text: t })).join('\n')}\n${JSON.stringify({ text })}\n`),
  ]);
  const last = found.predictions.filter((p) => p.place.startsWith('a.jsonl:24'));
  const filler = await MaskFiller.load(source, runtime, options);
  const tokenizer = filler.model.tokenizer;
  const { ids } = filler.model.encode(text!).first;
  const hidden = last.map((p) => Number(p.record.position));
  const spelled = Array.from(ids, (id, i) => (hidden.includes(i) ? '[MASK]' : tokenizer.decode([id]))).slice(1, -1);
  expect(last.length).toBeGreaterThan(0);
  // Only where the text with its masks is read as the same tokens.
  const read = Array.from(filler.model.encode(spelled.join(' '), null, { specialTokensInText: 'parse' }).first.ids);
  const same = read.length === ids.length && read.every((id, i) => hidden.includes(i) || id === ids[i]);
  if (same) {
    const [masks] = await filler.run([spelled.join(' ')], { topK: 160 });
    for (const [k, p] of last.entries())
      expect(masks![k]!.find((c) => c.id === ids[hidden[k]!])!.score).toBeCloseTo(p.score, 4);
  }
  const losses = found.predictions.map((p) => -Math.log(p.score));
  expect(value(found, 'masked loss')).toBeCloseTo(losses.reduce((a, b) => a + b, 0) / losses.length, 6);
});

describe('what does not fit', () => {
  test('a file for another task, and a task of another model, are named', async () => {
    const reader = await tiny('bert', 'BertForQuestionAnswering', {}, 'reader');
    const table = file('dev.tsv', texts.map((t, i) => `${t}\t${i % 2}\n`).join(''));
    await expect(evaluateTask(reader, [table], runtime)).rejects.toMatchObject({
      code: 'DATA',
      message: expect.stringContaining(
        'dev.tsv: question-answering needs questions with answers (SQuAD JSON), but the file holds records with column1, column2',
      ),
    });
    await expect(evaluateTask(reader, [table], runtime, { task: 'translation' })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining('reader is a BertForQuestionAnswering: it answers questions'),
    });
    await expect(evaluateTask(reader, [table], runtime, { task: 'question-answring' })).rejects.toThrow(
      'did you mean "question-answering"?',
    );
    await expect(evaluateTask(reader, [file('e.tsv', '')], runtime)).rejects.toThrow('e.tsv: the file is empty');
  });

  test('a stop gives the scores of the rows so far; before the first row it is an error', async () => {
    const source = await tiny('bert', 'BertForSequenceClassification', { id2label: { 0: 'a', 1: 'b' } });
    const table = file('dev.tsv', texts.map((t, i) => `${t}\t${'ab'[i % 2]}\n`).join(''));
    const stop = new AbortController();
    const found = await evaluateTask(source, [table], runtime, {
      batchSize: 4,
      signal: stop.signal,
      onProgress: ({ done }) => done >= 8 && stop.abort(),
    });
    expect(found).toMatchObject({ complete: false, measured: 8, rows: 23 });
    expect(found.predictions).toHaveLength(8);
    await expect(evaluateTask(source, [table], runtime, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  test('a limit takes rows spread evenly', async () => {
    const source = await tiny('bert', 'BertForSequenceClassification', { id2label: { 0: 'a', 1: 'b' } });
    const table = file('dev.tsv', texts.map((t, i) => `${t}\t${i < 12 ? 'a' : 'b'}\n`).join(''));
    const found = await evaluateTask(source, [table], runtime, { limit: 4 });
    expect(found.predictions.map((p) => p.expected)).toEqual(['a', 'a', 'a', 'b']);
  });
});
