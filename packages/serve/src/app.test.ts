// The server from request to response, on a real model of a few thousand weights: tRPC, OpenAI's API, files, and people who leave.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskSource, onnxruntimeNode, TextGenerator } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyModel } from '../test/tiny-model.ts';
import { type App, createApp } from './app.ts';
import { createClient, failureOf, type GenerateEvent } from './client.ts';
import { type Listening, listen } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'yumo-serve-'));
let app: App;
let server: Listening;
const log: string[] = [];
/** What the model alone says, without any server. */
let greedy: string;

beforeAll(async () => {
  await writeTinyModel(join(folder, 'tiny'), {
    card: '---\nlicense: apache-2.0\nlanguage: [en, zh]\nwidget:\n- text: "once\\nupon"\n- text: a time\n---\n# Tiny letters\n\nRandom.\n',
  });
  await writeTinyModel(join(folder, 'tiny-2'), { seed: 2 });
  await writeTinyModel(join(folder, 'other'), { seed: 3 });
  mkdirSync(join(folder, 'broken'));
  writeFileSync(join(folder, 'broken/config.json'), '{"model_type": "gpt3"}');
  mkdirSync(join(folder, 'no-model'));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  mkdirSync(join(folder, 'tiny/training'));
  writeFileSync(join(folder, 'tiny/training/events.jsonl'), '{}');
  const alone = await TextGenerator.load(diskSource(join(folder, 'tiny')), await onnxruntimeNode({ threads: 1 }), {
    tokenizer: (json) => Tokenizer.fromJson(json),
  });
  greedy = (await alone.run('hello wor', { temperature: 0, maxNewTokens: 20 })).text;
  await alone.dispose();
  app = createApp({ models: folder, threads: 1, slots: 2, queueLength: 2, loadedAtMost: 2 });
  server = await listen(app, { log: (line) => log.push(line) });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const collect = async <T>(events: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
};
const post = (path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(server.address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...init,
  });
const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
};
const client = () => createClient(`${server.address}/api/trpc`);

describe('the tRPC router', () => {
  it('lists what can be used, and says why the rest cannot', async () => {
    const { models, default: first } = await client().models.query();
    expect(models.map((m) => m.name)).toEqual(['broken', 'other', 'tiny', 'tiny-2']);
    expect(models[0]?.problem).toContain('model_type "gpt3" is not supported; did you mean "gpt2"');
    expect(models[2]).toEqual({
      name: 'tiny',
      title: 'Tiny letters',
      modelType: 'gpt2',
      contextLength: 48,
      vocabularySize: 28,
      bytes: ['config.json', 'tokenizer.json', 'model.safetensors'].reduce(
        (n, f) => n + statSync(join(folder, 'tiny', f)).size,
        0,
      ),
      tasks: ['write'],
      languages: ['en', 'zh'],
      directions: [],
      labels: [],
      openings: ['once\nupon', 'a time'],
      summary: 'Random.',
      license: 'apache-2.0',
      results: [],
    });
    expect(first).toBe('other');
  });

  it('streams the same greedy text as the model alone', async () => {
    const events = await collect(
      await client().generate.query({
        model: 'tiny',
        prompt: 'hello wor',
        options: { temperature: 0, maxNewTokens: 20 },
      }),
    );
    expect(events[0]).toEqual({ kind: 'loading', model: 'tiny' });
    expect(events[1]).toMatchObject({ kind: 'start', promptTokens: 9, contextLength: 48, runtime: 'cpu' });
    expect(
      events
        .filter((e) => e.kind === 'token')
        .map((e) => e.text)
        .join(''),
    ).toBe(greedy);
    expect(events.at(-1)).toMatchObject({ kind: 'done', text: greedy, reason: 'length', newTokens: 20 });
  });

  it('is the same for one seed, and another for another', async () => {
    const draw = async (seed: number): Promise<GenerateEvent | undefined> =>
      (
        await collect(
          await client().generate.query({
            model: 'tiny',
            prompt: 'abc',
            options: { temperature: 1, seed, maxNewTokens: 30 },
          }),
        )
      ).at(-1);
    const [first, second, third] = [await draw(1), await draw(1), await draw(2)];
    expect(first).toMatchObject({ kind: 'done' });
    expect((second as { text: string }).text).toBe((first as { text: string }).text);
    expect((third as { text: string }).text).not.toBe((first as { text: string }).text);
  });

  it('stops generating when the caller leaves', async () => {
    const stop = new AbortController();
    const engine = await app.models.engine('tiny');
    const before = engine.state;
    const events = await client().generate.query(
      { model: 'tiny', prompt: 'abc', options: { temperature: 1, maxNewTokens: 8000 }, pastContext: 'slide' },
      { signal: stop.signal },
    );
    let tokens = 0;
    await expect(async () => {
      for await (const event of events) if (event.kind === 'token' && ++tokens === 3) stop.abort();
    }).rejects.toThrow();
    expect(tokens).toBeGreaterThanOrEqual(3);
    await until(() => engine.state.active === 0);
    expect(engine.state.newTokens - before.newTokens).toBeLessThan(8000);
  });

  it('names what is wrong: a model, an option, a text too long', async () => {
    const failure = async (input: object): Promise<unknown> => {
      // Inputs that the type forbids are what this test sends.
      const error: unknown = await collect(await client().generate.query(input as { prompt: string })).catch(
        (e: unknown) => e,
      );
      return failureOf(error) ?? (error as Error).message;
    };
    expect(await failure({ model: 'tinny', prompt: 'a' })).toMatchObject({
      code: 'FILE',
      message: expect.stringContaining('did you mean "tiny"?') as unknown,
      detail: { model: 'tinny', models: ['broken', 'other', 'tiny', 'tiny-2'] },
    });
    expect(await failure({ model: 'broken', prompt: 'a' })).toMatchObject({ code: 'CHECKPOINT' });
    expect(await failure({ model: 'tiny', prompt: 'a'.repeat(49) })).toMatchObject({
      code: 'CONTEXT',
      detail: { promptTokens: 49, contextLength: 48 },
    });
    const refused = async (input: object): Promise<unknown> =>
      client()
        .generate.query(input as { prompt: string })
        .then(collect)
        .catch((e: unknown) => (e as Error).message);
    expect(await refused({ model: 'tiny', prompt: 'a', options: { temprature: 1 } })).toContain('temprature');
    expect(await refused({ model: 'tiny', prompt: 'a', options: { temperature: -1 } })).toContain('temperature');
    expect(await refused({ model: 'tiny', prompt: '' })).toContain('prompt');
  });

  it('continues a text of any length when told to slide', async () => {
    const events = await collect(
      await client().generate.query({
        model: 'tiny',
        prompt: 'abcdefghij '.repeat(20),
        options: { temperature: 0, maxNewTokens: 100 },
        pastContext: 'slide',
      }),
    );
    expect(events.at(-1)).toMatchObject({ kind: 'done', newTokens: 100, promptTokens: 220 });
  });

  it('keeps two models in memory and lets the idle one go for a third', async () => {
    for (const model of ['tiny', 'tiny-2', 'other'])
      await collect(await client().generate.query({ model, prompt: 'a', options: { maxNewTokens: 1 } }));
    expect(Object.keys(app.models.states())).toEqual(['tiny-2', 'other']);
  });
});

describe("OpenAI's interface", () => {
  it('completes a prompt', async () => {
    const response = await post('/v1/completions', {
      model: 'tiny',
      prompt: 'hello wor',
      temperature: 0,
      max_tokens: 20,
      user: 'x',
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      object: 'text_completion',
      model: 'tiny',
      choices: [{ index: 0, text: greedy, finish_reason: 'length' }],
      usage: { prompt_tokens: 9, completion_tokens: 20, total_tokens: 29 },
    });
  });

  it('streams a completion as server-sent events, usage last', async () => {
    const response = await post('/v1/completions', {
      model: 'tiny',
      prompt: ['hello wor'],
      temperature: 0,
      max_tokens: 20,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const lines = (await response.text()).split('\n\n').filter((l) => l !== '');
    expect(lines.at(-1)).toBe('data: [DONE]');
    const pieces = lines
      .slice(0, -1)
      .map(
        (l) => JSON.parse(l.slice(6)) as { choices: { text: string; finish_reason: string | null }[]; usage?: object },
      );
    expect(pieces.flatMap((p) => p.choices.map((c) => c.text)).join('')).toBe(greedy);
    expect(pieces.at(-2)?.choices[0]?.finish_reason).toBe('length');
    expect(pieces.at(-1)?.usage).toEqual({ prompt_tokens: 9, completion_tokens: 20, total_tokens: 29 });
  });

  it('answers a chat by continuing the transcript', async () => {
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'hello wor' }] }];
    const whole = (await (
      await post('/v1/chat/completions', { model: 'tiny', messages, temperature: 0, max_completion_tokens: 20 })
    ).json()) as {
      choices: { message: object }[];
    };
    expect(whole.choices[0]?.message).toMatchObject({ role: 'assistant', content: greedy });
    const text = await (
      await post('/v1/chat/completions', { model: 'tiny', messages, temperature: 0, max_tokens: 20, stream: true })
    ).text();
    const deltas = text
      .split('\n\n')
      .filter((l) => l.startsWith('data: {'))
      .map(
        (l) =>
          (JSON.parse(l.slice(6)) as { choices: { delta: { role?: string; content?: string } }[] }).choices[0]?.delta,
      );
    expect(deltas[0]?.role).toBe('assistant');
    expect(deltas.map((d) => d?.content ?? '').join('')).toBe(greedy);
  });

  it('refuses by name, with the status that clients expect', async () => {
    const refusal = async (
      body: unknown,
      path = '/v1/completions',
    ): Promise<[number, { code: string; message: string }]> => {
      const response = await post(path, body);
      return [response.status, ((await response.json()) as { error: { code: string; message: string } }).error];
    };
    expect(await refusal({ model: 'nope', prompt: 'a' })).toMatchObject([404, { code: 'FILE' }]);
    expect(await refusal({ model: 'tiny', prompt: 'a'.repeat(50) })).toMatchObject([
      400,
      { code: 'context_length_exceeded' },
    ]);
    expect(await refusal({ model: 'tiny', prompt: 'a'.repeat(50), stream: true })).toMatchObject([
      400,
      { code: 'context_length_exceeded' },
    ]);
    expect((await refusal({ model: 'tiny', prompt: 'a', n: 3 }))[1].message).toContain('"n"');
    expect((await refusal({ model: 'tiny', prompt: 'a', tools: [{}] }))[1].message).toContain(
      '"tools" is not supported',
    );
    expect(await refusal([], '/v1/chat/completions')).toMatchObject([400, { code: 'USAGE' }]);
    expect((await refusal({}, '/v1/embeddings'))[0]).toBe(404);
    const broken = await fetch(`${server.address}/v1/completions`, { method: 'POST', body: '{"prompt":' });
    expect(broken.status).toBe(400);
    const large = await fetch(`${server.address}/v1/completions`, {
      method: 'POST',
      body: `{"prompt":"${'x'.repeat(5 * 2 ** 20)}"}`,
    });
    expect(large.status).toBe(400);
  });

  it('frees the slot of a client that hangs up in the middle of a stream', async () => {
    const engine = await app.models.engine('tiny');
    const stop = new AbortController();
    const response = await post(
      '/v1/completions',
      { model: 'tiny', prompt: 'a', max_tokens: 40, stream: true, temperature: 1 },
      { signal: stop.signal },
    );
    await response.body?.getReader().read();
    stop.abort();
    await until(() => engine.state.active === 0);
  });

  it('lists models', async () => {
    const list = (await (await fetch(`${server.address}/v1/models`)).json()) as { data: { id: string }[] };
    expect(list.data.map((m) => m.id)).toEqual(['other', 'tiny', 'tiny-2']);
    expect((await fetch(`${server.address}/v1/models/tiny`)).status).toBe(200);
    expect((await fetch(`${server.address}/v1/models/nope`)).status).toBe(404);
  });
});

