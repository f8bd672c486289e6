// A language model of a few thousand random weights, as a bundle in memory: for tests that need a real model and no file.

import { writeSafetensors } from '../src/checkpoint/safetensors.ts';
import type { FileSource } from '../src/checkpoint/source.ts';
import { memorySource } from '../src/checkpoint/source.ts';
import { uniformAt } from '../src/generate/sampling.ts';
import { decoderGraph } from '../src/models/decoder-graph.ts';
import { architectureFor } from '../src/models/index.ts';
import { sizeOf, type Value } from '../src/value.ts';

export const tinyGpt2 = {
  model_type: 'gpt2',
  vocab_size: 13,
  n_positions: 12,
  n_embd: 16,
  n_layer: 2,
  n_head: 2,
} as const;
export const tinyLlama = {
  model_type: 'llama',
  vocab_size: 13,
  max_position_embeddings: 12,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
} as const;

/** Weights in ±0.6, drawn by name: large enough that the next token depends on all before it. */
export function randomWeights(config: Readonly<Record<string, unknown>>): Record<string, Value> {
  const architecture = architectureFor(config);
  const { parameters } = decoderGraph(architecture, architecture.readConfig(config));
  return Object.fromEntries(
    parameters.map(({ name, shape }, p) => [
      name,
      {
        dtype: 'float32',
        shape,
        data: Float32Array.from(
          { length: sizeOf(shape) },
          (_, i) => (uniformAt(11, p, i) - 0.5) * 1.2 + +/ln|norm/.test(name),
        ),
      },
    ]),
  );
}

/** The bundle; more files, and fields of config.json, may be added. */
export function tinyBundle(
  config: Readonly<Record<string, unknown>> = tinyGpt2,
  files: Readonly<Record<string, string>> = {},
): FileSource {
  return memorySource({
    'config.json': JSON.stringify(config),
    'model.safetensors': writeSafetensors(randomWeights(config)),
    ...files,
  });
}
