// The folder of a run is a model: what others of yumo make of it agrees with what the training said.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBundle, TextGenerator } from '@yumo/core';
import { diskSource, onnxruntimeNode } from '@yumo/core/node';
import { Tokenizer } from '@yumo/tokenizer';
import { afterAll, describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../src/events.ts';
import { evaluateLanguageModel } from '../src/language-evaluation.ts';
import { parseRecipe } from '../src/recipe-fields.ts';
import { train } from '../src/train.node.ts';

const place = mkdtempSync(join(tmpdir(), 'yumo-bundle-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** 1,610 characters: the validation part has 161, ten windows of sixteen predictions. */
const text = Array.from({ length: 80 }, (_, i) => `Row ${i % 10}: the ink is ${i % 2 ? 'blue' : 'black'}.\n`)
  .join('')
  .slice(0, 1610);

describe('a trained bundle', () => {
  it('is loaded, continues text, and has the loss that the training stated', async () => {
    writeFileSync(join(place, 'ink.txt'), text);
    const folder = join(place, 'run');
    const recipe = parseRecipe({
      name: 'ink',
      data: { kind: 'text', files: ['ink.txt'] },
      tokenizer: { kind: 'characters' },
      model: { model_type: 'gpt2', n_embd: 32, n_layer: 2, n_head: 2, n_positions: 16, resid_pdrop: 0.1 },
      optimizer: { kind: 'muon', rest: { learningRate: 1e-2 } },
      schedule: { kind: 'linear', warmupSteps: 5 },
      batch: 8,
      steps: 120,
      evaluateEvery: 60,
      threads: 1,
    });
    const events: TrainingEvent[] = [];
    for await (const event of train(recipe, { folder, dataFolders: [place] })) events.push(event);
    const done = events.at(-1);
    if (done?.kind !== 'done' || done.bestLoss === null) throw new Error('the training did not end');
    expect(done.bestLoss).toBeLessThan(1);

    const runtime = await onnxruntimeNode({ threads: 1 });
    const source = diskSource(folder);
    const tokenizer = Tokenizer.fromJson(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));
    const measured = await evaluateLanguageModel(await openBundle(source), tokenizer, [text.slice(1449)], runtime);
    expect(measured.tokens).toBe(160);
    expect(Math.abs(measured.lossPerToken - done.bestLoss)).toBeLessThan(2e-6);
    expect(Math.abs(measured.lossPerCharacter - done.bestMetrics!.lossPerCharacter!)).toBeLessThan(2e-6);

    const generator = await TextGenerator.load(source, runtime, { tokenizer: (json) => Tokenizer.fromJson(json) });
    let said = '';
    for await (const event of generator.stream('Row 3: ', { temperature: 0, maxNewTokens: 8 }))
      if (event.kind === 'token') said += event.text;
    await generator.dispose();
    expect(said).toBe('the ink ');
  });
});
