// Encoder-decoder models from their files: what was exported by us, and what gives whole caches back as Optimum's files do, write what the weights write.

import { afterAll, describe, expect, it } from 'vitest';
import { openBundle } from '../checkpoint/folder.ts';
import { writeSafetensors } from '../checkpoint/safetensors.ts';
import { memorySource } from '../checkpoint/source.ts';
import { exportBundle } from '../export/export.ts';
import { planExport } from '../export/plan.ts';
import { branchesModel } from '../lower/onnx/branches.ts';
import { serialise } from '../lower/onnx/proto.ts';
import { seq2seqFor } from '../models/index.ts';
import { crossDecoderGraph, encoderGraph } from '../models/seq2seq-graph.ts';
import { onnxruntimeNode } from '../runtimes/onnxruntime.node.ts';
import type { Graph } from '../tensor.ts';
import { sizeOf } from '../value.ts';
import { uniformAt } from './sampling.ts';
import { Seq2SeqLm } from './seq2seq.ts';

const cpu = await onnxruntimeNode({ threads: 1 });
const common = { vocab_size: 23, d_model: 16, decoder_start_token_id: 0, pad_token_id: 0, eos_token_id: 1 };
const sizes = { encoder_layers: 2, decoder_layers: 2, encoder_ffn_dim: 20, decoder_ffn_dim: 20 };
const heads = { encoder_attention_heads: 2, decoder_attention_heads: 4 };
const configs = [
  { model_type: 't5', ...common, d_kv: 8, d_ff: 20, num_layers: 2, num_heads: 2 },
  { model_type: 'bart', ...common, ...sizes, ...heads, max_position_embeddings: 40 },
  { model_type: 'marian', ...common, ...sizes, ...heads, max_position_embeddings: 40 },
];
const usual = { encoder: 'onnx/encoder_model.onnx', decoder: 'onnx/decoder_model_merged.onnx' };

function bundleOf(json: (typeof configs)[number]) {
  const architecture = seq2seqFor(json);
  const config = architecture.readConfig(json);
  const parts = [encoderGraph(architecture, config), crossDecoderGraph(architecture, config, { from: 'states' })];
  const parameters = new Map(parts.flatMap((g) => g.parameters).map((p) => [p.name, p]));
  const weights = Object.fromEntries(
    [...parameters.values()].map(({ name, shape }, p) => {
      const data = Float32Array.from(
        { length: sizeOf(shape) },
        (_, i) => uniformAt(31, p, i) - 0.5 + +/norm/.test(name),
      );
      return [name, { dtype: 'float32', shape, data } as const];
    }),
  );
  return openBundle(
    memorySource({ 'config.json': JSON.stringify(json), 'model.safetensors': writeSafetensors(weights) }),
  );
}

const opened: Seq2SeqLm[] = [];
afterAll(() => Promise.all(opened.map((lm) => lm.dispose())));

async function written(lm: Seq2SeqLm): Promise<unknown> {
  opened.push(lm);
  const sources = [[5], [7, 4, 9, 12], [8, 8]];
  const rows: number[][] = sources.map(() => []);
  // Rows that end early leave the batch: the rest changes places.
  for await (const step of lm.generate(sources, { temperature: 0, maxNewTokens: 12, endTokens: [2, 3, 4, 5] }))
    if (step.kind === 'token') rows[step.row]!.push(step.id);
  const beams = await lm.beamSearch(sources, { beams: 3, returnSequences: 2, maxNewTokens: 9 });
  return [rows, beams.map((best) => best.map((b) => b.ids))];
}

describe.each(configs)('$model_type', (json) => {
  it('writes from files what it writes from weights', async () => {
    const bundle = await bundleOf(json);
    const expected = await written(await Seq2SeqLm.load(bundle, cpu));
    const { files } = await exportBundle(bundle, { runtime: cpu, forms: ['float32'] });
    const texts = { 'config.json': JSON.stringify(json) };
    const load = async (onnx: Record<string, Uint8Array>): Promise<unknown> =>
      written(await Seq2SeqLm.load(await openBundle(memorySource({ ...texts, ...onnx })), cpu));
    const exported = Object.fromEntries(files.map((f) => [f.path, f.bytes]));
    expect(await load(exported)).toEqual(expected);

    // Whole caches only, and any number of positions at once.
    const architecture = seq2seqFor(json);
    const config = architecture.readConfig(json);
    const later = crossDecoderGraph(architecture, config, { from: 'cache' }).graph;
    const outputs = Object.entries(later.outputs).filter(([name]) => !name.startsWith('new_key_values.'));
    const whenTrue: Graph = { inputs: later.inputs, outputs: Object.fromEntries(outputs) };
    const whenFalse = crossDecoderGraph(architecture, config, { from: 'states' }).graph;
    const { weights: constants } = await planExport(bundle);
    const int64Inputs = ['input_ids', 'encoder_attention_mask'];
    const merged = serialise(
      branchesModel({ flag: 'use_cache_branch', whenTrue, whenFalse }, { constants, int64Inputs }),
    );
    expect(await load({ ...exported, [usual.decoder]: merged })).toEqual(expected);
  });
});

it('says which file is needed where a decoder does not choose its step', async () => {
  const bundle = await bundleOf(configs[1]!);
  const { files } = await exportBundle(bundle, { runtime: cpu, forms: ['float32'], decoder: 'pair' });
  const source = memorySource({
    'config.json': JSON.stringify(configs[1]),
    ...Object.fromEntries(files.map((f) => [f.path, f.bytes])),
  });
  const decoder = 'onnx/decoder_with_past_model.onnx';
  const loading = Seq2SeqLm.load(await openBundle(source), cpu, { files: { ...usual, decoder } });
  await expect(loading).rejects.toMatchObject({
    code: 'FILE',
    message: expect.stringContaining('give the file called decoder_model_merged'),
  });
});
