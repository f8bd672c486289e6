// The step against the five AdamW steps that Hugging Face's model takes on PyTorch, and against itself in other shapes.

import { existsSync, readFileSync } from 'node:fs';
import {
  architectureFor,
  loadParameters,
  type Program,
  type Runtime,
  readSafetensors,
  referenceRuntime,
  type Value,
  type Values,
} from '@yumo/core';
import { diskSource, onnxruntimeNode } from '@yumo/core/node';
import { describe, expect, it } from 'vitest';
import { initialValues } from './initial.ts';
import { randomBits } from './random.ts';
import type { Recipe } from './recipe.ts';
import { parseRecipe } from './recipe-fields.ts';
import { sharedFolder } from './shared.node.ts';
import {
  type BatchForms,
  evaluationGraph,
  next,
  nextTokenSum,
  summed,
  type TrainingStep,
  trainingStep,
} from './step.ts';

const recipeWith = (fields: Record<string, unknown>): Recipe =>
  parseRecipe({
    name: 'x',
    data: { kind: 'text', files: ['x.txt'] },
    tokenizer: { kind: 'characters' },
    model: { model_type: 'gpt2' },
    batch: 4,
    steps: 5,
    ...fields,
  });

const small = {
  model_type: 'gpt2',
  vocab_size: 23,
  n_positions: 16,
  n_embd: 16,
  n_layer: 2,
  n_head: 2,
  embd_pdrop: 0,
  attn_pdrop: 0,
  resid_pdrop: 0,
};

/** A batch of `rows` rows; every fifth label of odd rows is ignored, so that rows count differently. */
function batchOf(
  rows: number,
  sequence: number,
  vocabulary: number,
  seed: number,
): { inputIds: Int32Array; labels: Int32Array } {
  const inputIds = Int32Array.from({ length: rows * sequence }, (_, i) => randomBits(seed, i) % vocabulary);
  const labels = Int32Array.from({ length: rows * sequence }, (_, i) =>
    Math.floor(i / sequence) % 2 === 1 && i % 5 === 0 ? -100 : randomBits(seed + 1, i) % vocabulary,
  );
  return { inputIds, labels };
}

const form = (...shape: number[]): BatchForms[string] => ({ dtype: 'int32', shape });
const rowsOf = (rows: number, sequence: number): BatchForms => ({
  input_ids: form(rows, sequence),
  labels: form(rows, sequence),
});

const ids = (data: Int32Array, rows: number): Value => ({ dtype: 'int32', shape: [rows, data.length / rows], data });
const copy = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).map(([n, v]) => [n, { ...v, data: v.data.slice() } as Value]));

interface Curve {
  readonly losses: number[];
  readonly norms: number[];
  readonly parameters: Values;
}

/** Runs whole steps; state is written in place where `inPlace` says so. */
async function train(
  runtime: Runtime,
  built: TrainingStep,
  start: Values,
  batches: readonly { inputIds: Int32Array; labels: Int32Array }[],
  rows: number,
  inPlace: boolean,
  extra: Values = {},
): Promise<Curve> {
  const program = await runtime.compile(built.whole, { purpose: 'training' });
  let held: Values = { ...copy(start), ...built.initialState() };
  const names = Object.keys(held);
  const losses: number[] = [];
  const norms: number[] = [];
  for (const [i, { inputIds, labels }] of batches.entries()) {
    const out = await program.run(
      { ...held, ...extra, ...built.scalars(i), input_ids: ids(inputIds, rows), labels: ids(labels, rows) },
      inPlace ? { into: Object.fromEntries(names.map((n) => [next(n), held[n]!])) } : {},
    );
    losses.push(Number(out.loss!.data[0]));
    norms.push(Number(out.gradient_norm!.data[0]));
    if (!inPlace) held = Object.fromEntries(names.map((n) => [n, out[next(n)]!]));
  }
  await program.dispose();
  return { losses, norms, parameters: Object.fromEntries(built.parameters.map((p) => [p.name, held[p.name]!])) };
}

const largestDifference = (a: Values, b: Values): number =>
  Math.max(
    ...Object.keys(a).map((n) =>
      Math.max(...Array.from(a[n]!.data as Float32Array, (x, i) => Math.abs(x - Number(b[n]!.data[i])))),
    ),
  );

