// What objectives make of rows: labels, tags, answers, targets; and what they say of rows that do not fit.

import { isYumoError, referenceRuntime } from '@yumo/core';
import { type Tokenizer, trainWordPiece } from '@yumo/tokenizer';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DataRow } from '../data/readers/rows.ts';
import { type LoadedSource, readSources, type TrainingData } from '../data/sources.ts';
import type { Recipe } from '../recipe.ts';
import { parseRecipe } from '../recipe-fields.ts';
import { type Plan, planTraining } from '../trainer.ts';
import { encodedConversation } from './makers/conversations.ts';
import { evidenceOf, tokensOfAnswer } from './makers/questions.ts';
import { piecesOfWords, tagsOf } from './makers/tagging.ts';

const bert = {
  model_type: 'bert',
  ...{
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 64,
  },
};

/** A recipe of one file, read from text as from disk. */
async function plan(
  objective: Record<string, unknown>,
  file: { name: string; text: string },
  changes: { source?: Record<string, unknown>; validation?: string; recipe?: Record<string, unknown> } = {},
): Promise<Plan> {
  const source = { files: [file.name], ...changes.source };
  const recipe: Recipe = parseRecipe({
    name: 'x',
    data: {
      kind: 'rows',
      train: [source],
      validationShare: 0.3,
      ...(changes.validation === undefined ? {} : { validation: [source] }),
    },
    tokenizer: { kind: 'word-piece', vocabularySize: 200, minFrequency: 1 },
    model: bert,
    objective,
    batch: 2,
    steps: 1,
    ...changes.recipe,
  });
  const notices: { text: string; count: number }[] = [];
  const note = (text: string, count: number): void => void notices.push({ text, count });
  if (recipe.data.kind !== 'rows') throw new Error('a recipe of rows has rows');
  const load = (text: string): LoadedSource => ({
    source: recipe.data.kind === 'rows' ? recipe.data.train[0]! : (undefined as never),
    files: [{ name: file.name, bytes: new TextEncoder().encode(text) as Uint8Array<ArrayBuffer> }],
  });
  const data: TrainingData = {
    kind: 'rows',
    training: await readSources([load(file.text)], note),
    validation: changes.validation === undefined ? undefined : await readSources([load(changes.validation)], note),
  };
  return planTraining({ recipe, data, notices });
}

