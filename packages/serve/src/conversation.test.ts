// Conversations over OpenAI's interface: the model's own template, answers under a schema or a grammar, and what is refused.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskSource, onnxruntimeNode, TextGenerator } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeTinyModel } from '../test/tiny-model.ts';
import { createApp } from './app.ts';
import { type Listening, listen } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'yumo-conversation-'));
const template =
  "{% for m in messages %}{% if m.role == 'assistant' and loop.first %}{{ raise_exception('an answer cannot stand first') }}{% endif %}{{ m.role[0] }} {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}a {% endif %}";
let server: Listening;
let alone: TextGenerator;

beforeAll(async () => {
  const characters = 'abcdefghijklmnopqrstuvwxyz \n{}[]":,.-0123456789\\';
  await writeTinyModel(join(folder, 'talks'), { characters });
  writeFileSync(join(folder, 'talks/tokenizer_config.json'), JSON.stringify({ chat_template: template }));
  await writeTinyModel(join(folder, 'plain'), {});
  alone = await TextGenerator.load(diskSource(join(folder, 'talks')), await onnxruntimeNode({ threads: 1 }), {
    tokenizer: (json) => Tokenizer.fromJson(json),
  });
  server = await listen(createApp({ models: folder, threads: 1 }), { log: () => undefined });
});
afterAll(async () => {
  await server.close();
  await alone.dispose();
  rmSync(folder, { recursive: true });
});

async function chat(
  body: object,
): Promise<{ status: number; text?: string; error?: { code: string; message: string } }> {
  const response = await fetch(`${server.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'talks', temperature: 0, max_tokens: 12, ...body }),
  });
  const json = (await response.json()) as {
    choices?: { message: { content: string } }[];
    error?: { code: string; message: string };
  };
  return {
    status: response.status,
    ...(json.choices ? { text: json.choices[0]!.message.content } : {}),
    ...(json.error ? { error: json.error } : {}),
  };
}
const messages = [
  { role: 'developer', content: 'be kind' },
  { role: 'user', content: [{ type: 'text', text: 'hello' }] },
];

it('a model with a template reads its turns in the form that it was trained on', async () => {
  const { text } = await chat({ messages });
  expect(text).toBe((await alone.run('s be kind\nu hello\na ', { temperature: 0, maxNewTokens: 12 })).text);
});

it('answers are JSON of the schema, an object of JSON, or what a grammar describes', async () => {
  const schema = {
    type: 'object',
    properties: { n: { type: 'integer' } },
    required: ['n'],
    additionalProperties: false,
  };
  const format = { type: 'json_schema', json_schema: { name: 'number', schema } };
  const { text } = await chat({ messages, response_format: format, temperature: 1 });
  expect(Number.isInteger(JSON.parse(text!).n)).toBe(true);
  const object = await chat({ messages, response_format: { type: 'json_object' }, seed: 3, temperature: 1 });
  expect(Object.getPrototypeOf(JSON.parse(object.text!))).toBe(Object.prototype);
  expect((await chat({ messages, grammar: 'root ::= "yes" | "no"' })).text).toMatch(/^(yes|no)$/);
});

it('refuses by name what it cannot do', async () => {
  const refused = async (body: object) =>
    (({ status, error }) => [status, error?.code, error?.message])(await chat(body));
  const wrong = { type: 'json_schema', json_schema: { schema: { type: 'array', uniqueItems: true } } };
  expect(await refused({ messages, response_format: wrong })).toEqual([
    400,
    'CONFIG',
    expect.stringContaining('"uniqueItems"'),
  ]);
  expect(await refused({ messages, response_format: { type: 'xml' } })).toEqual([
    400,
    'USAGE',
    expect.stringContaining('response_format'),
  ]);
  const first = [{ role: 'assistant', content: 'hm' }];
  expect(await refused({ messages: first })).toEqual([
    400,
    'CONFIG',
    expect.stringContaining('an answer cannot stand first'),
  ]);
  const long = Array.from({ length: 9 }, () => ({ role: 'user', content: 'abc def' }));
  expect(await refused({ messages: long })).toEqual([
    400,
    'context_length_exceeded',
    expect.stringContaining('leave out its first'),
  ]);
  // The vocabulary of this model has no braces.
  expect(await refused({ model: 'plain', messages, response_format: { type: 'json_object' } })).toEqual([
    400,
    'CONFIG',
    expect.stringContaining('characters that the vocabulary has'),
  ]);
  expect(await refused({ messages, response_format: { type: 'json_object' }, max_tokens: 1 })).toEqual([
    400,
    'CONFIG',
    expect.stringContaining('may need 2 tokens'),
  ]);
});
