// The estimate of a training, against the training itself.

import { referenceRuntime } from '@yumo/core';
import { expect, test } from 'vitest';
import { estimateTraining } from './estimate.ts';
import { parseRecipe } from './recipe-fields.ts';

/** Twenty different characters. */
const data = { kind: 'text', files: [{ name: 'x', documents: ['abcdefghijklmnopqrst'.repeat(40)] }] } as const;

const recipe = parseRecipe({
  name: 'tiny',
  data: { kind: 'text', files: ['none.txt'] },
  tokenizer: { kind: 'characters' },
  model: {
    model_type: 'gpt2',
    n_layer: 2,
    n_head: 2,
    n_embd: 16,
    n_positions: 8,
    embd_pdrop: 0,
    attn_pdrop: 0,
    resid_pdrop: 0,
  },
  batch: 3,
  accumulate: 2,
  steps: 10,
});

test('parameters, optimizer and operations are those of the formulas', async () => {
  const estimate = await estimateTraining({ recipe, data, runtime: referenceRuntime }, { steps: 2 });
  // GPT-2: 12 d² + 13 d a layer, two embeddings, the last norm.
  const parameters = 2 * (12 * 16 ** 2 + 13 * 16) + (20 + 8) * 16 + 2 * 16;
  expect(estimate).toMatchObject({
    parameters,
    vocabularySize: 20,
    tokensPerStep: 2 * 3 * 8,
    parameterBytes: 4 * parameters,
    optimizerBytes: 2 * 4 * parameters, // AdamW: two moments
  });
  // Forward 2 N + 4 · layers · context · width a token (Kaplan et al. 2020, §2.1); the backward pass has two products for each. Embedding
  // gradients, and reductions done as products, come on top.
  const forward = 2 * (2 * 12 * 16 ** 2 + 20 * 16) + 4 * 2 * 8 * 16;
  const perToken = estimate.flopsPerStep / estimate.tokensPerStep;
  expect(perToken).toBeGreaterThanOrEqual(3 * forward);
  expect(perToken).toBeLessThan(3.3 * forward);
  // At least what one block keeps for its gradient: 4-fold hidden activations of both layers, float32.
  expect(estimate.activationBytes).toBeGreaterThan(2 * 4 * 3 * 8 * 4 * 16);
  expect(estimate.seconds).toBeCloseTo(10 * estimate.secondsPerStep, 10);
});

test('a model that cannot be is refused as the training would', async () => {
  await expect(
    estimateTraining({ recipe: { ...recipe, context: 9 }, data, runtime: referenceRuntime }),
  ).rejects.toMatchObject({
    code: 'CONFIG',
  });
});
