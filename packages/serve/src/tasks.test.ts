// Tasks through the server, on real models of a few thousand random weights: equal to core alone, of any length, stopped at any token.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  diskSource,
  onnxruntimeNode,
  QuestionAnswerer,
  TextClassifier,
  TextToText,
  TokenClassifier,
} from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyModel } from '../test/tiny-model.ts';
import { sentences, writeTinyTasks } from '../test/tiny-tasks.ts';
import { type App, createApp } from './app.ts';
import { createClient, failureOf } from './client.ts';
import { type Listening, listen } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'yumo-tasks-'));
const runs = mkdtempSync(join(tmpdir(), 'yumo-runs-'));
const recipes = mkdtempSync(join(tmpdir(), 'yumo-recipes-'));
let app: App;
let server: Listening;
const alone = { runtime: await onnxruntimeNode({ threads: 1 }), tokenizer: (json: string) => Tokenizer.fromJson(json) };
const source = (name: string) => diskSource(join(folder, name));

beforeAll(async () => {
  await writeTinyTasks(folder);
  await writeTinyModel(join(folder, 'tiny-writer'));
  app = createApp({ models: [folder, runs], recipes, threads: 1, slots: 1 });
  server = await listen(app);
});
afterAll(async () => {
  await server.close();
  for (const made of [folder, runs, recipes]) rmSync(made, { recursive: true });
});

const client = () => createClient(`${server.address}/api/trpc`);
const collect = async <T>(events: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
};
const context = sentences.slice(0, 4).join(' ');
const long = Array.from({ length: 12 }, () => context).join('\n');

describe('the list of models', () => {
  it('says what each can do, in which languages, how well by its card', async () => {
    const { models } = await client().models.query();
    expect(models.map((m) => [m.name, ...m.tasks])).toEqual([
      ['tiny-both-ways', 'translate'],
      ['tiny-en-de', 'translate'],
      ['tiny-names', 'tag'],
      ['tiny-reader', 'ask'],
      ['tiny-sentiment', 'classify'],
      ['tiny-summary', 'summarize'],
      ['tiny-writer', 'write'],
    ]);
    const by = Object.fromEntries(models.map((m) => [m.name, m]));
    expect(by['tiny-both-ways']?.directions).toEqual([
      { from: 'en', to: 'zh', prefix: 'to Chinese: ' },
      { from: 'zh', to: 'en', prefix: 'to English: ' },
    ]);
    expect(by['tiny-en-de']?.directions).toEqual([{ from: 'en', to: 'de' }]);
    expect(by['tiny-summary']?.summaryPrefix).toBe('sum: ');
    expect(by['tiny-reader']?.results).toEqual([{ name: 'F1 · SQuAD sample test', value: '12.5' }]);
    expect(by['tiny-sentiment']?.results).toEqual([{ name: 'Accuracy (test)', value: '50.0 %' }]);
    expect(by['tiny-sentiment']?.labels).toEqual(['negative', 'positive']);
    const list = (await (await fetch(`${server.address}/v1/models`)).json()) as {
      data: { id: string; capabilities: string[] }[];
    };
    expect(list.data.find((m) => m.id === 'tiny-names')?.capabilities).toEqual(['tag']);
  });

  it('has a model as soon as its training has saved it, and the recipes that would make more', async () => {
    const names = async () => (await client().models.query()).models.map((m) => m.name);
    await writeTinyTasks(runs, ['tiny-en-de', 'tiny-summary']);
    expect((await names()).filter((n) => n === 'tiny-en-de')).toHaveLength(1); // that of the first folder
    const recipe = (name: string, more: object): void =>
      writeFileSync(join(recipes, `${name}.json`), JSON.stringify({ name, model: { model_type: 'bert' }, ...more }));
    const data = (file: string): object => ({ kind: 'rows', train: [{ files: [file], targets: ['t.gz'] }] });
    recipe('sentiment-xx', {
      language: ['xx'],
      translations: { zh: '中文', en: 3 },
      data: { ...data('a.csv'), validation: [{ files: ['b.csv'] }] },
      objective: { kind: 'sequence-classification' },
      init: { from: 'runs/second' },
    });
    recipe('first', { data: data('c/*.txt'), objective: { kind: 'masked-lm' } });
    recipe('second', { data: data('c.txt'), objective: { kind: 'masked-lm' }, init: { from: 'runs/first' } });
    recipe('summary-xx', { data: data('d.txt'), objective: { kind: 'sequence-to-sequence', metric: 'rouge' } });
    recipe('turn', { data: data('d.txt'), objective: { kind: 'sequence-to-sequence' }, init: { from: 'runs/turn' } });
    writeFileSync(join(recipes, 'd.txt'), '');
    writeFileSync(join(recipes, 'broken.json'), '{');
    const listed = async () => (await client().models.query()).recipes;
    expect(await listed()).toEqual([
      {
        name: 'sentiment-xx',
        description: '',
        translations: { zh: '中文' },
        task: 'classify',
        languages: ['xx'],
        data: ['a.csv', 't.gz', 'b.csv'],
        dataElsewhere: true,
        after: ['first', 'second'],
      },
      expect.objectContaining({ name: 'summary-xx', task: 'summarize', dataElsewhere: false, after: [] }),
      expect.objectContaining({ name: 'turn', task: 'translate', after: [] }),
    ]);
    mkdirSync(join(runs, 'second'));
    expect((await listed())[0]?.after).toEqual([]); // trained already
  });

  it('gives a model that was trained anew under its name', async () => {
    const asked = { model: 'tiny-sentiment', texts: ['a b'] };
    const scores = async () => (await collect(await client().classify.query(asked))).at(-1);
    const before = await scores();
    const path = join(folder, 'tiny-sentiment/model.safetensors');
    const [bytes, { mtimeMs }] = [readFileSync(path), statSync(path)];
    const other = Buffer.from(bytes);
    other.fill(0, other.length - 64); // the head's last numbers
    writeFileSync(path, other);
    utimesSync(path, new Date(), new Date(mtimeMs + 2000));
    expect(await scores()).not.toMatchObject({ results: (before as { results: unknown }).results });
    writeFileSync(path, bytes);
    utimesSync(path, new Date(), new Date(mtimeMs + 4000));
    expect(await scores()).toMatchObject({ results: (before as { results: unknown }).results });
  });
});

