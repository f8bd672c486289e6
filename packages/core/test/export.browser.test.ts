// Exported files in a real browser, in float32, 8 and 4 bits: they write what they write in Node. On WebAssembly, and on WebGPU where the browser hands out an adapter.

import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBundle } from '../src/checkpoint/folder.ts';
import { writeSafetensors } from '../src/checkpoint/safetensors.ts';
import { type FileSource, memorySource } from '../src/checkpoint/source.ts';
import { exportBundle } from '../src/export/export.ts';
import { uniformAt } from '../src/generate/sampling.ts';
import { seq2seqFor } from '../src/models/index.ts';
import { crossDecoderGraph, encoderGraph } from '../src/models/seq2seq-graph.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { sizeOf } from '../src/value.ts';
import { type ExportedModel, filesOf, openExported, written } from './exported.ts';
import { bundle, pageServer } from './parity/bundle.ts';
import { chromiumPath } from './parity/chromium.ts';
import { tinyBundle, tinyGpt2, tinyLlama } from './tiny-model.ts';

const marian = {
  ...{ model_type: 'marian', vocab_size: 13, d_model: 32, max_position_embeddings: 32 },
  ...{ encoder_layers: 2, decoder_layers: 2, encoder_ffn_dim: 32, decoder_ffn_dim: 32 },
  ...{ encoder_attention_heads: 4, decoder_attention_heads: 4, decoder_start_token_id: 0, pad_token_id: 0 },
};

function marianSource(): FileSource {
  const architecture = seq2seqFor(marian);
  const config = architecture.readConfig(marian);
  const parts = [encoderGraph(architecture, config), crossDecoderGraph(architecture, config, { from: 'states' })];
  const parameters = new Map(parts.flatMap((g) => g.parameters).map((p) => [p.name, p]));
  const weights = [...parameters.values()].map(({ name, shape }, p) => {
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => uniformAt(31, p, i) - 0.5 + +/norm/.test(name));
    return [name, { dtype: 'float32', shape, data }] as const;
  });
  const bytes = writeSafetensors(Object.fromEntries(weights));
  return memorySource({ 'config.json': JSON.stringify(marian), 'model.safetensors': bytes });
}

const cpu = await onnxruntimeNode({ threads: 1 });
const models = [
  ['GPT-2', { ...tinyGpt2, n_positions: 32 }, (config: object) => tinyBundle({ ...config })],
  [
    'Llama with grouped queries',
    { ...tinyLlama, max_position_embeddings: 32 },
    (config: object) => tinyBundle({ ...config }),
  ],
  ['Marian', marian, marianSource],
] as const;
const forms = { float32: '', int8: '_quantized', int4: '_q4' } as const;
/**
 * Where activations are rounded to 8 bits, a last digit that differs can become a step of 1/255 of the largest; sines of shaders, as Llama's positions
 * need them, are exact to 2⁻¹¹ only.
 */
const toleranceOf = (form: keyof typeof forms, device: 'wasm' | 'webgpu'): number =>
  form === 'int8' ? 0.03 : device === 'webgpu' ? 1e-3 : 1e-4;
type Wrote = { tokens?: Awaited<ReturnType<typeof written>>; error?: string };
type Write = (device: 'wasm' | 'webgpu', model: ExportedModel, files: Record<string, string>) => Promise<Wrote>;

describe.skipIf(chromiumPath === undefined)('in Chromium', () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof pageServer>>;
  let page: Page;
  let hasAdapter: boolean;
  beforeAll(async () => {
    site = await pageServer((await bundle('export-page.ts', 'browser')).program);
    browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--enable-unsafe-webgpu'], // the flag hands out an adapter in software
    });
    page = await browser.newPage();
    await page.goto(site.address);
    await page.waitForFunction(() => 'write' in globalThis);
    hasAdapter = await page.evaluate(async () => {
      const { gpu } = navigator as unknown as { gpu?: { requestAdapter(): Promise<unknown> } }; // not in this library's types
      return Boolean(await gpu?.requestAdapter());
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  const exported = new Map<string, Promise<Record<string, Uint8Array>>>();
  const filesFor = (name: string, source: () => FileSource): Promise<Record<string, Uint8Array>> => {
    const make = async (): Promise<Record<string, Uint8Array>> => {
      const wanted = Object.keys(forms) as (keyof typeof forms)[];
      const { files } = await exportBundle(await openBundle(source()), { runtime: cpu, forms: wanted });
      return Object.fromEntries(files.map((f) => [f.path, f.bytes]));
    };
    const made = exported.get(name) ?? make();
    exported.set(name, made);
    return made;
  };

  const cases = (['wasm', 'webgpu'] as const).flatMap((device) =>
    models.flatMap(([name, config, source]) =>
      (Object.keys(forms) as (keyof typeof forms)[]).map((form) => ({ device, name, config, source, form })),
    ),
  );
  it.for(cases)(
    '$name in $form on $device',
    { timeout: 120_000 },
    async ({ device, name, config, source, form }, { skip }) => {
      if (device === 'webgpu' && !hasAdapter) skip('this browser has no adapter');
      const model = { config, suffix: forms[form] };
      const all = await filesFor(name, () => source(config));
      const files = Object.fromEntries(filesOf(model).map((path) => [path, all[path]!]));
      const lm = await openExported(
        await openBundle(memorySource({ 'config.json': JSON.stringify(config), ...files })),
        cpu,
        model,
      );
      const expected = await written(lm);
      await lm.dispose();
      const encoded = Object.fromEntries(
        Object.entries(files).map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')]),
      );
      const got = await page.evaluate(
        ([on, which, what]) => (globalThis as unknown as { write: Write }).write(on, which, what), // what the program left in the page
        [device, model, encoded] as const,
      );
      expect(got.error).toBeUndefined();
      for (const [row, { ids, logProbabilities }] of expected.entries()) {
        expect(got.tokens![row]!.ids).toEqual(ids);
        for (const [i, p] of logProbabilities.entries())
          expect(Math.abs(got.tokens![row]!.logProbabilities[i]! - p)).toBeLessThan(toleranceOf(form, device));
      }
    },
  );
});
