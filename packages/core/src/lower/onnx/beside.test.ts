// The second graph of an exported decoder: other readers do not see it, we run it, and both write the same.

import { describe, expect, it } from 'vitest';
import { randomWeights, tinyGpt2, tinyLlama } from '../../../test/tiny-model.ts';
import { openBundle } from '../../checkpoint/folder.ts';
import { memorySource } from '../../checkpoint/source.ts';
import { CausalLm } from '../../generate/decode.ts';
import { decoderGraph, decodingGraph } from '../../models/decoder-graph.ts';
import { architectureFor } from '../../models/index.ts';
import { onnxruntimeNode } from '../../runtimes/onnxruntime.node.ts';
import { takeBeside } from './beside.ts';
import { type OnnxOptions, toOnnx } from './model.ts';

const cpu = await onnxruntimeNode({ threads: 1 });

const exported = (config: Readonly<Record<string, unknown>>, options: OnnxOptions): Uint8Array => {
  const architecture = architectureFor(config);
  const { graph } = decoderGraph(architecture, architecture.readConfig(config));
  const int64Inputs = ['input_ids', 'attention_mask', 'position_ids'];
  return toOnnx(graph, { constants: randomWeights(config), int64Inputs, cacheProducts: 'joined', ...options });
};
const besideOf = (config: Readonly<Record<string, unknown>>) => {
  const architecture = architectureFor(config);
  return decodingGraph(architecture, architecture.readConfig(config)).graph;
};

/** A model whose layers have a window: it is told which positions are real, and counts them. */
const tinyMistral = { ...tinyLlama, model_type: 'mistral', sliding_window: 4 };

describe.each([tinyGpt2, tinyLlama, tinyMistral])('$model_type', (config) => {
  it.each([
    ['float32', {}],
    ['float16', { halfWeights: true }],
    ['int8', { weightBits: 8 }],
    ['int4', { weightBits: 4 }],
  ] as const)('%s: is hidden from others, and writes what the first graph does', async (_, options) => {
    const plain = exported(config, options);
    const file = exported(config, { ...options, beside: besideOf(config) });
    // The weights are stored once: what is added is nodes, and a few small constants.
    expect(file.length - plain.length).toBeLessThan(40_000);
    const seen = await cpu.load(file);
    expect(seen.inputNames.slice(0, 3)).toEqual(['input_ids', 'attention_mask', 'position_ids']);
    expect(seen.outputNames.slice(0, 2)).toEqual(['logits', 'present.0.key']);
    const taken = file.slice();
    expect(takeBeside(taken)).toBe(true);
    const own = await cpu.load(taken);
    expect(own.inputNames).toContain('read_positions');
    expect(own.inputNames.includes('attention_bias')).toBe(config !== tinyMistral);
    expect(own.outputNames).not.toContain('present.0.key');
    await Promise.all([seen.dispose(), own.dispose()]);

    const written = async (model: Uint8Array) => {
      const source = memorySource({ 'config.json': JSON.stringify(config), 'onnx/model.onnx': model });
      const lm = await CausalLm.load(await openBundle(source), cpu);
      const greedy: number[] = [];
      for await (const step of lm.generate([[5], [3, 7, 1]], { temperature: 0, maxNewTokens: 5 }))
        if (step.kind === 'token') greedy.push(step.id);
      const beams = await lm.beamSearch([[3, 7], [4]], { beams: 3, maxNewTokens: 6, returnSequences: 3 });
      await lm.dispose();
      return { greedy, beams };
    };
    const [theirs, ours] = [await written(plain), await written(file)];
    expect(ours.greedy).toEqual(theirs.greedy);
    for (const [p, results] of theirs.beams.entries())
      for (const [i, { ids, score }] of results.entries()) {
        expect(ours.beams[p]![i]!.ids).toEqual(ids);
        // Activations in 8 bits share a scale over all that is read at once: the last position alone, or the whole prompt.
        expect(ours.beams[p]![i]!.score).toBeCloseTo(
          score,
          'weightBits' in options && options.weightBits === 8 ? 2 : 4,
        );
      }
  });
});

it.each([
  ['it has one graph', exported(tinyGpt2, {})],
  ['it is no .onnx file', Uint8Array.of(1, 2, 3)],
])('leaves a file as it is where %s', (_, bytes) => {
  const before = bytes.slice();
  expect(takeBeside(bytes)).toBe(false);
  expect(bytes).toEqual(before);
});
