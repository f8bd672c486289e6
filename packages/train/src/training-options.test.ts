// What a recipe can ask of a training besides its optimizer: averages, rates by layer, frozen parts, recomputation, early stopping, streams.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isYumoError, type Runtime, type Value, type Values } from '@yumo/core';
import { onnxruntimeNode } from '@yumo/core/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainingData } from './data/sources.ts';
import { textStream } from './data/streamed-corpus.node.ts';
import type { TrainingEvent } from './events.ts';
import { depthOf, groupParameters } from './groups.ts';
import type { RecipeInput } from './recipe.ts';
import { parseRecipe } from './recipe-fields.ts';
import { averaged } from './step.ts';
import { type Checkpoint, memoryStore, type RunStore } from './store.ts';
import { resolvedRecipe, runTraining } from './trainer.ts';

const lines = Array.from({ length: 90 }, (_, i) => `${i} bottles of ink on the wall, ${(i * 7) % 11} are blue.`);
const text = `${lines.join('\n')}\n`;
const tiny: RecipeInput = {
  name: 'tiny',
  data: { kind: 'text', files: ['ink.txt'] },
  tokenizer: { kind: 'characters' },
  model: {
    model_type: 'gpt2',
    n_embd: 16,
    n_layer: 2,
    n_head: 2,
    n_positions: 16,
    embd_pdrop: 0,
    attn_pdrop: 0,
    resid_pdrop: 0.1,
  },
  batch: 4,
  steps: 8,
  evaluateEvery: 4,
  checkpointEvery: 1,
};
const inMemory: TrainingData = { kind: 'text', files: [{ name: 'ink.txt', documents: [text] }] };

