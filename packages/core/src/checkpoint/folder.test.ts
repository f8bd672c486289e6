// A model's folder on disk and its shards; paths that try to leave it; writing that is all or nothing.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { value } from '../value.ts';
import { diskSource, writeFileAtomic } from './disk.node.ts';
import { openBundle } from './folder.ts';
import { writeSafetensors } from './safetensors.ts';
import { memorySource } from './source.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yumo-bundle-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const a = { a: value('float32', [1], [1]) };
const b = { b: value('float32', [2], [2, 3]) };
const config = '{"model_type": "gpt2"}';

describe('a bundle', () => {
  it('is read from a folder: configurations, tokenizer, weights', async () => {
    await writeFile(join(folder, 'config.json'), config);
    await writeFile(join(folder, 'generation_config.json'), '{"eos_token_id": 5}');
    await writeFile(join(folder, 'tokenizer.json'), '{"version": "1.0"}');
    await writeFile(join(folder, 'model.safetensors'), writeSafetensors(b));
    const bundle = await openBundle(diskSource(folder));
    expect(bundle.config.model_type).toBe('gpt2');
    expect(bundle.generationConfig.eos_token_id).toBe(5);
    expect(await bundle.tokenizerJson()).toContain('version');
    expect(await (await bundle.weights()).read('b')).toEqual(b.b);
  });

  it('may have its weights in shards', async () => {
    const source = memorySource({
      'config.json': config,
      'model.safetensors.index.json': JSON.stringify({ weight_map: { a: 'one.safetensors', b: 'two.safetensors' } }),
      'one.safetensors': writeSafetensors(a),
      'two.safetensors': writeSafetensors(b),
    });
    const weights = await (await openBundle(source)).weights();
    expect(weights.names).toEqual(['a', 'b']);
    expect(weights.form('b').shape).toEqual([2]);
    expect(await weights.read('a')).toEqual(a.a);
  });

  const index = (map: unknown) => ({
    'config.json': config,
    'model.safetensors.index.json': JSON.stringify({ weight_map: map }),
    'one.safetensors': writeSafetensors(a),
  });
  const broken: readonly [string, Record<string, string | Uint8Array>, string, RegExp][] = [
    [
      'whose shards are missing names them all',
      index({ a: 'one.safetensors', b: 'two.safetensors', c: 'three.safetensors' }),
      'CHECKPOINT',
      /of 3 shards 2 are missing: two.safetensors, three.safetensors/,
    ],
    [
      'whose index lies about a tensor names it',
      index({ a: 'one.safetensors', z: 'one.safetensors' }),
      'CHECKPOINT',
      /not in the file that the index names: z \(one.safetensors\)/,
    ],
    ['whose index leaves the folder is refused', index({ a: '../../secret.safetensors' }), 'FILE', /leaves the folder/],
    ['whose index is no map is refused', index(['one.safetensors', 3]), 'CHECKPOINT', /weight_map/],
    [
      'without weights says which files it looked for',
      { 'config.json': config },
      'FILE',
      /neither model.safetensors nor model.safetensors.index.json$/,
    ],
    [
      'with pickled weights only says why they are not read',
      { 'config.json': config, 'pytorch_model.bin': '' },
      'FILE',
      /can run code/,
    ],
  ];
  for (const [what, files, code, message] of broken) {
    it(what, async () => {
      const bundle = await openBundle(memorySource(files));
      await expect(bundle.weights()).rejects.toMatchObject({ name: 'YumoError', code, message });
    });
  }

  it('without config.json, or with a broken one, is named', async () => {
    await expect(openBundle(memorySource({}))).rejects.toThrow('no config.json; is this the folder of a model?');
    await expect(openBundle(memorySource({ 'config.json': '{"a":' }))).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(openBundle(memorySource({ 'config.json': '[1]' }))).rejects.toThrow('expected a JSON object, got [1]');
  });
});

describe('a folder on disk', () => {
  const paths = ['../x', '/etc/passwd', 'a/../../x', 'a//b', '', '.', 'C:\\x', '..\\x', 'a\0b'];
  for (const path of paths) {
    it(`does not let ${JSON.stringify(path)} out`, async () => {
      const source = diskSource(folder);
      for (const attempt of [source.exists, source.size, source.read])
        await expect((async () => attempt(path))()).rejects.toMatchObject({
          code: 'FILE',
          message: /leaves the folder/,
        });
    });
  }

  it('reads ranges, tells progress, and refuses ranges beyond the file', async () => {
    await writeFile(join(folder, 'x.bin'), 'abcdef');
    const source = diskSource(folder);
    const seen: number[] = [];
    const bytes = await source.read('x.bin', { start: 2, end: 5, onProgress: (n, of) => seen.push(n, of) });
    expect(new TextDecoder().decode(bytes)).toBe('cde');
    expect(seen).toEqual([3, 3]);
    await expect(source.read('x.bin', { start: 4, end: 2 ** 45 })).rejects.toThrow('the file has 6; it is truncated');
  });

  it('answers a missing file with the nearest name, and a folder with "not a file"', async () => {
    await writeFile(join(folder, 'tokenizer.json'), '');
    await mkdir(join(folder, 'onnx'));
    const source = diskSource(folder);
    await expect(source.read('tokeniser.json')).rejects.toThrow('did you mean "tokenizer.json"?');
    await expect(source.size('onnx')).rejects.toThrow('not a file');
    await expect(source.read('none/x')).rejects.toThrow('no such folder');
    expect(await source.exists('onnx')).toBe(false);
  });

  it('stops reading when told', async () => {
    await writeFile(join(folder, 'x.bin'), 'abc');
    await expect(diskSource(folder).read('x.bin', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});

describe('writing', () => {
  it('replaces a file at once and leaves nothing beside it', async () => {
    const path = join(folder, 'deep/er/x.txt');
    await writeFileAtomic(path, 'old');
    await writeFileAtomic(path, [new TextEncoder().encode('ne'), new TextEncoder().encode('w')]);
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(join(folder, 'deep/er'))).toEqual(['x.txt']);
  });

  it('that fails leaves the old file and no part of the new one', async () => {
    await mkdir(join(folder, 'taken'));
    await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toMatchObject({ code: 'FILE' });
    expect(await readdir(folder)).toEqual(['taken']);
  });
});
