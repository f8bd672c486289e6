// Rows that are read in pieces and kept on disk: the same rows, the same errors and the same batches as in memory.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import { isYumoError } from '@yumo/core';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Batch, Preparing, Task } from '../objectives/objective.ts';
import { parseRecipe } from '../recipe-fields.ts';
import { type Notice, noteInto, type Plan, planTraining } from '../trainer.ts';
import { DiskKeeper } from './disk-keeper.node.ts';
import { packedExample, unpackedExample } from './example-records.ts';
import { readTrainingData } from './files.node.ts';
import { HashSet, hashOfKey } from './hash-set.ts';
import { readParallel } from './readers/parallel.ts';
import { readData } from './readers/read.ts';
import type { DataRow } from './readers/rows.ts';
import { rowPieces } from './row-pieces.node.ts';
import { readOptions, tellReport } from './sources.ts';

const place = mkdtempSync(join(tmpdir(), 'yumo-rows-'));
const cache = join(place, 'cache');
let before: string | undefined;
beforeAll(() => {
  before = process.env.YUMO_CACHE;
  process.env.YUMO_CACHE = cache;
});
afterAll(() => {
  if (before === undefined) delete process.env.YUMO_CACHE;
  else process.env.YUMO_CACHE = before;
  rmSync(place, { recursive: true, force: true });
});