describe('a question', () => {
  it('has the answers of the model alone, each at its place in a text of any length', async () => {
    const reader = await QuestionAnswerer.load(source('tiny-reader'), alone.runtime, alone);
    const question = 'Who wrote the letter?';
    for (const text of [context, long]) {
      const [wanted] = await reader.run([{ question, context: text }], { topK: 3, maxAnswerTokens: 8 });
      const events = await collect(
        await client().ask.query({ model: 'tiny-reader', question, context: text, topK: 3, maxAnswerTokens: 8 }),
      );
      const [last] = events.slice(-1);
      expect(events.at(-2)).toEqual({ kind: 'start', runtime: 'cpu' });
      expect(last).toMatchObject({ kind: 'answers', ...wanted });
      if (last?.kind !== 'answers') throw new Error('no answers');
      for (const { text: answer, start, end } of last.answers) expect(text.slice(start, end)).toBe(answer);
    }
    await reader.dispose();
  });

  it('is refused by name: no text, another kind of model, too much of it', async () => {
    const failure = async (input: object): Promise<unknown> => {
      const error: unknown = await client()
        .ask.query(input as { question: string; context: string }) // inputs that the type forbids are sent, too
        .then(collect)
        .catch((e: unknown) => e);
      return failureOf(error) ?? (error as Error).message;
    };
    expect(await failure({ model: 'tiny-reader', question: 'a', context: ' \n ' })).toMatchObject({ code: 'DATA' });
    expect(await failure({ model: 'tiny-reader', question: ' ', context: 'a' })).toMatchObject({ code: 'DATA' });
    expect(await failure({ model: 'tiny-names', question: 'a', context: 'b' })).toMatchObject({
      code: 'USAGE',
      message: 'model "tiny-names" cannot ask; it can tag; use tiny-reader',
    });
    expect(await failure({ model: 'tiny-reeder', question: 'a', context: 'b' })).toMatchObject({
      code: 'FILE',
      message: expect.stringContaining('did you mean "tiny-reader"') as unknown,
    });
    const longQuestion = sentences.join(' ').repeat(4);
    expect(await failure({ model: 'tiny-reader', question: longQuestion, context: 'b' })).toMatchObject({
      code: 'CONTEXT',
    });
    expect(await failure({ question: 'a', context: 'b', topk: 3 })).toContain('topk');
    expect(await failure({ question: 'a', context: 'b'.repeat(400_001) })).toContain('context');
    expect(await failure({ question: 'a', context: 'b', topK: 1000 })).toContain('topK');
  });
});

