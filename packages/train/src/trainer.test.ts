// The loop on a tiny text, in memory: events, resuming, stopping, mistakes.

import { isYumoError, type Runtime, type Value, type Values } from '@yumo/core';
import { onnxruntimeNode } from '@yumo/core/node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainingEvent } from './events.ts';
import type { Recipe, RecipeInput } from './recipe.ts';
import { parseRecipe } from './recipe-fields.ts';
import { memoryStore, type RunStore } from './store.ts';
import { runTraining } from './trainer.ts';

const text = Array.from(
  { length: 60 },
  (_, i) => `${i} bottles of ink on the wall, ${(i * 7) % 11} of them are blue.\n`,
).join('');

const tiny: RecipeInput = {
  name: 'tiny',
  data: { kind: 'text', files: ['ink.txt'] },
  tokenizer: { kind: 'characters' },
  model: {
    model_type: 'llama',
    hidden_size: 16,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    max_position_embeddings: 16,
    tie_word_embeddings: true,
  },
  optimizer: { kind: 'muon' },
  schedule: { kind: 'linear', warmupSteps: 2 },
  batch: 4,
  steps: 12,
  evaluateEvery: 5,
  checkpointEvery: 4,
};

let runtime: Runtime;
beforeAll(async () => {
  runtime = await onnxruntimeNode({ threads: 1 });
});

const recipeOf = (changes: Record<string, unknown> = {}): Recipe => parseRecipe({ ...tiny, ...changes });
const data = { kind: 'text', files: [{ name: 'ink.txt', documents: [text] }] } as const;

async function collect(
  store: RunStore,
  recipe: Recipe,
  options: { resume?: boolean; stopAfter?: number; text?: string } = {},
): Promise<TrainingEvent[]> {
  const stop = new AbortController();
  const events: TrainingEvent[] = [];
  const documents = [options.text ?? text];
  for await (const event of runTraining({
    recipe,
    data: { kind: 'text', files: [{ name: 'ink.txt', documents }] },
    runtime,
    store,
    signal: stop.signal,
    resume: options.resume ?? false,
  })) {
    events.push(event);
    if (event.kind === 'step' && event.step === options.stopAfter) stop.abort();
  }
  return events;
}

/** What must be equal between an uninterrupted run and one in pieces: everything but times. */
const curve = (events: readonly TrainingEvent[]): unknown[] =>
  events.flatMap((e) =>
    e.kind === 'step'
      ? [[e.step, e.loss, e.gradientNorm, e.learningRate]]
      : e.kind === 'evaluation'
        ? [['evaluation', e.step, e.loss, e.best]]
        : [],
  );
const bits = (values: Values | undefined): unknown =>
  Object.fromEntries(Object.entries(values ?? {}).map(([n, v]: [string, Value]) => [n, [...v.data]]));

