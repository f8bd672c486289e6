// The training that the page offers: a small character model of the text that stands in it.

import type { BrowserTraining, RecipeInput } from '@yumo/train/web';

export type TrainingDevice = 'auto' | 'webgpu' | 'wasm';

/** Where the run lies among the page's private files. */
export const folder = 'runs/page';

/** A recipe that a page steps through in seconds; the same in Node gives the same losses up to rounding. */
export const recipeFor = (text: string, steps: number): RecipeInput => ({
  name: 'page',
  data: { kind: 'text', files: ['page.txt'] },
  tokenizer: { kind: 'characters' },
  model: { model_type: 'gpt2', n_layer: 2, n_head: 2, n_embd: 32, n_positions: 32 },
  optimizer: { kind: 'adamw', learningRate: 0.005 },
  batch: 8,
  steps,
  evaluateEvery: 10,
  checkpointEvery: 10,
  sampleEvery: 20,
  samplePrompt: [...text][0] ?? ' ',
});

export const trainingOf = (
  text: string,
  steps: number,
  device: TrainingDevice,
  mode: BrowserTraining['mode'],
): BrowserTraining => ({
  recipe: recipeFor(text, steps),
  folder,
  mode,
  files: [{ name: 'page.txt', bytes: new TextEncoder().encode(text) }],
  device,
});