describe('texts', () => {
  it('are classified as by the model alone, told in batches', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => `${sentences[i % 4]} ${'sea '.repeat(i * 5)}`);
    const classifier = await TextClassifier.load(source('tiny-sentiment'), alone.runtime, alone);
    const events = await collect(await client().classify.query({ model: 'tiny-sentiment', texts }));
    const told = events.filter((e) => e.kind === 'labels');
    expect(told.map((e) => e.from)).toEqual([0, 16]);
    const results = told.flatMap((e) => e.results);
    const wanted = await classifier.run(texts, { longText: 'average' });
    expect(results.map((r) => r.map((l) => l.label))).toEqual(wanted.map((r) => r.map((l) => l.label)));
    for (const [i, [best]] of results.entries()) expect(best!.score).toBeCloseTo(wanted[i]![0]!.score, 5);
    await classifier.dispose();
  });

  it('are tagged as by the model alone, whatever their length', async () => {
    const tagger = await TokenClassifier.load(source('tiny-names'), alone.runtime, alone);
    const [wanted] = await tagger.run([long]);
    const last = (await collect(await client().tag.query({ model: 'tiny-names', text: long }))).at(-1);
    if (last?.kind !== 'entities') throw new Error('no entities');
    expect(last.entities).toEqual(wanted);
    expect(last.entities.length).toBeGreaterThan(10);
    await tagger.dispose();
  });
});

describe('a translation', () => {
  it('comes sentence by sentence, with the white space of the source, as by the model alone', async () => {
    const translator = await TextToText.load(source('tiny-en-de'), alone.runtime, alone);
    const text = `\n${sentences[0]}  ${sentences[1]}\n\n${sentences[4]}${sentences[2]}\n`;
    for (const beams of [1, 3]) {
      const events = await collect(await client().translate.query({ model: 'tiny-en-de', text, beams }));
      const [parts] = events.flatMap((e) => (e.kind === 'parts' ? [e.parts] : []));
      expect(parts!.map((p) => text.slice(p.start, p.end))).toEqual([0, 1, 4, 2].map((i) => sentences[i]));
      const wanted = await translator.run(
        [0, 1, 4, 2].map((i) => sentences[i]!),
        { beams, batchSize: 1 },
      );
      const pieces = events.flatMap((e) => (e.kind === 'piece' ? [e] : []));
      const written = wanted.map((_, i) => pieces.flatMap((p) => (p.part === i ? [p.text] : [])).join(''));
      expect(written).toEqual(wanted);
      expect(pieces.length > 4).toBe(beams === 1); // a beam's sentence comes whole
      expect(events.at(-1)).toMatchObject({
        kind: 'done',
        text: `\n${wanted[0]}  ${wanted[1]}\n\n${wanted[2]}${wanted[3]}\n`,
      });
    }
    await translator.dispose();
  });

  it('has the prefix of its direction', async () => {
    const both = await TextToText.load(source('tiny-both-ways'), alone.runtime, alone);
    const text = sentences[0]!;
    const done = async (prefix?: string) =>
      (
        await collect(await client().translate.query({ model: 'tiny-both-ways', text, ...(prefix ? { prefix } : {}) }))
      ).at(-1);
    expect(await done('to Chinese: ')).toMatchObject({ text: (await both.run([text], { prefix: 'to Chinese: ' }))[0] });
    expect(await done()).toMatchObject({ text: (await both.run([text]))[0] });
    await both.dispose();
  });

  it('cuts a sentence that the model cannot read at once', async () => {
    const endless = `${'the ship reached Lisbon '.repeat(40)}at sea`;
    const events = await collect(await client().translate.query({ model: 'tiny-en-de', text: endless, beams: 1 }));
    const [parts] = events.flatMap((e) => (e.kind === 'parts' ? [e.parts] : []));
    expect(parts!.length).toBeGreaterThan(3);
    expect(parts!.map((p) => endless.slice(p.start, p.end)).join(' ')).toBe(endless);
    expect(events.at(-1)?.kind).toBe('done');
  });

  it('stops when the caller leaves, and the next in the queue begins', async () => {
    const stop = new AbortController();
    const events = await client().translate.query(
      { model: 'tiny-en-de', text: long.repeat(20), beams: 1 },
      { signal: stop.signal },
    );
    const kinds: string[] = [];
    let next: Promise<void> | undefined;
    const askNext = async (): Promise<void> => {
      for await (const { kind } of await client().translate.query({
        model: 'tiny-en-de',
        text: sentences[0]!,
        beams: 1,
      })) {
        kinds.push(kind);
        if (kind === 'waiting') stop.abort(); // there is one slot, and the first has it until it leaves
      }
    };
    await expect(async () => {
      for await (const event of events) if (event.kind === 'piece') next ??= askNext();
    }).rejects.toThrow();
    await next;
    expect(kinds).toContain('waiting');
    expect(kinds.at(-1)).toBe('done');
    const engine = await app.models.taskEngine('tiny-en-de', 'translate');
    expect(engine.state).toMatchObject({ active: 0, waiting: 0 });
  });
});

