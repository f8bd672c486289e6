// Exported files whose tensors lie beside them, as models past 2 GB have them: with a small limit, in onnxruntime, in transformers.js and here.

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { Tokenizer, trainCharacters } from '@yumo/tokenizer';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskSource } from '../src/checkpoint/disk.node.ts';
import { openBundle } from '../src/checkpoint/folder.ts';
import { loadModelFile } from '../src/checkpoint/model-file.ts';
import { memorySource } from '../src/checkpoint/source.ts';
import { exportBundle } from '../src/export/export.ts';
import { exportFolder } from '../src/export/folder.node.ts';
import { CausalLm } from '../src/generate/decode.ts';
import { filesBeside } from '../src/lower/onnx/external.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../src/runtimes/reference.ts';
import { TextGenerator } from '../src/tasks/text-generation.ts';
import { Translator } from '../src/tasks/translation.ts';
import { sentences, tinyFolder } from './tiny-heads.ts';
import { tinyBundle, tinyGpt2 } from './tiny-model.ts';

const runtime = await onnxruntimeNode({ threads: 1 });
const tokenizer = (json: string): Tokenizer => Tokenizer.fromJson(json);
const externalDataAt = 4096;
const made: string[] = [];
const folderOf = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'yumo-external-'));
  made.push(folder);
  for (const [path, content] of Object.entries(files)) await writeFile(join(folder, path), content);
  return folder;
};
const openedByOthers = (folder: string): string => {
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  return basename(folder);
};
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

describe('a language model whose tensors lie beside its file', () => {
  let folder: string;
  const forms = ['float32', 'float16', 'int8', 'int4'] as const;
  const files = ['model.onnx', 'model_fp16.onnx', 'model_quantized.onnx', 'model_q4.onnx'];
  beforeAll(async () => {
    const characters = await trainCharacters(['abcdefghijklmnopqrstuvwxyz .,\n'], {});
    const source = tinyBundle({ ...tinyGpt2, n_positions: 64, vocab_size: characters.vocabularySize });
    folder = await folderOf({
      'config.json': await source.read('config.json'),
      'model.safetensors': await source.read('model.safetensors'),
      'tokenizer.json': JSON.stringify(characters.toJson()),
    });
    const result = await exportFolder(folder, { runtime, against: referenceRuntime, forms, externalDataAt });
    for (const { form, path, difference, data } of result.files) {
      expect(data!.bytes, path).toBe((await stat(join(folder, `${path}_data`))).size);
      expect(difference.largest, path).toBeLessThan(
        { float32: 1e-5, float16: 0.01, int8: 0.15, int4: 0.5 }[form] * difference.scale,
      );
    }
  });

  it('is two files for each form, and nothing else is left', async () => {
    expect((await readdir(join(folder, 'onnx'))).sort()).toEqual(files.flatMap((f) => [f, `${f}_data`]).sort());
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const weights = (await stat(join(folder, 'model.safetensors'))).size;
    expect((await stat(join(folder, 'onnx/model.onnx_data'))).size).toBeGreaterThan(0.8 * weights);
  });

  it('is opened by onnxruntime from the folder, with the logits of a file that holds everything', async () => {
    const whole = await exportBundle(await openBundle(diskSource(folder)), { runtime, forms: ['float32'] });
    const sessions = [
      await InferenceSession.create(join(folder, 'onnx/model.onnx')),
      await InferenceSession.create(whole.files[0]!.bytes),
    ];
    const ids = [3, 5, 8, 1, 2];
    const int64 = (xs: readonly number[]) => new Tensor('int64', BigInt64Array.from(xs, BigInt), [1, xs.length]);
    const logits = await Promise.all(
      sessions.map(async (session) => {
        const feeds: Record<string, Tensor> = {};
        for (const name of session.inputNames)
          feeds[name] = name.startsWith('past_key_values')
            ? new Tensor('float32', [], [1, 2, 0, tinyGpt2.n_embd / 2])
            : int64(name === 'input_ids' ? ids : name === 'position_ids' ? ids.map((_, i) => i) : ids.map(() => 1));
        return (await session.run(feeds)).logits!.data as Float32Array;
      }),
    );
    expect(logits[0]!.some((x) => Math.abs(x) > 0.1)).toBe(true);
    expect(logits[0]).toEqual(logits[1]);
  });

  it('places tensors at whole pages, and writes the bytes of the weights themselves', async () => {
    const result = await exportBundle(await openBundle(diskSource(folder)), {
      runtime,
      forms: ['float32'],
      externalDataAt,
    });
    const { pieces } = result.files[0]!.data!;
    let at = 0;
    for (const piece of pieces) {
      if (piece.some((byte) => byte !== 0) && piece.length >= 1024) expect(at % 4096).toBe(0);
      at += piece.length;
    }
    expect(Buffer.concat(pieces)).toEqual(await readFile(join(folder, 'onnx/model.onnx_data')));
  });

  it.each([
    ['fp32', 'onnx/model.onnx'],
    ['fp16', 'onnx/model_fp16.onnx'],
    ['q8', 'onnx/model_quantized.onnx'],
    ['q4', 'onnx/model_q4.onnx'],
  ] as const)('is opened by transformers.js as %s and continues a text as here', async (dtype, file) => {
    const ours = await TextGenerator.load(diskSource(folder), runtime, { tokenizer, file });
    const { text } = await ours.run('the cat', { maxNewTokens: 16, temperature: 0 });
    await ours.dispose();
    // Told by the caller, and told by config.json, which the export wrote.
    for (const told of [{ use_external_data_format: true }, {}]) {
      const generate = await pipeline('text-generation', openedByOthers(folder), { dtype, ...told });
      const [theirs] = await generate('the cat', { max_new_tokens: 16, do_sample: false });
      expect((theirs as { generated_text: string }).generated_text).toBe(`the cat${text}`);
      await generate.dispose();
    }
  });

  it('becomes one file again when there is room', async () => {
    const copy = await folderOf({});
    for (const path of ['config.json', 'model.safetensors', 'tokenizer.json'])
      await writeFile(join(copy, path), await readFile(join(folder, path)));
    await exportFolder(copy, { runtime, forms: ['float32'], externalDataAt });
    expect((await readdir(join(copy, 'onnx'))).sort()).toEqual(['model.onnx', 'model.onnx_data']);
    await exportFolder(copy, { runtime, forms: ['float32'] });
    expect(await readdir(join(copy, 'onnx'))).toEqual(['model.onnx']);
    const config = JSON.parse(await readFile(join(copy, 'config.json'), 'utf8'));
    expect(config['transformers.js_config'].use_external_data_format).not.toHaveProperty('model.onnx');
    expect(config.model_type).toBe('gpt2');
  });
});