const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(place, name), content);
  return name;
};
const messageOf = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run();
  } catch (error) {
    if (isYumoError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('nothing was thrown');
};

const sourceOf = (name: string, more: Record<string, unknown> = {}) => {
  const { data } = parseRecipe({
    name: 'x',
    data: { kind: 'rows', train: [{ files: [name], ...more }] },
    tokenizer: { kind: 'characters' },
    steps: 1,
    batch: 1,
  });
  if (data.kind !== 'rows') throw new Error('a recipe of rows');
  return data.train[0]!;
};

type Read = { rows: DataRow[]; notices: Notice[] };
async function inPieces(
  name: string,
  more: Record<string, unknown> = {},
  target?: string,
): Promise<Read & { pieces: number }> {
  const notices: Notice[] = [];
  const rows: DataRow[] = [];
  let pieces = 0;
  const at = (n: string) => ({ path: join(place, n), name: n });
  const options = { note: noteInto(notices) };
  for await (const piece of rowPieces(
    at(name),
    target === undefined ? undefined : at(target),
    sourceOf(name, more),
    options,
  )) {
    pieces++;
    for (const row of piece) rows.push(row);
  }
  return { rows, notices, pieces };
}
async function asWhole(name: string, more: Record<string, unknown> = {}, target?: string): Promise<Read> {
  const notices: Notice[] = [];
  const source = sourceOf(name, more);
  const load = (n: string) => ({ name: n, bytes: new Uint8Array(readFileSync(join(place, n))) });
  const { rows, report } =
    target === undefined
      ? await readData(load(name), readOptions(source))
      : await readParallel(load(name), load(target), source.onBadRow);
  tellReport(name, report, noteInto(notices));
  return { rows: [...rows], notices };
}

const many = 9000;
const sentence = (i: number): string => `第 ${i} 句 "quoted", with; marks | and é 🖋 ${'x'.repeat(i % 40)}`;
const json = Array.from({ length: many }, (_, i) => ({
  text: `${sentence(i)}\n}]`,
  label: `l${i % 3}`,
  deep: [{ a: '"]' }],
}));
const quoted = (s: string): string => `"${s.replaceAll('"', '""')}"`;
const csv = `text,label\n${json.map(({ text, label }) => `${quoted(text)},${label}`).join('\r\n')}\r\n`;
const conll = Array.from(
  { length: 2 * many },
  (_, i) => `word${i}\tB-PER\n字\tI-PER\n.\tO\n${i % 5 === 0 ? ' \n\n' : '\n'}`,
).join('');
const paragraphs = Array.from(
  { length: many },
  (_, i) => `${sentence(i)}\nsecond line\n${'\n'.repeat(1 + (i % 4))}`,
).join('');

describe('a file in pieces gives the rows and notes of the whole', () => {
  const lines = json.map((row) => JSON.stringify(row)).join('\n');
  it.each<[string, string | Uint8Array, Record<string, unknown>?]>([
    ['rows.jsonl', `${lines}\n\n${lines}`],
    ['packed.jsonl.gz', gzipSync(lines)],
    ['wide.jsonl', Buffer.from(`\ufeff${lines}`, 'utf16le'), { format: 'jsonl' }],
    ['list.json', JSON.stringify(json, null, 2)],
    ['line.json', JSON.stringify(json)],
    ['held.json', JSON.stringify({ version: '1', data: json }, null, 1)],
    ['returns.csv', csv.replaceAll('\n', '\r')],
    ['hash.txt', json.map(({ label }, i) => `${sentence(i)}#${label}`).join('\n'), { delimiter: '#' }],
    ['table.csv', csv],
    ['table.tsv', `text\tlabel\n${json.map(({ label }, i) => `${sentence(i)}\t${label}`).join('\n')}`],
    ['nohead.csv', csv.slice(csv.indexOf('\n') + 1), { columns: ['text', 'label'] }],
    ['tags.conll', `-DOCSTART- O\n\n${conll}`],
    [
      'positions.conll',
      Array.from({ length: 2 * many }, (_, i) => `科0\tB-ORG\n技1\tI-ORG\n${i}0\tO\n\n`.replace(`${i}0`, '好0')).join(
        '',
      ),
    ],
    [
      'spans.json',
      json
        .map((_, i) => JSON.stringify({ text: `王${i}去北京`, label: { name: { [`王${i}`]: [[0, `${i}`.length]] } } }))
        .join('\n'),
    ],
    [
      'asked.json',
      JSON.stringify(json.map(({ text }, i) => ({ instruction: text, input: '', output: i % 9 ? 'yes' : '' }))),
    ],
    [
      'talk.jsonl',
      json
        .map(({ text }) =>
          JSON.stringify({
            messages: [
              { role: 'user', content: text },
              { role: 'assistant', content: 'a' },
            ],
          }),
        )
        .join('\n'),
    ],
    ['lines.txt', paragraphs],
    ['windows.txt', `\n\n${paragraphs.replaceAll('\n', '\r\n')}`, { unit: 'paragraph' }],
    ['paragraphs.txt', paragraphs, { unit: 'paragraph' }],
    ['whole.txt', paragraphs, { unit: 'file' }],
    [
      'squad.json',
      JSON.stringify({
        data: [
          {
            title: 't',
            paragraphs: json.map(({ text }, i) => ({
              context: text,
              qas: [{ id: i, question: 'what?', answers: [{ text: 'quoted', answer_start: 3 }] }],
            })),
          },
        ],
      }),
    ],
  ])('%s', async (name, content, more = {}) => {
    file(name, content);
    const [pieces, whole] = [await inPieces(name, more), await asWhole(name, more)];
    expect(pieces.rows.length).toBe(whole.rows.length);
    // Of thousands the first that differs.
    const other = pieces.rows.findIndex((row, i) => !isDeepStrictEqual(row, whole.rows[i]));
    expect([pieces.rows[other], whole.rows[other]]).toEqual([undefined, undefined]);
    expect(pieces.notices).toEqual(whole.notices);
    if (!['whole.txt', 'line.json', 'held.json', 'asked.json'].includes(name)) expect(pieces.pieces).toBeGreaterThan(1);
  });

  it('Parquet: row group by row group', async () => {
    const content = parquetWriteBuffer({
      columnData: [
        { name: 'text', data: json.map((_, i) => sentence(i)), type: 'STRING' },
        { name: 'stars', data: json.map((_, i) => BigInt(i % 5)), type: 'INT64' },
      ],
      rowGroupSize: 2500,
    });
    file('table.parquet', new Uint8Array(content));
    const pieces = await inPieces('table.parquet');
    expect(pieces.pieces).toBe(4);
    expect(pieces).toMatchObject(await asWhole('table.parquet'));
    file('cut.parquet', new Uint8Array(content.slice(0, 5000)));
    expect((await messageOf(() => inPieces('cut.parquet'))).slice(0, 45)).toBe(
      'DATA: cut.parquet: cannot be read as Parquet ',
    );
  });

  it('parallel text: line n of both files, however they are cut', async () => {
    file('a.en', json.map((_, i) => (i % 100 === 7 ? '' : sentence(i))).join('\n'));
    file('a.de', json.map((_, i) => (i % 100 === 7 ? '' : `${i} kurz`)).join('\n'));
    expect(await inPieces('a.en', {}, 'a.de')).toMatchObject(await asWhole('a.en', {}, 'a.de'));
    file('b.de', `${json.map((_, i) => (i % 100 === 7 ? '' : `${i} kurz`)).join('\n')}\nmore\n`);
    expect(await messageOf(() => inPieces('a.en', {}, 'b.de'))).toBe(
      await messageOf(() => asWhole('a.en', {}, 'b.de')),
    );
    file('c.de', json.map((_, i) => (i === 8500 ? '' : `${i} kurz`)).join('\n'));
    const notBlank = file('c.en', json.map((_, i) => sentence(i)).join('\n'));
    expect(await messageOf(() => inPieces(notBlank, {}, 'c.de'))).toBe('DATA: c.en:8501: the line in c.de is empty');
  });

  it('rows that are skipped are counted with the first of them, and a bad row late in a packed file is named', async () => {
    const bad = [
      ...json.slice(0, 8000).map((r) => JSON.stringify(r)),
      '{"text": ',
      ...json.slice(8000).map((r) => JSON.stringify(r)),
      '[1]',
    ];
    file('bad.jsonl.gz', gzipSync(bad.join('\n')));
    const more = { onBadRow: 'skip' };
    expect(await inPieces('bad.jsonl.gz', more)).toMatchObject(await asWhole('bad.jsonl.gz', more));
    expect((await inPieces('bad.jsonl.gz', more)).notices).toEqual([
      {
        text: expect.stringMatching(/^bad\.jsonl\.gz: rows left out; the first: bad\.jsonl\.gz:8001: not JSON/),
        count: 2,
      },
    ]);
    expect(await messageOf(() => inPieces('bad.jsonl.gz'))).toMatch(/^DATA: bad\.jsonl\.gz:8001: not JSON/);
    file('open.csv', `${csv}"never closed,l1\n${csv}`);
    expect(await messageOf(() => inPieces('open.csv'))).toBe(await messageOf(() => asWhole('open.csv')));
    file('columns.csv', `${csv}one,two,three\n`);
    expect(await messageOf(() => inPieces('columns.csv'))).toBe(await messageOf(() => asWhole('columns.csv')));
    for (const name of [
      file('empty.jsonl', ''),
      file('blank.txt', ' \n\n'),
      file('cut.jsonl.gz', gzipSync(bad.join('\n')).subarray(0, 9000)),
    ])
      expect((await messageOf(() => inPieces(name))).slice(0, 30)).toBe(
        (await messageOf(() => asWhole(name))).slice(0, 30),
      );
    file('notlist.json', `${JSON.stringify(json, null, 1).slice(0, -20)}`);
    expect(await messageOf(() => inPieces('notlist.json'))).toMatch(
      /^DATA: notlist\.json:\d+: not JSON \(the list has no end\)/,
    );
  });
});

const bert = {
  model_type: 'bert',
  ...{
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 32,
  },
};
const t5 = { model_type: 't5', d_model: 16, d_kv: 8, d_ff: 16, num_layers: 1, num_heads: 2 };
const gpt2 = { model_type: 'gpt2', n_embd: 16, n_layer: 1, n_head: 2, n_positions: 32 };

const colours = ['red', 'blue', 'green'];
const short = Array.from({ length: 400 }, (_, i) => ({
  text: `the ink ${i} ${'on the old table '.repeat(i % 9)}is ${colours[i % 3]}`,
  other: `colour of ${i % 7} ${'and so on '.repeat(i % 4)}`,
  label: colours[i % 3]!,
  labels: [colours[i % 3]!, `n${i % 2}`],
  score: (i % 11) / 10,
  target: `${colours[i % 3]} ${i}`,
}));
const jsonl = (rows: readonly unknown[]): string => rows.map((r) => JSON.stringify(r)).join('\n');

const passageOf = (i: number): string => `The ink ${i} is ${short[i]!.label}. It stood there. We saw ink ${i}.\n\n`;
beforeAll(() => {
  file('short.jsonl', jsonl(short));
  file(
    'short2.csv.gz',
    gzipSync(
      `text,other,label,score,target\n${short.map((r) => `${r.text} again,${r.other},${r.label},${r.score},${r.target}`).join('\n')}`,
    ),
  );
  file(
    'spans.conll',
    short
      .map(
        (r) =>
          `${r.text
            .split(' ')
            .map((w) => `${w}\t${colours.includes(w) ? 'B-COL' : 'O'}`)
            .join('\n')}\n\n`,
      )
      .join(''),
  );
  file('asked.jsonl', jsonl(short.map((r) => ({ instruction: r.text, input: r.other, output: r.label }))));
  file(
    'squad-short.json',
    JSON.stringify({
      data: [
        {
          title: 't',
          paragraphs: short.map((r, i) => ({
            context: r.text,
            qas: [
              {
                id: i,
                question: `colour of ink ${i} ?`,
                answers: [{ text: r.label, answer_start: r.text.indexOf(r.label) }],
              },
            ],
          })),
        },
      ],
    }),
  );
  file('passages.txt', short.map((_, i) => passageOf(i)).join(''));
});

async function planned(recipe: Record<string, unknown>, progress?: (p: Preparing) => void): Promise<Plan> {
  const parsed = parseRecipe({
    name: 'x',
    tokenizer: { kind: 'word-piece', vocabularySize: 200, minFrequency: 1 },
    batch: 4,
    steps: 1,
    ...recipe,
  });
  const notices: Notice[] = [];
  const data = await readTrainingData(parsed.data, [place], noteInto(notices));
  return planTraining({ recipe: parsed, data, notices, ...(progress ? { progress } : {}) });
}
const evaluated = async (task: Task): Promise<Batch[]> => {
  const all: Batch[] = [];
  for await (const batch of task.evaluation().batches) all.push(batch);
  return all;
};

describe('streamed rows train as rows in memory do', () => {
  const table = { files: ['short.jsonl', 'short2.csv.gz'] };
  const cases: [string, Record<string, unknown>, Record<string, unknown>, Record<string, unknown>][] = [
    ['sequence-classification', table, {}, bert],
    ['multi-label-classification', { files: ['short.jsonl'] }, {}, bert],
    ['regression', { ...table, fields: { second: 'other' } }, {}, bert],
    ['contrastive', { ...table, fields: { second: 'other' } }, {}, bert],
    ['token-classification', { files: ['spans.conll'] }, { scheme: 'BIOES' }, bert],
    ['question-answering', { files: ['squad-short.json'] }, { stride: 4, maxQuestionTokens: 6 }, bert],
    ['sequence-to-sequence', { ...table, fields: { source: 'text' } }, { targetLength: 4 }, t5],
    ['instruction', { files: ['asked.jsonl'] }, {}, gpt2],
    ['gap-sentences', { files: ['passages.txt'], unit: 'paragraph' }, {}, t5],
    [
      'span-selection',
      { files: ['passages.txt'], unit: 'paragraph' },
      { sentences: 4, removed: 0.5, evidence: 2, stride: 4, maxQuestionTokens: 8 },
      bert,
    ],
  ];
  it.each(cases)('%s: the same batches, measures, notes and counts', async (kind, source, more, model) => {
    const recipe = {
      objective: { kind, ...more },
      model,
      data: { kind: 'rows', train: [source], validationShare: 0.2 },
      accumulate: kind === 'contrastive' ? 1 : 2,
      context: 24,
      ...(kind === 'instruction' ? { tokenizer: { kind: 'byte-level-bpe', vocabularySize: 330 } } : {}),
      ...(model === t5 ? { tokenizer: { kind: 'unigram', vocabularySize: 150 } } : {}),
    };
    const streaming = { ...recipe, data: { ...recipe.data, stream: true } };
    const memory = await planned(recipe);
    const made = await planned(streaming);
    const found = await planned(streaming);
    const { fingerprint: _, ...facts } = memory.task.facts;
    for (const plan of [made, found]) {
      expect(plan.task.facts).toMatchObject(facts);
      expect(plan.model.json).toEqual(memory.model.json);
      expect(plan.tokenizer.toJson()).toEqual(memory.tokenizer.toJson());
      expect(plan.notices).toEqual(memory.notices);
      // Over an epoch and more, and back again.
      for (const index of [...Array(130).keys(), 3])
        expect(await plan.task.order.batch(index)).toEqual(await memory.task.order.batch(index));
      expect(await evaluated(plan.task)).toEqual(await evaluated(memory.task));
      await plan.task.close?.();
    }
    expect(made.task.facts.fingerprint).toBe(found.task.facts.fingerprint);
  });

  it.each([
    ['causal-lm', gpt2, 'byte-level-bpe'],
    ['masked-lm', bert, 'word-piece'],
    ['next-sentence', bert, 'word-piece'],
    ['bert-pretraining', bert, 'word-piece'],
    ['span-corruption', t5, 'unigram'],
    ['denoising', t5, 'unigram'],
  ])('%s: the same tokens of rows, each text once; of streamed text as well', async (kind, model, tokenizer) => {
    const recipe = {
      objective: { kind, ...(kind === 'span-corruption' ? { sentinels: 8 } : {}) },
      model,
      context: 24,
      tokenizer: {
        kind: tokenizer,
        vocabularySize: 340,
        minFrequency: 1,
        ...(kind === 'denoising' ? { specialTokens: [] } : {}),
      },
    };
    if (tokenizer === 'unigram') delete (recipe.tokenizer as { minFrequency?: number }).minFrequency;
    if (tokenizer === 'unigram') recipe.tokenizer.vocabularySize = 160;
    if (tokenizer !== 'word-piece') delete (recipe.tokenizer as { limitAlphabet?: number }).limitAlphabet;
    const data = {
      kind: 'rows',
      train: [{ files: ['short.jsonl', 'short.jsonl', 'short2.csv.gz'], fields: { text: ['text', 'other'] } }],
      validationShare: 0.2,
    };
    const memory = await planned({ ...recipe, data });
    const { trainingTokens, validationTokens, tokensPerStep } = memory.task.facts;
    const streamed = await planned({ ...recipe, data: { ...data, stream: true, shuffleRows: 64 } });
    expect(streamed.tokenizer.toJson()).toEqual(memory.tokenizer.toJson());
    expect(streamed.task.facts).toMatchObject({ trainingTokens, validationTokens, tokensPerStep });
    expect(await evaluated(streamed.task)).toEqual(await evaluated(memory.task));
    // The same batch for the same number, whatever was asked before: what resuming needs.
    const seventh = await streamed.task.order.batch(7);
    const again = await planned({ ...recipe, data: { ...data, stream: true, shuffleRows: 64 } });
    expect(await again.task.order.batch(7)).toEqual(seventh);
    for (const { task } of [streamed, again]) await task.close?.();
    const text = await planned({ ...recipe, data: { kind: 'text', files: ['passages.txt'], stream: true } });
    expect(Object.keys((await text.task.order.batch(0)).feeds)).toEqual(Object.keys(seventh.feeds));
    expect(text.task.facts.trainingExamples! + text.task.facts.validationExamples!).toBe(400);
    await text.task.close?.();
  });

  it('texts of data.apart are left out of both parts and told; questions are made of whole passages', async () => {
    file(
      'test.txt',
      short
        .filter((_, i) => i % 7 === 0)
        .map((_, i) => passageOf(7 * i))
        .join(''),
    );
    const passages = { format: 'text', unit: 'paragraph' };
    const recipe = (stream: boolean) => ({
      objective: { kind: 'masked-lm', questions: 2, sentences: 4 },
      model: bert,
      context: 24,
      data: {
        kind: 'rows',
        train: [{ files: ['passages.txt'], ...passages }],
        apart: [{ files: ['test.txt'], ...passages }],
        validationShare: 0.2,
        stream,
      },
    });
    const [memory, streamed] = [await planned(recipe(false)), await planned(recipe(true))];
    expect(memory.notices).toContainEqual({
      text: 'passages.txt: rows left out, their texts are in data.apart',
      count: Math.ceil(short.length / 7),
    });
    const inOrder = (plan: Plan) => plan.notices.toSorted((a, b) => a.text.localeCompare(b.text));
    expect(inOrder(streamed)).toEqual(inOrder(memory));
    const { trainingTokens, validationTokens } = memory.task.facts;
    expect(streamed.task.facts).toMatchObject({ trainingTokens, validationTokens });
    expect(await evaluated(streamed.task)).toEqual(await evaluated(memory.task));
    await streamed.task.close?.();
    const text = { ...recipe(true), data: { kind: 'text', files: ['passages.txt'], stream: true } };
    expect(await messageOf(() => planned(text))).toMatch(/masked-lm .*streamed running text is cut anywhere/);
  });

  it('validation files are the validation part, and what is wrong with labels is told as in memory', async () => {
    file('valid.jsonl', jsonl(short.slice(0, 5).map((r) => ({ ...r, label: 'other' }))));
    const recipe = (stream: boolean, validation: string, label = 'label') => ({
      objective: { kind: 'sequence-classification' },
      model: bert,
      data: {
        kind: 'rows',
        train: [{ files: ['short.jsonl'], fields: { label } }],
        validation: [{ files: [validation], fields: { label } }],
        stream,
      },
    });
    for (const [validation, label] of [
      ['valid.jsonl', 'label'],
      ['short.jsonl', 'lable'],
      ['none*.jsonl', 'label'],
    ] as const)
      expect(await messageOf(() => planned(recipe(true, validation, label)))).toBe(
        await messageOf(() => planned(recipe(false, validation, label))),
      );
    const [memory, streamed] = [
      await planned(recipe(false, 'short.jsonl')),
      await planned(recipe(true, 'short.jsonl')),
    ];
    expect(streamed.notices).toEqual(memory.notices);
    expect(streamed.task.facts.validationExamples).toBe(400);
    await streamed.task.close?.();
  });
});

test('a pass that was interrupted leaves nothing half-made, and goes on behind the segments that are whole', async () => {
  const folder = join(place, 'interrupted');
  const keeper = (signal?: AbortSignal) => new DiskKeeper({ cache: folder, threads: 0, segmentRows: 100, signal });
  const rows = Array.from({ length: 450 }, (_, i) => ({ text: `the ink ${i} is red`, label: 'a' }));
  const { tokenizer } = await planned({
    objective: { kind: 'sequence-classification' },
    model: bert,
    data: { kind: 'rows', train: [{ files: ['short.jsonl'] }] },
  });
  const settings = {
    columns: { input_ids: { axis: 'sequence', padding: 0 }, labels: { padding: -100, scalar: true } },
    ...{ length: 8, answer: 'class' as const, labels: ['a', 'b'] },
  };
  const encode = async (of: DiskKeeper, progress?: (state: Preparing) => void) => {
    const entry = await of.rows('rows', async (writer) => {
      for (const [i, row] of rows.entries())
        await writer.add(i % 3 === 0 ? 'validation' : 'training', JSON.stringify(row));
    });
    const parts = of.partsOf<(typeof rows)[number]>([entry], 'rows', () => undefined);
    const setup = { kind: 'text' as const, settings };
    return of.examples({ parts, tokenizer, setup, note: () => undefined, progress });
  };
  // Asked twice a segment: before its rows are read, and before they are encoded. It stops in the third.
  let asked = 0;
  const signal = {
    get aborted() {
      return ++asked >= 5;
    },
  } as AbortSignal;
  await expect(encode(keeper(signal))).rejects.toThrow('data: stopped by the caller');
  const whole = readdirSync(folder);
  expect(whole.filter((n) => n.endsWith('.partial'))).toEqual([]);
  expect(whole.length).toBe(3); // the rows, and two segments
  const times = whole.map((n) => statSync(join(folder, n, 'facts.json')).mtimeMs);
  const again = keeper();
  const { training, validation } = await encode(again);
  expect(whole.map((n) => statSync(join(folder, n, 'facts.json')).mtimeMs)).toEqual(times); // not made anew
  expect(readdirSync(folder).length).toBe(6);
  expect([training.length, validation.length]).toEqual([300, 150]);
  expect(training.lengths.sequence).toBeInstanceOf(Uint16Array); // 2 bytes a row
  const numbers = [299, 0, 100, 99, 64, 63, 199, 200];
  const expected = rows.filter((_, i) => i % 3 !== 0);
  const cut = { truncation: { maxLength: 8 }, padding: null };
  expect((await training.read(numbers)).map((e) => [...e.input_ids!])).toEqual(
    numbers.map((n) => [...tokenizer.encode(expected[n]!.text, null, cut).ids]),
  );
  await again.close();
});

test('rows on disk are read from any number on, and by number', async () => {
  const keeper = new DiskKeeper({ cache: join(place, 'rows-on-disk'), threads: 0 });
  const rows = Array.from({ length: 20_000 }, (_, i) => `row ${i} 墨 ${'y'.repeat(i % 60)}`);
  const entry = await keeper.rows('k', async (writer) => {
    for (const row of rows) await writer.add('training', JSON.stringify(row));
  });
  const kept = keeper.partsOf<string>([entry, entry], 'k', () => undefined).training;
  const both = [...rows, ...rows];
  for (const [from, to] of [
    [0, 40_000],
    [63, 65],
    [19_990, 20_010],
    [39_999, 40_000],
    [128, 9000],
  ] as const) {
    const found: string[] = [];
    for await (const group of kept.groups(from, to)) found.push(...group);
    expect(found).toEqual(both.slice(from, to));
  }
  expect(await kept.read([39_999, 5, 20_000])).toEqual([both[39_999], both[5], both[20_000]]);
});

test('packed examples are what they were', () => {
  const example = {
    input_ids: Int32Array.of(1, 64_000, 5, 70_000),
    words: Int32Array.of(-100, 64_000, 3),
    ones: new Int32Array(300).fill(1),
    bytes: Int32Array.of(0, 255),
    none: new Int32Array(0),
    large: Int32Array.of(-(2 ** 31), 2 ** 31 - 1),
    numbers: Float32Array.of(0.1, -1e30),
  };
  const names = Object.keys(example);
  const packed = packedExample(example, names);
  expect(unpackedExample(packed, names)).toEqual(example);
  expect(packedExample({ ones: example.ones }, ['ones']).length).toBe(9);
});

test('a set of hashes holds what was added', () => {
  const set = new HashSet();
  const words = Array.from({ length: 5000 }, (_, i) => `word ${i}`);
  expect(words.map((w) => set.add(hashOfKey(w))).every(Boolean)).toBe(true);
  expect(words.map((w) => set.add(hashOfKey(w))).some(Boolean)).toBe(false);
  expect(set.size).toBe(5000);
  expect(words.every((w) => set.has(hashOfKey(w)))).toBe(true);
  expect(set.has(hashOfKey('another'))).toBe(false);
});
