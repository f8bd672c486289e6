// A folder with a small text, a recipe that trains on it in a second, and models trained from it.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Enough text for a validation part; every letter of the words below occurs in it. */
export const text = Array.from(
  { length: 120 },
  (_, i) =>
    `${i % 3 === 0 ? 'The king' : i % 3 === 1 ? 'A queen' : 'Some fool'} said: line ${(i * 37) % 100} of the play, and went.\n`,
).join('');

/** What `recipe.json` of the folder holds. */
export const tinyRecipe = {
  name: 'tiny',
  data: { kind: 'text', files: ['text.txt'] },
  tokenizer: { kind: 'characters' },
  model: {
    model_type: 'gpt2',
    n_layer: 1,
    n_head: 2,
    n_embd: 32,
    n_positions: 32,
    resid_pdrop: 0.1,
    attn_pdrop: 0,
    embd_pdrop: 0,
  },
  optimizer: { kind: 'adamw', learningRate: 0.01 },
  batch: 4,
  steps: 30,
  evaluateEvery: 10,
  checkpointEvery: 10,
  threads: 1,
};

export interface TinyFolder extends AsyncDisposable {
  readonly path: string;
  /** The path of a file in it. */
  at(...names: string[]): string;
}

export async function tinyFolder(): Promise<TinyFolder> {
  const path = await mkdtemp(join(tmpdir(), 'yumo-cli-'));
  await writeFile(join(path, 'text.txt'), text);
  await writeFile(join(path, 'recipe.json'), JSON.stringify(tinyRecipe));
  return {
    path,
    at: (...names) => join(path, ...names),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