it('an encoder and a decoder with their tensors beside them translate as their weights do', async () => {
  const folder = await tinyFolder('bart', 'BartForConditionalGeneration');
  made.push(folder);
  const before = await Translator.load(diskSource(folder), runtime, { tokenizer });
  const wanted = await before.run(sentences.slice(0, 2), { maxNewTokens: 12 });
  await before.dispose();
  await exportFolder(folder, { runtime, forms: ['float32'], externalDataAt });
  expect((await readdir(join(folder, 'onnx'))).sort()).toEqual(
    ['decoder_model_merged.onnx', 'encoder_model.onnx'].flatMap((f) => [f, `${f}_data`]),
  );
  const files = { encoder: 'onnx/encoder_model.onnx', decoder: 'onnx/decoder_model_merged.onnx' };
  const ours = await Translator.load(diskSource(folder), runtime, { tokenizer, files });
  expect(await ours.run(sentences.slice(0, 2), { maxNewTokens: 12 })).toEqual(wanted);
  await ours.dispose();
  const theirs = await pipeline('translation', openedByOthers(folder), {
    dtype: 'fp32',
    use_external_data_format: true,
  });
  const got = (await theirs(sentences.slice(0, 2), { max_new_tokens: 12 } as never)) as unknown as {
    translation_text: string;
  }[];
  expect(got.map((x) => x.translation_text.trim())).toEqual(wanted.map((x) => x.trim()));
  await theirs.dispose();
});

it('says which file is missing when a model stands without its tensors, and never leaves the folder', async () => {
  const bundle = await openBundle(tinyBundle({ ...tinyGpt2 }));
  const { files } = await exportBundle(bundle, { runtime, forms: ['float32'], externalDataAt });
  const model = files[0]!.bytes;
  expect(filesBeside(model)).toEqual(['model.onnx_data']);
  await expect(loadModelFile(runtime, memorySource({ 'onnx/model.onnx': model }), 'onnx/model.onnx')).rejects.toThrow(
    'no file "onnx/model.onnx_data"',
  );
  const hostile = Buffer.from(
    Buffer.from(model).toString('latin1').replaceAll('model.onnx_data', '../../etc/hosts'),
    'latin1',
  );
  await expect(loadModelFile(runtime, memorySource({ 'onnx/model.onnx': hostile }), 'onnx/model.onnx')).rejects.toThrow(
    'leaves the folder',
  );
  // What is cut anywhere is read as far as it goes; the engine refuses it.
  for (let end = 0; end < model.length; end += 101) expect(filesBeside(model.subarray(0, end)).length).toBeLessThan(2);
  const whole = await exportBundle(bundle, { runtime, forms: ['float32'] });
  expect(filesBeside(whole.files[0]!.bytes)).toEqual([]);
});

it('a graph whose weights one file cannot hold is compiled from temporary files, which go with the program', async () => {
  const ours = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('yumo-model-'));
  const before = await ours();
  const small = await onnxruntimeNode({ threads: 1, externalDataAt });
  const bundle = await openBundle(tinyBundle({ ...tinyGpt2 }));
  const collect = async (engine: typeof small, during: number): Promise<number[]> => {
    const lm = await CausalLm.load(bundle, engine);
    expect(await ours()).toHaveLength(before.length + during);
    const ids: number[] = [];
    for await (const step of lm.generate([[3, 1, 4]], { maxNewTokens: 8, temperature: 0 }))
      if (step.kind === 'token') ids.push(step.id);
    await lm.dispose();
    return ids;
  };
  expect(await collect(small, 1)).toEqual(await collect(runtime, 0));
  expect(await ours()).toEqual(before);
});

it('leaves nothing behind when it is stopped between two files', async () => {
  const source = tinyBundle({ ...tinyGpt2 });
  const folder = await folderOf({
    'config.json': await source.read('config.json'),
    'model.safetensors': await source.read('model.safetensors'),
  });
  const controller = new AbortController();
  const stopping = {
    ...runtime,
    load(...of: Parameters<typeof runtime.load>) {
      controller.abort();
      return runtime.load(...of);
    },
  };
  await expect(
    exportFolder(folder, { runtime: stopping, against: runtime, externalDataAt, signal: controller.signal }),
  ).rejects.toMatchObject({ code: 'ABORTED' });
  expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors']);
});
