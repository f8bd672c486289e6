// A model of a few thousand random weights, as a folder on disk: everything that serving touches is real, and loads at once.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { architectureFor, decoderGraph, sizeOf, uniformAt, type Value, writeSafetensors } from '@yumo/core';
import { trainCharacters } from '@yumo/tokenizer';

/** By default letters, space, newline: 28 tokens; 48 positions. */
export async function writeTinyModel(
  folder: string,
  { seed = 1, card = '', characters = 'abcdefghijklmnopqrstuvwxyz \n' } = {},
): Promise<void> {
  const tokenizer = await trainCharacters([characters]);
  const config = {
    model_type: 'gpt2',
    vocab_size: tokenizer.vocabularySize,
    n_positions: 48,
    n_embd: 32,
    n_layer: 2,
    n_head: 2,
  };
  const architecture = architectureFor(config);
  const { parameters } = decoderGraph(architecture, architecture.readConfig(config));
  const weights = Object.fromEntries(
    parameters.map(({ name, shape }, p): [string, Value] => [
      name,
      {
        dtype: 'float32',
        shape,
        // Normalisation weights are near 1; all else is large enough that the next letter depends on all before it.
        data: Float32Array.from(
          { length: sizeOf(shape) },
          (_, i) => (uniformAt(seed, p, i) - 0.5) * 0.8 + (name.includes('ln') ? 1 : 0),
        ),
      },
    ]),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer.toJson()));
  writeFileSync(join(folder, 'model.safetensors'), writeSafetensors(weights));
  if (card !== '') writeFileSync(join(folder, 'README.md'), card);
}
