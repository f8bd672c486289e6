// Models of the hub on the command line: `org/name` wherever a folder is taken, with the hub's server on this computer.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@yumo/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HubServer, hubServer } from '../../../packages/core/test/hub-server.ts';
import { randomWeights, tinyGpt2 } from '../../../packages/core/test/tiny-model.ts';
import { documentOf, yumo } from './yumo.ts';

const letters = [...'abcdefghijklm'];
const tokenizer = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: { type: 'BPE', vocab: Object.fromEntries(letters.map((l, i) => [l, i])), merges: [] },
};

let cache: string;
let hub: HubServer;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'yumo-cli-hub-'));
  hub = await hubServer([
    {
      id: 'tiny/letters',
      files: {
        'config.json': JSON.stringify(tinyGpt2),
        'tokenizer.json': JSON.stringify(tokenizer),
        'model.safetensors': writeSafetensors(randomWeights(tinyGpt2)),
      },
    },
  ]);
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(cache, { recursive: true, force: true });
});
const run = (words: readonly string[], more: Readonly<Record<string, string>> = {}) =>
  yumo(words, { cwd: cache, environment: { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: join(cache, 'hub'), ...more } });

describe('a model of the hub', () => {
  test('is inspected without its weights', async () => {
    const seen = await run(['inspect', 'tiny/letters', '--json']);
    expect(seen.exit, seen.stderr).toBe(0);
    expect(documentOf(seen)).toMatchObject({ bundle: 'tiny/letters', modelType: 'gpt2', weights: { fits: true } });
    expect(await readdir(join(cache, 'hub')).catch(() => [])).not.toContain('model.safetensors');
    expect(hub.log.some(({ path, range }) => path === 'storage model.safetensors' && range === undefined)).toBe(false);
  });

  test('generates, and generates again without a network', async () => {
    const words = ['generate', 'tiny/letters@main', 'abc', '-n', '4', '--seed', '1', '--device', 'cpu', '--json'];
    const first = await run(words);
    expect(first.exit, first.stderr).toBe(0);
    const offline = await run(words, { HF_HUB_OFFLINE: '1', HF_ENDPOINT: 'http://127.0.0.1:1' });
    expect(offline.exit, offline.stderr).toBe(0);
    const ids = (finished: typeof first) => (documentOf(finished) as { ids: number[] }).ids;
    expect(ids(offline)).toEqual(ids(first));
    const cutOff = await run(words, { HF_ENDPOINT: 'http://127.0.0.1:1' });
    expect(cutOff.stderr).toMatch(/cannot be reached .* what is here from commit/);
    expect(ids(cutOff)).toEqual(ids(first));
  });

  test('brings its tokenizer, and is exported beside us', async () => {
    const encoded = await run(['tokenizer', 'encode', 'tiny/letters', 'badge', '--json']);
    expect(encoded.stdout, encoded.stderr).toContain('[1,0,3,6,4]');
    const exported = await run(['export', 'tiny/letters', '--form', 'float32']);
    expect(exported.exit, exported.stderr).toBe(0);
    expect((await readFile(join(cache, 'letters/onnx/model.onnx'))).length).toBeGreaterThan(1000);
  });

  test('that is not there is named, with the exit code of a missing file', async () => {
    const { exit, stderr } = await run(['generate', 'tiny/words', 'abc']);
    expect(stderr).toContain('tiny/words: the hub has no such repository');
    expect(exit).toBe((await run(['generate', './no/folder', 'abc'])).exit);
  });
});

test('what auto passes over is told in one line', async () => {
  const { stderr } = await run(['generate', 'tiny/letters', 'abc', '-n', '2'], {
    VK_DRIVER_FILES: '',
    VK_ICD_FILENAMES: '',
  });
  expect(stderr).toMatch(/^computing on \w+; not on cuda: /m);
});