const failure = async (run: () => Promise<unknown>): Promise<{ code: string; message: string }> => {
  try {
    await run();
  } catch (error) {
    if (isYumoError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('a training', () => {
  it('tells start, every step, evaluations, checkpoints and the end; the loss falls', async () => {
    const store = memoryStore();
    const events = await collect(
      store,
      recipeOf({
        steps: 60,
        evaluateEvery: 20,
        checkpointEvery: 30,
        optimizer: { kind: 'adamw', learningRate: 2e-2 },
      }),
    );
    expect(events[0]).toMatchObject({ kind: 'start', step: 0, steps: 60, tokensPerStep: 64 });
    const steps = events.filter((e) => e.kind === 'step');
    expect(steps.map((s) => s.step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(steps[0]!.loss).toBeGreaterThan(2.8);
    const evaluations = events.filter((e) => e.kind === 'evaluation');
    expect(evaluations.map((e) => e.step)).toEqual([20, 40, 60]);
    expect(evaluations.at(-1)!.loss).toBeLessThan(2);
    // One character is one token here: both losses are over the same predictions.
    expect(evaluations[0]!.metrics.lossPerCharacter).toBeCloseTo(evaluations[0]!.loss, 12);
    expect(events.filter((e) => e.kind === 'checkpoint').map((e) => e.step)).toContain(30);
    expect(events.at(-1)).toMatchObject({
      kind: 'done',
      step: 60,
      reason: 'completed',
      bestLoss: evaluations.at(-1)!.loss,
    });
    expect(await store.events()).toEqual(events);
  });

  it.each([
    [
      'AdamW with dropout',
      { optimizer: { kind: 'adamw', learningRate: 1e-2 }, model: { ...tiny.model, attention_dropout: 0.1 } },
    ],
    ['Muon', {}],
    ['accumulated gradients', { batch: 2, accumulate: 2 }],
  ])('is the same to the bit when it is stopped twice and goes on: %s', async (_, changes) => {
    const whole = memoryStore();
    const expected = await collect(whole, recipeOf(changes));
    const pieces = memoryStore();
    const first = await collect(pieces, recipeOf(changes), { stopAfter: 3 });
    expect(first.at(-1)).toMatchObject({ kind: 'done', reason: 'aborted', step: 3 });
    await collect(pieces, recipeOf(changes), { resume: true, stopAfter: 10 });
    await collect(pieces, recipeOf(changes), { resume: true });
    expect(curve(await pieces.events())).toEqual(curve(expected));
    expect(bits(pieces.weights())).toEqual(bits(whole.weights()));
  });

  it('repeats the steps after the last checkpoint when it ended without one', async () => {
    const expected = await collect(memoryStore(), recipeOf());
    const store = memoryStore();
    for await (const event of runTraining({ recipe: recipeOf(), data, runtime, store })) {
      if (event.kind === 'step' && event.step === 7) break; // the last checkpoint is that of step 5, the best so far
    }
    const rest = await collect(store, recipeOf(), { resume: true });
    expect(rest.find((e) => e.kind === 'step')?.step).toBe(6);
    expect(curve(await store.events())).toEqual(curve(expected));
  });

  it('evaluates on resuming what it was stopped before evaluating', async () => {
    const store = memoryStore();
    await collect(store, recipeOf(), { stopAfter: 5 });
    expect((await store.events()).some((e) => e.kind === 'evaluation')).toBe(false);
    const rest = await collect(store, recipeOf(), { resume: true });
    expect(rest.find((e) => e.kind === 'evaluation')?.step).toBe(5);
  });

  it('writes a bundle of the best evaluation, with card and curve', async () => {
    const store = memoryStore();
    await collect(store, recipeOf());
    expect([...store.files.keys()].sort()).toEqual([
      'README.md',
      'config.json',
      'generation_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'training/curves.svg',
      'training/recipe.json',
    ]);
    const config = JSON.parse(store.files.get('config.json')!) as Record<string, unknown>;
    expect(config).toMatchObject({
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      hidden_size: 16,
      eos_token_id: null,
    });
    expect(store.files.get('README.md')).toContain('| Steps | 12 of 12 |');
    expect(store.files.get('training/curves.svg')).toMatch(/^<svg[\s\S]*<polyline[\s\S]*<\/svg>\n$/);
    expect(Object.keys(store.weights()!)).toContain('model.embed_tokens.weight');
  });

  it('draws samples of the prompt, the same for the same seed and step, and shows the last in the card', async () => {
    const [a, b] = [memoryStore(), memoryStore()];
    const recipe = recipeOf({ sampleEvery: 6, samplePrompt: '7 bottles' });
    const samples = (await collect(a, recipe)).filter((e) => e.kind === 'sample');
    expect(samples.map((s) => s.step)).toEqual([6, 12]);
    expect(samples[0]).toMatchObject({ prompt: '7 bottles' });
    expect(samples[0]!.text.length).toBeGreaterThan(3);
    await collect(b, recipe, { stopAfter: 6 });
    const again = (await collect(b, recipe, { resume: true })).filter((e) => e.kind === 'sample');
    expect(again).toEqual(samples);
    expect(a.files.get('README.md')).toContain('A sample at step');
  });

  it('begins a sample as the text does where the tokenizer has no token for the prompt', async () => {
    const letters = 'abcab cabbac'.repeat(60); // no line break, which is the prompt by default
    const recipe = recipeOf({ tokenizer: { kind: 'characters' }, sampleEvery: 12 });
    for (const samplePrompt of ['\n', '', '字']) {
      const events = await collect(memoryStore(), { ...recipe, samplePrompt }, { text: letters });
      const [sample] = events.filter((e) => e.kind === 'sample');
      expect(sample).toMatchObject({ step: 12, prompt: 'a', text: expect.stringMatching(/^[abc ]{16}$/) });
    }
  });

  it('says whether the recipe kept its promise', async () => {
    const expect_ = { metric: 'validationLossPerCharacter', atMost: 0.5 };
    const events = await collect(memoryStore(), recipeOf({ expect: expect_ }));
    expect(events.at(-1)).toMatchObject({ kind: 'done', expectation: { ...expect_, met: false } });
  });
});

describe('mistakes', () => {
  it('a learning rate that blows up ends with NUMERIC, and the checkpoint before it stays', async () => {
    const store = memoryStore();
    const wild = recipeOf({
      optimizer: { kind: 'sgd', learningRate: 1e30 },
      schedule: { kind: 'constant' },
      checkpointEvery: 1,
    });
    const error = await failure(() => collect(store, wild));
    expect(error.code).toBe('NUMERIC');
    expect(error.message).toMatch(/^step 2: the loss is [\d.]+, the gradient norm NaN.*lower optimizer\.learningRate/);
    const kept = await store.resume();
    expect(Object.values(kept!.parameters).every((v) => (v.data as Float32Array).every(Number.isFinite))).toBe(true);
  });

  it('other data than before is refused by name', async () => {
    const store = memoryStore();
    await collect(store, recipeOf(), { stopAfter: 4 });
    const error = await failure(() =>
      collect(store, recipeOf(), { resume: true, text: text.replaceAll('blue', 'lube') }),
    );
    expect(error).toMatchObject({ code: 'CHECKPOINT' });
    expect(error.message).toContain('the data changed since step 4');
  });

  it('a finished run that refuses to go on keeps all of its events', async () => {
    const store = memoryStore();
    await collect(store, recipeOf());
    const before = await store.events();
    expect(before.at(-1)).toMatchObject({ kind: 'done' });
    await failure(() => collect(store, recipeOf(), { resume: true, text: text.replaceAll('blue', 'lube') }));
    await failure(() => collect(store, recipeOf({ seed: 5 }), { resume: true }));
    expect(await store.events()).toEqual(before);
  });

  it('a run is not gone on with by another model: what differs is named', async () => {
    const store = memoryStore();
    await collect(store, recipeOf(), { stopAfter: 4 });
    const other = recipeOf({ model: { ...tiny.model, intermediate_size: 48 } });
    const error = await failure(() => collect(store, other, { resume: true }));
    expect(error.code).toBe('CONFIG');
    expect(error.message).toMatch(/the recipe changed in the middle of the run: .*model\.intermediate_size/);
  });

  it('a misspelt field of the model is answered with the nearest', async () => {
    const error = await failure(() =>
      collect(memoryStore(), recipeOf({ model: { ...tiny.model, num_hiden_layers: 3 } })),
    );
    expect(error.message).toContain('llama has no field "num_hiden_layers"; did you mean "num_hidden_layers"?');
  });

  it('a model vocabulary smaller than the tokenizer’s, and a context beyond the positions, are named with both numbers', async () => {
    const small = await failure(() => collect(memoryStore(), recipeOf({ model: { ...tiny.model, vocab_size: 5 } })));
    expect(small.code).toBe('TOKENIZER');
    expect(small.message).toMatch(/the model has 5 tokens, the tokenizer \d\d/);
    const long = await failure(() => collect(memoryStore(), recipeOf({ context: 32 })));
    expect(long.message).toBe('context: 32 tokens, the model has 16 positions; use at most 16');
  });

  it('too little text is named with what is needed', async () => {
    const error = await failure(() => collect(memoryStore(), recipeOf(), { text: 'too short' }));
    expect(error).toMatchObject({
      code: 'DATA',
      message: 'data: the training part has 8 tokens, one sequence needs 17; give more text, or a smaller context',
    });
  });
});