describe('files of models', () => {
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    fetch(server.address + path, { headers, method });

  it('come whole, by range, and not again when unchanged', async () => {
    const file = readFileSync(join(folder, 'tiny/model.safetensors'));
    const whole = await get('/models/tiny/model.safetensors');
    expect(whole.headers.get('content-length')).toBe(String(file.length));
    expect(Buffer.from(await whole.arrayBuffer()).equals(file)).toBe(true);
    const etag = whole.headers.get('etag') ?? '';
    expect((await get('/models/tiny/model.safetensors', { 'if-none-match': etag })).status).toBe(304);
    const part = await get('/models/tiny/model.safetensors', { range: 'bytes=8-15' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 8-15/${file.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(file.subarray(8, 16))).toBe(true);
    const tail = await get('/models/tiny/model.safetensors', { range: 'bytes=-4' });
    expect(Buffer.from(await tail.arrayBuffer()).equals(file.subarray(-4))).toBe(true);
    expect((await get('/models/tiny/model.safetensors', { range: `bytes=${file.length}-` })).status).toBe(416);
    expect((await get('/models/tiny/model.safetensors', { range: 'bytes=0-3', 'if-range': '"old"' })).status).toBe(200);
    const head = await get('/models/tiny/config.json', {}, 'HEAD');
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'application/json']);
  });

  it('stay in their folder', async () => {
    symlinkSync(join(folder, 'secret.txt'), join(folder, '.hidden.txt'));
    for (const path of [
      '/models/secret.txt',
      '/models/tiny/..%2fsecret.txt',
      '/models/tiny/%2e%2e/secret.txt',
      '/models/..%2f..%2fetc/passwd',
      '/models/tiny/training/events.jsonl',
      '/models/tiny/onnx%2f..%2f..%2fsecret.txt',
      '/models/.hidden.txt',
      '/models/tiny\\..\\secret.txt',
      '/models/tiny/%00',
      '/models/tiny/%ff',
      '/models/tiny',
      '/models/',
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    expect((await get('/models/tiny/config.json', {}, 'DELETE')).status).toBe(405);
  });
});

it('tells its health, and logs no word of anybody', async () => {
  const health = (await (await fetch(`${server.address}/health`)).json()) as { status: string };
  expect(health.status).toBe('ok');
  expect(log.length).toBeGreaterThan(10);
  expect(log.join('\n')).not.toContain('hello');
  expect(log[0]).toMatch(/^#\d+ (GET|POST) \/\S+ \d{3} \d+ ms$/);
});