const place = mkdtempSync(join(tmpdir(), 'yumo-options-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
let runtime: Runtime;
beforeAll(async () => {
  runtime = await onnxruntimeNode({ threads: 1 });
});

type Watched = RunStore & { readonly checkpoints: Checkpoint[]; weights(): Values | undefined };

/** A store that keeps every checkpoint. */
function watched(): Watched {
  const store = memoryStore();
  const checkpoints: Checkpoint[] = [];
  const copy = (values: Values): Values =>
    Object.fromEntries(Object.entries(values).map(([n, v]) => [n, { ...v, data: v.data.slice() } as Value]));
  return {
    ...store,
    checkpoints,
    async saveCheckpoint(c) {
      checkpoints.push({ ...c, parameters: copy(c.parameters), state: copy(c.state) });
      await store.saveCheckpoint(c);
    },
  };
}

async function collect(
  changes: Record<string, unknown>,
  options: { store?: RunStore; resume?: boolean; stopAfter?: number; data?: TrainingData } = {},
): Promise<TrainingEvent[]> {
  const { store = memoryStore(), resume = false, stopAfter, data = inMemory } = options;
  const stop = new AbortController();
  const events: TrainingEvent[] = [];
  const recipe = parseRecipe({ ...tiny, ...changes });
  for await (const event of runTraining({ recipe, data, runtime, store, signal: stop.signal, resume })) {
    events.push(event);
    if (event.kind === 'step' && event.step === stopAfter) stop.abort();
  }
  return events;
}
const curve = (events: readonly TrainingEvent[]): unknown[] =>
  events.flatMap((e) =>
    e.kind === 'step'
      ? [[e.step, e.loss, e.gradientNorm]]
      : e.kind === 'evaluation'
        ? [['evaluation', e.step, e.loss]]
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

describe('a running mean of the weights', () => {
  it('is the recurrence over the weights of every step, and is what the bundle holds', async () => {
    const store = watched();
    await collect({ ema: 0.7, evaluateEvery: 8 }, { store });
    const byStep = new Map(store.checkpoints.map((c) => [c.progress.step, c]));
    const name = 'transformer.h.1.mlp.c_fc.weight';
    // In double precision, from the parameters of the checkpoints; the first mean is that of the first checkpoint, itself checked below.
    const after = (step: number): number[] => Array.from(byStep.get(step)!.parameters[name]!.data as Float32Array);
    let mean = Array.from(byStep.get(1)!.state[averaged(name)]!.data as Float32Array);
    for (let step = 2; step <= 8; step++) {
      const keep = Math.min(0.7, step / (9 + step)); // (1 + t) / (10 + t), t steps before
      mean = mean.map((m, i) => keep * m + (1 - keep) * after(step)[i]!);
    }
    const kept = Array.from(byStep.get(8)!.state[averaged(name)]!.data as Float32Array);
    kept.forEach((x, i) => {
      expect(Math.abs(x - mean[i]!)).toBeLessThan(2e-7);
    });
    expect([...store.weights()![name]!.data]).toEqual(kept);
    expect(kept).not.toEqual(after(8));
  });

  it('begins with the initial weights: without training it stays where they are', async () => {
    const store = watched();
    await collect({ ema: 0.9, steps: 2, optimizer: { kind: 'sgd', learningRate: 1e-30 } }, { store });
    const { parameters, state } = store.checkpoints.at(-1)!;
    for (const [name, { data }] of Object.entries(parameters))
      (state[averaged(name)]!.data as Float32Array).forEach((x, i) => {
        // Roundings of two steps; what began at zero has moved by the rate.
        expect(Math.abs(x - Number(data[i]))).toBeLessThanOrEqual(5e-7 * Math.abs(x) + 1e-29);
      });
  });
});

describe('parameter groups', () => {
  it('frozen parameters stay to the bit, are saved, and the others learn', async () => {
    const store = watched();
    const events = await collect({ freeze: ['transformer.wte.*', '*.h.0.*'] }, { store });
    const [first, last] = [store.checkpoints[0]!, store.checkpoints.at(-1)!];
    for (const [name, { data }] of Object.entries(last.parameters)) {
      const same = data.every((x: unknown, i: number) => x === first.parameters[name]!.data[i]);
      expect(same, name).toBe(/wte|\.h\.0\./.test(name));
    }
    expect(Object.keys(last.state).some((n) => /wte|\.h\.0\./.test(n))).toBe(false);
    expect(Object.keys(store.weights()!)).toContain('transformer.h.0.mlp.c_fc.weight');
    const start = events[0] as TrainingEvent & { kind: 'start' };
    expect(start.trainedParameters).toBeLessThan(start.parameters);
  });

  it('a rate of its own and layer decay scale the first step of SGD as their definitions say', async () => {
    const plain = { optimizer: { kind: 'sgd', learningRate: 0.5 }, clip: 0, steps: 1 };
    const stores = [watched(), watched()];
    await collect(plain, { store: stores[0]! });
    const groups = [{ match: ['*.ln_f.*'], rate: 0.25 }];
    await collect({ ...plain, layerDecay: 0.5, groups }, { store: stores[1]! });
    const [before] = [watched()];
    await collect({ ...plain, optimizer: { kind: 'sgd', learningRate: 1e-30 } }, { store: before });
    const values = [before, ...stores].map((s) => s.checkpoints[0]!.parameters);
    for (const name of Object.keys(values[0]!)) {
      const [start, whole, scaled] = values.map((v) => v[name]!.data as Float32Array);
      // Two blocks: depths 0 (embeddings), 1, 2, and 3 above them.
      const share = name.includes('ln_f') ? 0.25 : 0.5 ** (3 - depthOf(name, 2));
      start!.forEach((x, i) => {
        expect(Math.abs(scaled![i]! - x - share * (whole![i]! - x))).toBeLessThan(3e-7);
      });
    }
  });

  it('depth: embeddings, blocks, and what is above', () => {
    const names = ['transformer.wte.weight', 'model.embed_tokens.weight', 'bert.embeddings.word_embeddings.weight'];
    expect(names.map((n) => depthOf(n, 6))).toEqual([0, 0, 0]);
    expect(
      ['model.layers.0.mlp.up_proj.weight', 'bert.encoder.layer.5.output.dense.bias'].map((n) => depthOf(n, 6)),
    ).toEqual([1, 6]);
    expect(['transformer.ln_f.weight', 'lm_head.weight', 'classifier.bias'].map((n) => depthOf(n, 6))).toEqual([
      7, 7, 7,
    ]);
  });

  it('every trained parameter is in one group', () => {
    const parameters = ['a.0.w', 'a.1.w', 'a.1.b', 'top'].map((name) => ({
      name,
      shape: name.endsWith('w') ? [2, 2] : [2],
    }));
    const recipe = parseRecipe({ ...tiny, layerDecay: 0.9, optimizer: { kind: 'adamw', weightDecay: 0.1 } });
    const groups = groupParameters(parameters as never, recipe); // what grouping reads of them
    expect(groups.flatMap((g) => g.parameters.map((p) => p.name)).sort()).toEqual(['a.0.w', 'a.1.b', 'a.1.w', 'top']);
    expect(new Set(groups.map((g) => g.name)).size).toBe(groups.length);
  });

  it('a pattern that fits nothing is named, and so is freezing everything', async () => {
    const none = await failure(() => collect({ freeze: ['*.layer.3.*'] }));
    expect(none).toMatchObject({ code: 'CONFIG' });
    expect(none.message).toContain('freeze: no parameter fits "*.layer.3.*"; there are transformer.wte.weight');
    expect((await failure(() => collect({ freeze: ['*'] }))).message).toContain('nothing is left to train');
  });
});

it.each(['activations', 'blocks'])('recomputing %s gives the same losses to the bit, with dropout', async (what) => {
  expect(curve(await collect({ recompute: what }))).toEqual(curve(await collect({})));
});

it('"all" makes a step of every row: the gradient of accumulated runs over one epoch', async () => {
  const recipe = parseRecipe({ ...tiny, batch: 'all', model: { ...(tiny.model as object), resid_pdrop: 0 } });
  const resolved = await resolvedRecipe({ recipe, data: inMemory });
  const rows = resolved.batch * resolved.accumulate;
  expect(rows).toBe(Math.floor((Math.floor(0.9 * text.length) - 1) / 16) - 1);
  expect(resolved.batch).toBeLessThanOrEqual(64);
  const changes = { batch: 'all', steps: 2, evaluateEvery: 2, model: { ...(tiny.model as object), resid_pdrop: 0 } };
  const [a] = (await collect(changes)).filter((e) => e.kind === 'step');
  const [b] = (await collect({ ...changes, batch: rows })).filter((e) => e.kind === 'step');
  expect(Math.abs(a!.loss - b!.loss)).toBeLessThan(1e-6 * Math.sqrt(rows));
  expect(Math.abs(a!.gradientNorm / b!.gradientNorm - 1)).toBeLessThan(1e-5);
});

describe('early stopping', () => {
  const stuck = { optimizer: { kind: 'sgd', learningRate: 1e-30 }, steps: 40, evaluateEvery: 2, checkpointEvery: 100 };

  it('ends after so many evaluations without improvement, with a last checkpoint', async () => {
    const store = watched();
    const events = await collect({ ...stuck, stopEarly: { patience: 3 } }, { store });
    const evaluations = events.filter((e) => e.kind === 'evaluation').map((e) => e.step);
    expect(evaluations).toEqual([2, 4, 6, 8]); // the first is an improvement over nothing
    expect(events.at(-1)).toMatchObject({ kind: 'done', reason: 'early', step: 8, bestStep: 2 });
    expect(store.checkpoints.at(-1)!.progress.step).toBe(8);
    const again = await collect({ ...stuck, stopEarly: { patience: 3 } }, { store, resume: true });
    expect(again.map((e) => e.kind)).toEqual(['start', 'done']);
  });

  it('counts on where it was when the run is stopped and goes on; a smaller gain than minChange is none', async () => {
    const changes = {
      evaluateEvery: 1,
      steps: 30,
      stopEarly: { patience: 4, minChange: 0.05 },
      optimizer: { kind: 'adamw', learningRate: 1e-3 },
    };
    const expected = await collect(changes);
    expect(expected.at(-1)).toMatchObject({ reason: 'early' });
    const store = memoryStore();
    await collect(changes, { store, stopAfter: 3 });
    await collect(changes, { store, resume: true });
    expect(curve(await store.events())).toEqual(curve(expected));
  });
});

describe('text in pieces', () => {
  const path = join(place, 'ink.txt');
  const stream = (): TrainingData => {
    writeFileSync(path, text);
    return textStream([path], {
      unit: 'line',
      field: 'text',
      separator: '\n',
      trainShare: 0.8,
      cache: join(place, 'cache'),
      threads: 0,
    });
  };
  const changes = {
    data: {
      kind: 'text',
      files: ['ink.txt'],
      stream: true,
      unit: 'line',
      separator: '\n',
      trainShare: 0.8,
      shuffleRows: 64,
    },
    ema: 0.9,
    steps: 30,
    evaluateEvery: 10,
    checkpointEvery: 7,
  };

  it('is learnt, and a run stopped twice is the same to the bit, with averages and dropout', async () => {
    const whole = memoryStore();
    const expected = await collect(
      { ...changes, optimizer: { kind: 'adamw', learningRate: 1e-2 } },
      { store: whole, data: stream() },
    );
    const evaluations = expected.filter((e) => e.kind === 'evaluation');
    expect(evaluations.at(-1)!.loss).toBeLessThan(evaluations[0]!.loss);
    const store = memoryStore();
    const again = { ...changes, optimizer: { kind: 'adamw', learningRate: 1e-2 } };
    await collect(again, { store, data: stream(), stopAfter: 4 });
    await collect(again, { store, data: stream(), resume: true, stopAfter: 19 });
    await collect(again, { store, data: stream(), resume: true });
    expect(curve(await store.events())).toEqual(curve(expected));
    expect(bits(store.weights())).toEqual(bits(whole.weights()));
  });

  it('other text than before is refused', async () => {
    const store = memoryStore();
    await collect(changes, { store, data: stream(), stopAfter: 4 });
    writeFileSync(path, text.replaceAll('blue', 'lube'));
    const changed = textStream([path], {
      unit: 'line',
      field: 'text',
      separator: '\n',
      trainShare: 0.8,
      cache: join(place, 'cache'),
      threads: 0,
    });
    const error = await failure(() => collect(changes, { store, data: changed, resume: true }));
    expect(error).toMatchObject({ code: 'CHECKPOINT' });
    expect(error.message).toContain('the data changed since step 4');
  });
});

it('a gradient that overflows is told with its parameter', async () => {
  const wild = { optimizer: { kind: 'sgd', learningRate: 1e30 }, clip: 0, steps: 3 };
  const error = await failure(() => collect(wild));
  expect(error.code).toBe('NUMERIC');
  expect(error.message).toMatch(/^step 2: the loss is .*, the gradient norm \S+ \(not finite: transformer\.\S+/);
});

it('a recipe that changed in the middle of a run is refused with both values of every field', async () => {
  const store = memoryStore();
  await collect({}, { store, stopAfter: 3 });
  const error = await failure(() =>
    collect({ optimizer: { kind: 'adamw', learningRate: 0.5 }, batch: 2 }, { store, resume: true }),
  );
  expect(error.code).toBe('CONFIG');
  expect(error.message).toContain('optimizer.learningRate was 0.001 and is 0.5; batch was 4 and is 2');
  expect((await collect({ steps: 9, evaluateEvery: 3 }, { store, resume: true })).at(-1)).toMatchObject({ step: 9 });
});
