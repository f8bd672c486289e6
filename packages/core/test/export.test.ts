// Exported folders: in our own runtime, and in transformers.js, which must write the same text.

import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { Tokenizer, trainCharacters } from '@yumo/tokenizer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskSource } from '../src/checkpoint/disk.node.ts';
import { openBundle } from '../src/checkpoint/folder.ts';
import { type ExportResult, exportBundle } from '../src/export/export.ts';
import { exportFolder } from '../src/export/folder.node.ts';
import { CausalLm } from '../src/generate/decode.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../src/runtimes/reference.ts';
import { TextGenerator } from '../src/tasks/text-generation.ts';
import { tinyBundle, tinyGpt2, tinyLlama } from './tiny-model.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz .,\n';
const runtime = await onnxruntimeNode({ threads: 1 });
const tokenizer = (json: string): Tokenizer => Tokenizer.fromJson(json);

describe.each([
  ['GPT-2', { ...tinyGpt2, n_positions: 64 }],
  ['Llama with grouped queries', { ...tinyLlama, max_position_embeddings: 64 }],
])('an exported %s', (_, base) => {
  let folder: string;
  let result: ExportResult;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yumo-export-'));
    const made = await trainCharacters([letters], {});
    const source = tinyBundle({ ...base, vocab_size: made.vocabularySize });
    for (const path of ['config.json', 'model.safetensors'])
      await writeFile(join(folder, path), await source.read(path));
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(made.toJson()));
    result = await exportFolder(folder, { runtime, against: referenceRuntime, forms: ['float32', 'int8', 'int4'] });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const ours = async (file: string | undefined, prompt: string): Promise<string> => {
    const generator = await TextGenerator.load(diskSource(folder), runtime, { tokenizer, file });
    const { text } = await generator.run(prompt, { maxNewTokens: 24, temperature: 0 });
    await generator.dispose();
    return text;
  };

  it('has the files, and numbers as near as float32, 8 and 4 bits come', async () => {
    expect((await readdir(join(folder, 'onnx'))).sort()).toEqual([
      'model.onnx',
      'model_q4.onnx',
      'model_quantized.onnx',
    ]);
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['generation_config.json', 'tokenizer_config.json']));
    const [full, quantized, quarter] = result.files;
    expect(full!.difference.scale).toBeGreaterThan(0.1);
    expect(full!.difference.largest).toBeLessThan(1e-5 * full!.difference.scale);
    expect(full!.difference.sameChoice).toBe(1);
    expect(quantized!.difference.largest).toBeGreaterThan(full!.difference.largest);
    expect(quantized!.difference.largest).toBeLessThan(0.15 * quantized!.difference.scale);
    expect(quarter!.difference.largest).toBeGreaterThan(quantized!.difference.largest);
    expect(quarter!.difference.largest).toBeLessThan(0.5 * quarter!.difference.scale);
  });

  it('continues a text as its weights do', async () => {
    for (const prompt of ['hello', 'the cat.\n'])
      expect(await ours('onnx/model.onnx', prompt)).toBe(await ours(undefined, prompt));
  });

  it.each([
    ['fp32', 'onnx/model.onnx'],
    ['q8', 'onnx/model_quantized.onnx'],
    ['q4', 'onnx/model_q4.onnx'],
  ] as const)('is opened by transformers.js as %s and continues a text alike', async (dtype, file) => {
    env.allowRemoteModels = false;
    env.localModelPath = dirname(folder);
    const generate = await pipeline('text-generation', basename(folder), { dtype });
    for (const prompt of ['hello', 'the cat.\n']) {
      const [theirs] = await generate(prompt, { max_new_tokens: 24, do_sample: false });
      expect((theirs as { generated_text: string }).generated_text).toBe(prompt + (await ours(file, prompt)));
    }
    await generate.dispose();
  });

  it('decodes batches with left padding and a cache as the graph does', async () => {
    const bundle = await openBundle(diskSource(folder));
    const prompts = [[3], [5, 9, 2, 4], [1, 1]];
    const collect = async (options: { file?: string }): Promise<number[][]> => {
      const lm = await CausalLm.load(bundle, runtime, options);
      const rows: number[][] = prompts.map(() => []);
      for await (const step of lm.generate(prompts, { maxNewTokens: 10, temperature: 0 }))
        if (step.kind === 'token') rows[step.row]!.push(step.id);
      await lm.dispose();
      return rows;
    };
    expect(await collect({ file: 'onnx/model.onnx' })).toEqual(await collect({}));
  });
});

describe('an export that fails', () => {
  it('leaves no file behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'yumo-export-'));
    await writeFile(join(folder, 'config.json'), JSON.stringify(tinyGpt2));
    await writeFile(join(folder, 'model.safetensors'), 'not a checkpoint');
    await expect(exportFolder(folder, { runtime })).rejects.toMatchObject({ code: 'CHECKPOINT' });
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors']);
    await rm(folder, { recursive: true });
  });

  it('stops when told', async () => {
    const bundle = await openBundle(tinyBundle());
    await expect(exportBundle(bundle, { runtime, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});

it('exports the same bytes from the same bundle', async () => {
  const bundle = await openBundle(tinyBundle());
  const bytes = async () => (await exportBundle(bundle, { runtime })).files.map((f) => f.bytes);
  expect(await bytes()).toEqual(await bytes());
});

const questionAnswering = resolve(
  process.env.YUMO_SHARED ?? join(import.meta.dirname, '../../../../shared'),
  'golden/models/bert-qa',
);
it.skipIf(!existsSync(questionAnswering))('exports other heads with their outputs (needs ../shared)', async () => {
  const { files } = await exportBundle(await openBundle(diskSource(questionAnswering)), {
    runtime,
    against: referenceRuntime,
  });
  expect(files[0]!.difference.largest).toBeLessThan(1e-4);
  expect(files[0]!.difference.scale).toBeGreaterThan(0.1);
});
