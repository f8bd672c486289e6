// A whole training step on WebGPU, nothing of it on the processor: forward, backward, clipping, optimizer.

import { existsSync } from 'node:fs';
import { type Runtime, scatterRows, tensor, toOnnx } from '@yumo/core';
import { onnxruntimeNode } from '@yumo/core/node';
import { describe, expect, test } from 'vitest';
import type { TrainingData } from './data/sources.ts';
import { parseRecipe } from './recipe-fields.ts';
import { memoryStore } from './store.ts';
import { runTraining } from './trainer.ts';

// The software adapter that comes with Chromium; a driver that is named already, or a graphics card, comes first.
const software = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (!process.env.VK_ICD_FILENAMES && !process.env.VK_DRIVER_FILES && existsSync(software))
  process.env.VK_ICD_FILENAMES = software;

const gpt2 = { model_type: 'gpt2', n_layer: 1, n_head: 2, n_embd: 16, n_positions: 16 };
const llama = {
  model_type: 'llama',
  num_hidden_layers: 1,
  hidden_size: 16,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  intermediate_size: 32,
  max_position_embeddings: 16,
};
const neox = {
  model_type: 'gpt_neox',
  num_hidden_layers: 1,
  hidden_size: 16,
  num_attention_heads: 2,
  intermediate_size: 32,
  max_position_embeddings: 16,
};

/** An adapter that computes, or why there is none. */
async function open(): Promise<Runtime | string> {
  try {
    const runtime = await onnxruntimeNode({ device: 'webgpu', wholeOnDevice: true, threads: 1 });
    const x = tensor('x', 'float32', [1]);
    const program = await runtime.compile({ inputs: [x], outputs: { y: x } });
    await program.dispose();
    return runtime;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
const gpu = await open();
if (typeof gpu === 'string')
  console.log(
    `webgpu.test: skipped, no WebGPU adapter (${gpu.slice(0, 120)}); install chromium for one in software, or name a Vulkan driver by VK_ICD_FILENAMES`,
  );

const data: TrainingData = {
  kind: 'text',
  files: [{ name: 'a', documents: ['the cat sat on the mat and the dog sat on the log. '.repeat(20)] }],
};

async function losses(
  runtime: Runtime,
  model: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>>,
): Promise<number[]> {
  const recipe = parseRecipe({
    name: 'x',
    data: { kind: 'text', files: ['a'] },
    tokenizer: { kind: 'characters' },
    model,
    batch: 2,
    steps: 3,
    evaluateEvery: 3,
    ...more,
  });
  const found: number[] = [];
  for await (const event of runTraining({ recipe, data, runtime, store: memoryStore() }))
    if (event.kind === 'step' || event.kind === 'evaluation') found.push(event.loss);
  return found;
}

describe.skipIf(typeof gpu === 'string')('a training step with the fall-back to the processor forbidden', () => {
  const cases = [
    ['gpt2 with dropout, AdamW', { ...gpt2, resid_pdrop: 0.2, attn_pdrop: 0.2, embd_pdrop: 0.2 }, {}],
    ['gpt2, accumulated', gpt2, { accumulate: 2 }],
    ['llama, Muon', llama, { optimizer: { kind: 'muon' } }],
    ['gpt-neox, SGD', neox, { optimizer: { kind: 'sgd', learningRate: 0.1 } }],
  ] as const;
  test.each(cases)('%s: the losses of the processor', async (_, model, more) => {
    const cpu = await onnxruntimeNode({ threads: 1 });
    const expected = await losses(cpu, model, more);
    const found = await losses(gpu as Runtime, model, more); // skipped otherwise
    expect(found).toHaveLength(4);
    for (const [i, loss] of found.entries()) expect(Math.abs(loss - expected[i]!)).toBeLessThan(1e-4);
  });

  test('what the GPU has no kernel for is refused, not computed elsewhere', async () => {
    // The same graph as it is lowered for processors: its OneHot has no kernel.
    const [rows, ids] = [tensor('rows', 'float32', [4, 3]), tensor('ids', 'int32', [4])];
    const graph = { inputs: [rows, ids], outputs: { y: scatterRows(rows, ids, 5) } };
    const bytes = toOnnx(graph, { target: { contrib: true, webgpu: false } });
    await expect((gpu as Runtime).load(bytes)).rejects.toMatchObject({ code: 'RUNTIME' });
  });
});