const cases = ['gpt2-lm', 'gpt2-lm-variant', 'gpt2-lm-hubnames', 'llama-lm', 'mistral-lm', 'qwen2-lm'];
const golden = sharedFolder('golden/models');

describe.runIf(existsSync(golden))('five AdamW steps equal those of transformers on PyTorch', () => {
  it.each(cases)('%s: losses, gradient norms, final parameters', async (name) => {
    const source = diskSource(`${golden}/${name}`);
    const json = JSON.parse(readFileSync(`${golden}/${name}/config.json`, 'utf8')) as Record<string, unknown>;
    const meta = JSON.parse(readFileSync(`${golden}/${name}/meta.json`, 'utf8')) as {
      training: {
        loss_before_each_step: number[];
        gradient_norm_before_clipping: number[];
        loss_after_last_step: number;
        parameter_norm_after_last_step: number;
      };
    };
    const wanted = meta.training;
    const architecture = architectureFor(json);
    const config = architecture.readConfig(json);
    const inputs = await readSafetensors(source, 'inputs.safetensors');
    const stored = async (n: string): Promise<Int32Array> =>
      Int32Array.from((await inputs.read(n)).data as BigInt64Array, Number);
    const [rows, sequence] = inputs.form('input_ids').shape as [number, number];
    const extra: Record<string, Value> = {};
    for (const n of ['attention_mask', 'position_ids']) extra[n] = ids(await stored(n), rows);
    const inputIds = await stored('input_ids');
    const labels = await stored('labels');
    const shifted = labels.map((_, i) => (i % sequence === sequence - 1 ? -100 : labels[i + 1]!));
    const recipe = recipeWith({ batch: rows, optimizer: { kind: 'adamw', learningRate: 1e-3, weightDecay: 0.01 } });
    const forms = {
      ...rowsOf(rows, sequence),
      attention_mask: form(rows, sequence),
      position_ids: form(rows, sequence),
    };
    const built = trainingStep({ inputs: forms, loss: nextTokenSum(architecture, config), recipe });
    const weights = await loadParameters(
      await readSafetensors(source, 'model.safetensors'),
      built.parameters,
      architecture,
    );
    const runtime = await onnxruntimeNode({ threads: 1 });
    const curve = await train(runtime, built, weights, Array(5).fill({ inputIds, labels: shifted }), rows, true, extra);
    const close = (actual: number, expected: number, what: string): void =>
      expect(Math.abs(actual - expected), what).toBeLessThanOrEqual(1e-5 + 1e-4 * Math.abs(expected));
    wanted.loss_before_each_step.forEach((l, i) => {
      close(curve.losses[i]!, l, `loss before step ${i + 1}`);
    });
    wanted.gradient_norm_before_clipping.forEach((n, i) => {
      close(curve.norms[i]!, n, `gradient norm of step ${i + 1}`);
    });
    const norm = Math.hypot(...Object.values(curve.parameters).flatMap((v) => [...(v.data as Float32Array)]));
    close(norm, wanted.parameter_norm_after_last_step, 'norm of all parameters at the end');
  });
});

const start = (built: TrainingStep): Values => initialValues(built.parameters, 3);
const architecture = architectureFor(small);
const config = architecture.readConfig(small);
const build = (rows: number, fields: Record<string, unknown>): TrainingStep =>
  trainingStep({
    inputs: rowsOf(rows, 12),
    loss: nextTokenSum(architecture, config),
    recipe: recipeWith({ batch: rows, ...fields }),
  });
const muon = { optimizer: { kind: 'muon', rest: { learningRate: 4e-3 } } };
const batches = Array.from({ length: 3 }, (_, i) => batchOf(4, 12, 23, 100 + i));