describe('a summary', () => {
  it('of a long text is that of its chunks, joined or summarized again', async () => {
    const model = await TextToText.load(source('tiny-summary'), alone.runtime, alone);
    const prefix = 'sum: ';
    const summary = async (input: { text: string; merge?: 'join' | 'summarize' }) => {
      const events = await collect(
        await client().summarize.query({ model: 'tiny-summary', beams: 1, prefix, ...input }),
      );
      const rounds = events.flatMap((e) => (e.kind === 'parts' ? [e] : []));
      return { rounds, last: events.at(-1) as { text: string } };
    };
    const short = await summary({ text: ` ${sentences[0]} ` });
    expect(short.rounds).toHaveLength(1);
    expect(short.last.text).toBe((await model.run([sentences[0]!], { prefix }))[0]!.trim());

    const joined = await summary({ text: long });
    const chunks = joined.rounds[0]!.parts.map((p) => long.slice(p.start, p.end));
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.join('').replaceAll(/\s/g, '')).toBe(long.replaceAll(/\s/g, ''));
    const wanted = (await model.run(chunks, { prefix, batchSize: 1 })).map((s) => s.trim());
    expect(joined.last.text).toBe(wanted.join('\n'));

    const again = await summary({ text: long, merge: 'summarize' });
    expect(again.rounds.length).toBeGreaterThan(1);
    expect(again.rounds[1]!.of).toBe('summaries');
    expect(again.last.text.length).toBeLessThan(joined.last.text.length);
    await model.dispose();
  });
});

describe('files of models', () => {
  it('are listed with sizes and digests that they have', async () => {
    const address = `${server.address}/models/tiny-reader/checksums.json`;
    const answer = await fetch(address);
    const sums = (await answer.json()) as Record<string, { bytes: number; sha256: string }>;
    expect(Object.keys(sums)).toEqual([
      'README.md',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    const file = new Uint8Array(
      await (await fetch(`${server.address}/models/tiny-reader/model.safetensors`)).arrayBuffer(),
    );
    expect(sums['model.safetensors']).toEqual({
      bytes: file.length,
      sha256: createHash('sha256').update(file).digest('hex'),
    });
    const etag = answer.headers.get('etag') ?? '';
    expect((await fetch(address, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await fetch(`${server.address}/models/..%2f/checksums.json`)).status).toBe(404);
  });
});

describe('8-bit files', () => {
  const info = async () => (await client().models.query()).models.find((m) => m.name === 'tiny-names');
  const path = (file: string) => join(folder, 'tiny-names', file);

  it('are told where they are there, with how often they choose the same, and not when the weights are newer', async () => {
    expect((await info())?.small).toBeUndefined();
    mkdirSync(path('onnx'));
    writeFileSync(path('onnx/model_quantized.onnx'), 'x'.repeat(100));
    const others = ['config.json', 'generation_config.json', 'tokenizer.json'];
    const bytes = others.reduce((n, file) => n + statSync(path(file)).size, 100);
    expect((await info())?.small).toEqual({ bytes });
    const files = [{ path: 'onnx/model_quantized.onnx', sameChoice: 0.97 }];
    writeFileSync(path('onnx/made.json'), JSON.stringify({ files }));
    expect((await info())?.small).toEqual({ bytes, sameChoice: 0.97 });
    const { mtimeMs } = statSync(path('onnx/model_quantized.onnx'));
    utimesSync(path('model.safetensors'), new Date(), new Date(mtimeMs + 2000));
    expect((await info())?.small).toBeUndefined();
  });
});