const messageOf = async (run: Promise<unknown>): Promise<string> => {
  try {
    await run;
  } catch (error) {
    if (isYumoError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const reviews = Array.from({ length: 20 }, (_, i) => `${i % 2}\tthe room ${i} was ${i % 2 ? 'good' : 'bad'}`);
const table = `label\ttext_a\n${reviews.join('\n')}\n`;
const classify = { kind: 'sequence-classification' };
const asText = { source: { fields: { text: 'text_a' } } };

describe('classification', () => {
  it('names the classes as the recipe does; they are in the bundle’s config', async () => {
    const { model } = await plan(
      { ...classify, labelNames: { 0: 'bad', 1: 'good' } },
      { name: 'r.tsv', text: table },
      asText,
    );
    expect(model.json).toMatchObject({
      architectures: ['BertForSequenceClassification'],
      id2label: { 0: 'bad', 1: 'good' },
      label2id: { bad: 0, good: 1 },
      problem_type: 'single_label_classification',
    });
  });

  it('counts validation rows that are also in the training part', async () => {
    const { notices } = await plan(
      classify,
      { name: 'r.tsv', text: table },
      { ...asText, validation: `label\ttext_a\n${reviews[3]}\n0\tsomething else\n` },
    );
    expect(notices).toEqual([
      { text: expect.stringMatching(/^validation rows that are also in the training part \(50\.0 % of 2\)/), count: 1 },
    ]);
  });

  it('counts texts that are cut', async () => {
    const { notices, task } = await plan(
      classify,
      { name: 'r.tsv', text: table },
      { ...asText, recipe: { context: 5 } },
    );
    expect(notices).toContainEqual({ text: 'texts longer than 5 tokens, cut there', count: 20 });
    expect((await task.order.batch(0)).feeds.input_ids!.shape).toEqual([2, 8]);
  });

  it.each<[string, Promise<unknown> | (() => Promise<unknown>), RegExp]>([
    [
      'a column that is not there',
      () => plan(classify, { name: 'r.tsv', text: table }, { source: { fields: { text: 'txt_a' } } }),
      /^DATA: r\.tsv: no field "txt_a"; did you mean "text_a"\?/,
    ],
    [
      'a label that the recipe does not list',
      () => plan({ ...classify, labels: ['0', '2'] }, { name: 'r.tsv', text: table }, asText),
      /^DATA: r\.tsv:3: label is "1", not one of the labels 0, 2/,
    ],
    [
      'a validation label that training has not',
      () => plan(classify, { name: 'r.tsv', text: table }, { ...asText, validation: 'label\ttext_a\n7\tnew\n8\tx\n' }),
      /^DATA: data: label "7" does not occur in the training part; it has 0, 1/,
    ],
    [
      'a label of a pair that the recipe does not list',
      () =>
        plan(
          { ...classify, labels: ['entails', 'contradicts'] },
          { name: 'p.tsv', text: 'a\tb\tlabel\nx\ty\tentails\nx\tz\tentail\n' },
          { source: { fields: { text: 'a', second: 'b' } } },
        ),
      /^DATA: p\.tsv:3: label is "entail", not one of the labels entails, contradicts; did you mean "entails"\?/,
    ],
    [
      'one of several labels that the recipe does not list',
      () =>
        plan(
          { kind: 'multi-label-classification', labels: ['red', 'blue'] },
          { name: 'm.jsonl', text: '{"text": "x", "labels": ["red"]}\n{"text": "y", "labels": ["red", "blau"]}\n' },
        ),
      /^DATA: m\.jsonl:2: labels is "blau", not one of the labels red, blue/,
    ],
    [
      'rows of another task',
      () =>
        plan(classify, {
          name: 'q.json',
          text: '{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q", "answers": []}]}]}]}',
        }),
      /^DATA: q\.json: its rows are question-answering, without named fields; objective sequence-classification needs these/,
    ],
    [
      'one label for all',
      () => plan(classify, { name: 'r.tsv', text: table.replaceAll('\n1\t', '\n0\t') }, asText),
      /^DATA: data: all rows have the label "0"/,
    ],
    ['an empty file', () => plan(classify, { name: 'r.tsv', text: '' }, asText), /^DATA: r\.tsv: the file is empty/],
    [
      'one row',
      () => plan(classify, { name: 'r.tsv', text: 'label\ttext_a\n1\tgood\n' }, asText),
      /^DATA: data: the (training|validation) part has no rows \(1 rows in r\.tsv\)/,
    ],
    [
      'a model without such a head',
      () =>
        plan(
          classify,
          { name: 'r.tsv', text: table },
          { ...asText, recipe: { model: { model_type: 't5', d_model: 16 } } },
        ),
      /^CONFIG: objective sequence-classification: t5 has no head for it; it has T5ForConditionalGeneration/,
    ],
    [
      'data of another task',
      () => plan({ kind: 'question-answering' }, { name: 'r.tsv', text: table }),
      /^DATA: r\.tsv: its rows are record, question answering needs SQuAD JSON/,
    ],
    [
      'a measure that is not taken',
      () => plan(classify, { name: 'r.tsv', text: table }, { ...asText, recipe: { best: 'acuracy' } }),
      /^CONFIG: best, expect: objective sequence-classification does not measure "acuracy"; did you mean "accuracy"\?/,
    ],
    [
      'a tokenizer without the tokens',
      () =>
        plan(
          { kind: 'masked-lm' },
          { name: 'r.tsv', text: table },
          { ...asText, recipe: { tokenizer: { kind: 'file', path: 'x' } } },
        ),
      /^FILE: tokenizer\.path: the text of x was not given/,
    ],
  ])('refuses %s', async (_, run, message) => {
    expect(await messageOf(typeof run === 'function' ? run() : run)).toMatch(message);
  });

  it('refuses running text', async () => {
    const recipe = parseRecipe({
      name: 'x',
      data: { kind: 'text', files: ['x'] },
      tokenizer: { kind: 'characters' },
      model: bert,
      objective: classify,
      batch: 1,
      steps: 1,
    });
    const data: TrainingData = { kind: 'text', files: [{ name: 'x', documents: ['a'] }] };
    expect(await messageOf(planTraining({ recipe, data }))).toMatch(
      /^CONFIG: data: objective sequence-classification learns from rows, and data\.kind is "text"/,
    );
  });

  it('keeps the same rows back whatever stands before them, and equal rows on one side', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 2}\trow ${i % 30}`);
    const countOf = async (lines: readonly string[]): Promise<number> =>
      (await plan(classify, { name: 'r.tsv', text: `label\ttext_a\n${lines.join('\n')}\n` }, asText)).task.facts
        .validationExamples!;
    const all = await countOf(rows);
    expect(all % 2).toBe(0); // every row is there twice
    expect(await countOf([...rows].reverse())).toBe(all);
  });
});

let tokenizer: Tokenizer;
beforeAll(async () => {
  tokenizer = await trainWordPiece(['unaffordable rooms in Berlin and 北京 hotels'], {
    vocabularySize: 10,
    minFrequency: 1,
  });
});

describe('tags', () => {
  const text = 'unaffordable rooms in Berlin';
  const span = { type: 'LOC', start: 22, end: 28 };
  const pieces = (entities: readonly (typeof span)[], scheme: 'BIO' | 'BIOES') => {
    const encoding = tokenizer.encode(text);
    return tagsOf(encoding, entities, scheme).map((tag, i) => [encoding.tokens[i], tag] as const);
  };

  it('of a word go to all its pieces: the first begins, the others go on', () => {
    const tagged = pieces([span], 'BIO').filter(([, tag]) => tag !== undefined && tag !== 'O');
    expect(tagged.length).toBeGreaterThan(1);
    expect(tagged.map(([, tag]) => tag)).toEqual(['B-LOC', ...tagged.slice(1).map(() => 'I-LOC')]);
    expect(tagged.map(([token]) => token!.replace('##', '')).join('')).toBe('berlin');
    expect(pieces([span], 'BIO')[0]).toEqual(['[CLS]', undefined]);
  });

  it('are measured by word: its first piece decides, as yumo evaluate does it', async () => {
    const sentences = Array.from({ length: 12 }, (_, i) => `rooms${i} O\nin O\nunaffordable${i} B-LOC\n`).join('\n');
    const letters = { tokenizer: { kind: 'word-piece', vocabularySize: 40, minFrequency: 1 } };
    const { task } = await plan(
      { kind: 'token-classification' },
      { name: 't.conll', text: sentences },
      { recipe: letters },
    );
    const { batches, add, metrics } = task.evaluation();
    let later = 0;
    for await (const batch of batches) {
      const [rows, width] = batch.feeds.labels!.shape as [number, number];
      const data = new Float32Array(rows * width * 3);
      batch.given!.forEach(({ own, goesOn }, r) => {
        own!.forEach((place, i) => {
          later += goesOn![i]!;
          data[(r * width + place) * 3 + (goesOn![i] ? 0 : Number(batch.feeds.labels!.data[r * width + place]))] = 1;
        });
      });
      add!(batch, { probabilities: { dtype: 'float32', shape: [rows, width, 3], data } });
    }
    expect(later).toBeGreaterThan(10); // words are in pieces, which are said to be no names
    const moment = { runtime: referenceRuntime, parameters: {}, signal: undefined, seed: 0 };
    expect(await metrics(1, moment)).toMatchObject({ f1: 1, precision: 1, recall: 1 });
  });

  it('leave pieces of Chinese words alone', () => {
    const words = { offsets: [0, 2, 2, 4, 4, 5], wordIds: [0, 0, 0] };
    expect(piecesOfWords('北京大学x', words, [0, 1, 2])).toEqual([false, false, true]);
  });

  it('in BIOES tell where a span ends, and which are of one piece', () => {
    const tags = pieces([span, { type: 'O1', start: 19, end: 20 }], 'BIOES').map(([, tag]) => tag);
    expect(tags.filter((t) => t?.endsWith('LOC')).at(-1)).toBe('E-LOC');
    expect(tags).toContain('S-O1');
  });

  it('of CoNLL’s words become spans of the joined text, and predictions equal to the tags score 1', async () => {
    const words = ['Anna B-PER', 'Maria I-PER', 'went O', 'to O', 'Berlin B-LOC', '. O'];
    const conll = Array.from({ length: 12 }, (_, i) => [...words, `${i} O`].join('\n')).join('\n\n');
    const { task, model } = await plan({ kind: 'token-classification' }, { name: 'x.conll', text: conll });
    const names = Object.values(model.json.id2label as Record<string, string>);
    expect(names).toEqual(['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']);
    const evaluation = task.evaluation();
    for await (const batch of evaluation.batches) {
      const labels = batch.feeds.labels!;
      const data = new Float32Array(labels.data.length * names.length);
      (labels.data as Int32Array).forEach((label, i) => {
        data[i * names.length + Math.max(0, label)] = 1;
      });
      const probabilities = { dtype: 'float32' as const, shape: [...labels.shape, names.length], data };
      evaluation.add!(batch, { probabilities });
    }
    expect(await evaluation.metrics(0, undefined as never)).toEqual({ f1: 1, precision: 1, recall: 1, macroF1: 1 });
  });
});

describe('answers', () => {
  const context = 'The tower stands in Paris, near the river Seine, and was built in 1889 by Eiffel.';
  const squad = (answers: readonly { text: string; answer_start: number }[]): string =>
    JSON.stringify({
      data: Array.from({ length: 20 }, (_, i) => ({
        paragraphs: [
          {
            context: `${i} ${context}`,
            qas: [
              {
                id: `${i}`,
                question: `where ${i} ?`,
                answers: answers.map((a) => ({ ...a, answer_start: a.answer_start + String(i).length + 1 })),
              },
            ],
          },
        ],
      })),
    });

  it('are found as tokens of a window, and the tokens say the answer', async () => {
    const learnt = await trainWordPiece([context], { vocabularySize: 90, minFrequency: 1 });
    const encoding = learnt.encode('where ?', context);
    const start = context.indexOf('river Seine');
    const [first, last] = tokensOfAnswer(encoding, start, start + 'river Seine'.length)!;
    expect(context.slice(encoding.offsets[2 * first], encoding.offsets[2 * last + 1])).toBe('river Seine');
    expect(tokensOfAnswer(encoding, 5000, 5010)).toBeUndefined();
  });

  it('predicted where the labels are give exact match 100, in windows too; what was moved is counted', async () => {
    const misplaced = [{ text: 'Paris', answer_start: context.indexOf('Paris') + 2 }];
    const { task, notices } = await plan(
      { kind: 'question-answering', stride: 4, maxQuestionTokens: 8 },
      { name: 'x.json', text: squad(misplaced) },
      { recipe: { context: 24 } },
    );
    expect(notices).toContainEqual({ text: 'x.json: answer moved to where it stands', count: 20 });
    expect(notices.some((n) => /^windows of \d+ questions$/.test(n.text))).toBe(true);
    const evaluation = task.evaluation();
    for await (const batch of evaluation.batches) {
      const [rows, width] = batch.feeds.input_ids!.shape as [number, number];
      const at = (name: string) => {
        const data = new Float32Array(rows * width);
        // A window without the answer points to its first position, which is no token of the context.
        (batch.feeds[name]!.data as Int32Array).forEach((p, row) => {
          if (p >= 0) data[row * width + p] = p > 0 ? 9 : 0.5;
        });
        return { dtype: 'float32', shape: [rows, width], data } as const;
      };
      evaluation.add!(batch, { start_logits: at('start_positions'), end_logits: at('end_positions') });
    }
    expect(await evaluation.metrics(0, undefined as never)).toEqual({ exactMatch: 100, f1: 100 });
  });

  it('lie in a sentence, whose tokens are the evidence; a question without answer has none', async () => {
    const two = `It is tall. ${context}`;
    const learnt = await trainWordPiece([two], { vocabularySize: 90, minFrequency: 1 });
    const encoding = learnt.encode('where ?', two);
    const labels = evidenceOf(encoding, two, two.indexOf('Paris'));
    const text = (label: number) =>
      [...labels.keys()].flatMap((i) =>
        labels[i] === label ? [two.slice(encoding.offsets[2 * i], encoding.offsets[2 * i + 1])] : [],
      );
    expect(text(1).join('')).toBe(context.replaceAll(' ', ''));
    expect(text(0).join('')).toBe('Itistall.');
    expect([...labels].filter((label) => label < 0)).toHaveLength(
      [...encoding.sequenceIds].filter((id) => id !== 1).length,
    );
    expect([...new Set(evidenceOf(encoding, two, undefined))].sort()).toEqual([-100, 0]);
  });

  it('that there are none of: such questions are learnt, or left out and counted', async () => {
    const both = JSON.parse(squad([{ text: 'Paris', answer_start: context.indexOf('Paris') }])) as {
      data: { paragraphs: { qas: object[] }[] }[];
    };
    for (const { paragraphs } of both.data)
      paragraphs[0]!.qas.push({ id: 'none', question: 'who ?', answers: [], is_impossible: true });
    const file = { name: 'x.json', text: JSON.stringify(both) };
    const rowsOf = async (objective: object): Promise<[number, number]> => {
      const { notices, task } = await plan({ kind: 'question-answering', ...objective }, file);
      const { trainingExamples, validationExamples } = task.facts;
      const left = notices.find((n) => n.text === 'questions without an answer, left out');
      return [trainingExamples! + validationExamples!, left?.count ?? 0];
    };
    expect(await rowsOf({})).toEqual([40, 0]);
    expect(await rowsOf({ unanswerable: false })).toEqual([20, 20]);
  });

  it('that stand nowhere are counted and learnt as none', async () => {
    const { notices } = await plan(
      { kind: 'question-answering' },
      { name: 'x.json', text: squad([{ text: 'London', answer_start: 3 }]) },
    );
    expect(notices).toContainEqual({ text: 'x.json: answer that does not stand in its context', count: 20 });
    expect(notices.some((n) => n.text.startsWith('answers that are whole in no window'))).toBe(true);
  });
});

describe('conversations', () => {
  it('have labels on the assistant’s words and the mark that ends them, and nowhere else', async () => {
    const learnt = await trainWordPiece(['which colour ? red blue user assistant'], {
      vocabularySize: 90,
      minFrequency: 1,
      specialTokens: ['[PAD]', '[UNK]', '<|im_start|>', '<|im_end|>'],
    });
    const messages = [
      { role: 'user', content: 'which colour ?' },
      { role: 'assistant', content: 'red' },
      { role: 'user', content: 'colour ?' },
      { role: 'assistant', content: 'blue' },
    ] as const;
    const { ids, labels } = encodedConversation(messages, learnt);
    const said = [...ids].filter((_, i) => labels[i]! >= 0).map((id) => learnt.idToToken(id)!.replace('##', ''));
    expect(
      said
        .join(' ')
        .split(' <|im_end|>')
        .map((t) => t.replaceAll(' ', '')),
    ).toEqual(['red', 'blue', '']);
    labels.forEach((l, i) => {
      if (l >= 0) expect(l).toBe(ids[i]);
    });
  });
});

describe('gap sentences', () => {
  it('takes the sentence that shares most with the others out of each passage', async () => {
    const { gapsOf } = await import('./gap-sentences.ts');
    const text = 'It rained. The old bridge was repaired with old stones. Stones for the bridge came by boat.';
    expect(gapsOf(text, 8, 'english')).toEqual([
      {
        task: 'sequence-to-sequence',
        source: 'It rained. Stones for the bridge came by boat.',
        targets: ['The old bridge was repaired with old stones.'],
      },
    ]);
    const chinese = '今天下雨。老石桥修好了。修桥的石头是用船运来的。石桥重新开放。';
    const [first, ...others] = gapsOf(chinese, 3, 'characters');
    expect([first!.source + first!.targets[0]!].map((t) => [...t].sort().join(''))).toEqual(
      ['今天下雨。老石桥修好了。修桥的石头是用船运来的。'].map((t) => [...t].sort().join('')),
    );
    expect(others).toEqual([]); // one sentence is left, too little for a passage
    expect(gapsOf('One. Two.', 8, 'english')).toEqual([]);
  });
});

describe('parallel text', () => {
  it('of different lengths is refused; a swapped source learns the other direction', async () => {
    const rows: DataRow[] = [{ task: 'sequence-to-sequence', source: 'a b', targets: ['c d', 'e'] }];
    const { sequencePairs } = await import('./sequence-to-sequence.ts');
    const recipe = parseRecipe({
      name: 'x',
      data: { kind: 'rows', train: [{ files: ['x'], swap: true, prefix: 'en: ' }] },
      tokenizer: { kind: 'characters' },
      batch: 1,
      steps: 1,
    });
    if (recipe.data.kind !== 'rows') throw new Error('a recipe of rows has rows');
    const file = { name: 'x', source: recipe.data.train[0]!, rows };
    expect(sequencePairs(file, () => undefined).map((r) => [r.source, r.targets])).toEqual([
      ['en: c d', ['a b']],
      ['en: e', ['a b']],
    ]);
    const bytes = (text: string) => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
    const uneven: LoadedSource = {
      source: file.source,
      files: [{ name: 'a.en', bytes: bytes('one\ntwo\n') }],
      targets: [{ name: 'a.de', bytes: bytes('eins\n') }],
    };
    expect(await messageOf(readSources([uneven], () => undefined))).toMatch(/^DATA: a\.en has 2 lines, a\.de has 1/);
  });

  it('says in the bundle how its texts are searched', async () => {
    const text = `source\ttarget\n${Array.from({ length: 20 }, (_, i) => `paper ${i} on ink\tink ${i}`).join('\n')}\n`;
    const bart = {
      model_type: 'bart',
      ...{ d_model: 16, encoder_layers: 1, decoder_layers: 1, encoder_ffn_dim: 16, decoder_ffn_dim: 16 },
      ...{ encoder_attention_heads: 2, decoder_attention_heads: 2, max_position_embeddings: 32 },
    };
    const of = async (settings: object): Promise<unknown> => {
      const objective = { kind: 'sequence-to-sequence', targetLength: 9, generate: 0, ...settings };
      const { reading, model } = await plan(
        objective,
        { name: 'a.tsv', text },
        { recipe: { model: bart, context: 16 } },
      );
      return reading.generation!(model);
    };
    expect(await of({ noRepeatNgram: 3, lengthPenalty: 2 })).toMatchObject({
      max_new_tokens: 9,
      num_beams: 4,
      length_penalty: 2,
      no_repeat_ngram_size: 3,
    });
    expect(await of({})).not.toHaveProperty('no_repeat_ngram_size');
  });
});