describe('the step', () => {
  it.each([
    ['AdamW', {}],
    ['AdamW without clipping', { clip: 0 }],
    ['Muon', muon],
  ])('%s on the native engine, state in place, equals the interpreter in double precision', async (_, fields) => {
    const built = build(4, fields);
    const exact = await train(referenceRuntime, built, start(built), batches, 4, false);
    const native = await train(await onnxruntimeNode({ threads: 2 }), built, start(built), batches, 4, true);
    native.losses.forEach((l, i) => {
      expect(Math.abs(l - exact.losses[i]!)).toBeLessThan(2e-6);
    });
    expect(largestDifference(native.parameters, exact.parameters)).toBeLessThan(2e-5);
  });

  it('gives the same in parts as in one piece', async () => {
    const [one, three] = [build(4, muon), build(4, { ...muon, parts: 3 })];
    const a = await train(referenceRuntime, one, start(one), batches, 4, false);
    const b = await train(referenceRuntime, three, start(three), batches, 4, false);
    expect(largestDifference(a.parameters, b.parameters)).toBeLessThan(1e-12);
  });

  it('gives the same when two runs of half the batch are accumulated, though their label counts differ', async () => {
    const whole = build(4, muon);
    const expected = await train(referenceRuntime, whole, start(whole), batches, 4, false);
    const half = build(2, { ...muon, accumulate: 2 });
    const adding = await referenceRuntime.compile(half.accumulating());
    const applying = await referenceRuntime.compile(half.applying());
    let held: Values = { ...start(half), ...half.initialState() };
    const parameters = (): Values => Object.fromEntries(half.parameters.map((p) => [p.name, held[p.name]!]));
    for (const [i, { inputIds, labels }] of batches.entries()) {
      let sums: Values = Object.fromEntries(
        half.parameters.map((p) => [
          summed(p.name),
          { ...held[p.name]!, data: new Float64Array(held[p.name]!.data.length) } as Value,
        ]),
      );
      let labelCount = 0;
      for (const run of [0, 1]) {
        const part = (x: Int32Array): Value => ids(x.slice(run * 24, run * 24 + 24), 2);
        const out = await adding.run({ ...parameters(), ...sums, input_ids: part(inputIds), labels: part(labels) });
        sums = Object.fromEntries(half.parameters.map((p) => [summed(p.name), out[next(summed(p.name))]!]));
        labelCount += Number(out.label_count!.data[0]);
      }
      expect(labelCount).toBe(labels.filter((l) => l >= 0).length);
      const count: Value = { dtype: 'float32', shape: [], data: Float32Array.of(labelCount) };
      const out = await applying.run({ ...held, ...sums, ...half.scalars(i), label_count: count });
      held = Object.fromEntries(Object.keys(held).map((n) => [n, out[next(n)]!]));
    }
    expect(largestDifference(parameters(), expected.parameters)).toBeLessThan(1e-12);
  });

  it('overfits one batch', async () => {
    const built = build(4, { optimizer: { kind: 'adamw', learningRate: 1e-2 } });
    const { losses } = await train(
      await onnxruntimeNode({ threads: 1 }),
      built,
      start(built),
      Array(120).fill(batches[0]),
      4,
      true,
    );
    expect(losses[0]).toBeGreaterThan(2.5);
    expect(losses.at(-1)).toBeLessThan(0.05);
  });

  it('draws another dropout mask at every step, and the same one again for the same step', async () => {
    const json = { ...small, resid_pdrop: 0.3 };
    const built = trainingStep({
      inputs: rowsOf(4, 12),
      loss: nextTokenSum(architecture, architecture.readConfig(json)),
      recipe: recipeWith({}),
    });
    const program: Program = await referenceRuntime.compile(built.whole);
    const { inputIds, labels } = batches[0]!;
    const feeds = { ...start(built), ...built.initialState(), input_ids: ids(inputIds, 4), labels: ids(labels, 4) };
    const lossAt = async (step: number): Promise<number> =>
      Number((await program.run({ ...feeds, ...built.scalars(step) }, { outputs: ['loss'] })).loss!.data[0]);
    expect(await lossAt(0)).toBe(await lossAt(0));
    expect(Math.abs((await lossAt(0)) - (await lossAt(1)))).toBeGreaterThan(1e-4);
  });

  it('evaluates to the loss of the step before it moves', async () => {
    const built = build(4, {});
    const { losses } = await train(referenceRuntime, built, start(built), [batches[0]!], 4, false);
    const program = await referenceRuntime.compile(evaluationGraph(nextTokenSum(architecture, config), rowsOf(4, 12)));
    const { inputIds, labels } = batches[0]!;
    const out = await program.run({ ...start(built), input_ids: ids(inputIds, 4), labels: ids(labels, 4) });
    expect(Number(out.loss_sum!.data[0]) / Number(out.label_count!.data[0])).toBeCloseTo(losses[0]!, 12);
  });
});
