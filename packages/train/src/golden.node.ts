// `pnpm golden models <folder>`: everything in a set of reference values that this repository can compute, checked.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  add,
  div,
  evaluateTensors,
  type FileSource,
  gradient,
  minimum,
  mul,
  type Runtime,
  readJsonObject,
  readSafetensors,
  referenceRuntime,
  sqrt,
  square,
  sum,
  type Tensor,
  tensor,
  toFloat64,
  type Value,
  type Values,
  YumoError,
} from '@yumo/core';
import {
  type CaseResult,
  Comparison,
  eachCase,
  failed,
  modelCaseNames,
  readModelCase,
  runModelCase,
  runOperationCases,
  runProcessorCases,
  type Tolerance,
  toleranceOf,
  unsupported,
} from '@yumo/core/golden';
import { diskSource, onnxruntimeNode } from '@yumo/core/node';
import { type Optimizer, type OptimizerKind, type OptionsOf, optimizers } from './optimizers.ts';
import type { ScheduleRecipe } from './recipe.ts';
import { parseRecipe } from './recipe-fields.ts';
import { rateShare } from './schedules.ts';

/** A folder with one of them is a case; what else it lacks is said. */
const modelFiles = ['config.json', 'meta.json'];

/** PyTorch's names of the algorithms → ours. */
const kinds: Readonly<Record<string, OptimizerKind>> = {
  'torch.optim.SGD': 'sgd',
  'torch.optim.RMSprop': 'rmsprop',
  'torch.optim.Adagrad': 'adagrad',
  'torch.optim.Adadelta': 'adadelta',
  'torch.optim.Adam': 'adam',
  'torch.optim.AdamW': 'adamw',
  'torch.optim.Adamax': 'adamax',
  'torch.optim.NAdam': 'nadam',
  'torch.optim.RAdam': 'radam',
  'Adafactor (Hugging Face transformers)': 'adafactor',
};

/** PyTorch's names of the options → ours. */
const optionNames: Readonly<Record<string, string>> = {
  lr: 'learningRate',
  momentum: 'momentum',
  dampening: 'dampening',
  nesterov: 'nesterov',
  alpha: 'smoothing',
  centered: 'centered',
  lr_decay: 'rateDecay',
  initial_accumulator_value: 'initialAccumulator',
  amsgrad: 'amsgrad',
  rho: 'rho',
  momentum_decay: 'momentumDecay',
  decay_rate: 'decayExponent',
  clip_threshold: 'clipThreshold',
};

/** Options that are read on their own. */
const elsewhere: readonly string[] = ['algorithm', 'betas', 'eps', 'weight_decay', 'clip_global_norm'];

type Settings = Readonly<Record<string, unknown>>;

/** @returns as a text what is not ours */
function optionsOf(h: Settings): OptionsOf<OptimizerKind> | string {
  const kind = kinds[String(h.algorithm)];
  if (!kind) return `the algorithm ${JSON.stringify(h.algorithm)}`;
  const fields: Record<string, unknown> = { kind };
  for (const [theirs, value] of Object.entries(h)) {
    if (elsewhere.includes(theirs) || value === null || value === false) continue; // off is as absent
    const ours = optionNames[theirs];
    if (!ours) return `${theirs} ${JSON.stringify(value)} of ${h.algorithm}`;
    fields[ours] = value;
  }
  if (Array.isArray(h.betas)) [fields.beta1, fields.beta2] = h.betas;
  if (h.eps !== undefined) fields.epsilon = Array.isArray(h.eps) ? h.eps[0] : h.eps;
  // A number, or a sentence that begins with one: "0.1 on matrix, 0 on vector and scalar".
  if (h.weight_decay !== undefined) fields.weightDecay = Number.parseFloat(String(h.weight_decay));
  try {
    return parseRecipe({
      name: 'golden',
      data: { kind: 'text', files: ['none'] },
      tokenizer: { kind: 'characters' },
      model: { model_type: 'gpt2' },
      batch: 1,
      steps: 1,
      optimizer: fields,
    }).optimizer;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const double = (shape: readonly number[], data: Float64Array): Value => ({ dtype: 'float64', shape, data });
const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** The parameter after each step, in double precision. */
function parameterPath<K extends OptimizerKind>(
  options: OptionsOf<K>,
  initial: Value,
  gradients: readonly Float64Array[],
  decay: number,
): Float64Array[] {
  const row = optimizers[options.kind as K] as Optimizer<K>;
  const { shape } = initial;
  const forms = Object.entries(row.state(options, shape));
  const scalarNames = Object.keys(row.scalars(options, 1, 1, decay));
  const named = (prefix: string, names: readonly (readonly [string, readonly number[]])[]): Record<string, Tensor> =>
    Object.fromEntries(names.map(([n, s]) => [n, tensor(`${prefix}.${n}`, 'float32', s)]));
  const updated = row.update(
    options,
    {
      parameter: tensor('parameter', 'float32', shape),
      gradient: tensor('gradient', 'float32', shape),
      state: named(
        'state',
        forms.map(([n, f]) => [n, f.shape]),
      ),
      scalars: named(
        'scalar',
        scalarNames.map((n) => [n, []]),
      ),
      layout: { inputsFirst: false, columns: 1 },
    },
    decay,
  );
  let values: Record<string, Value> = { parameter: initial };
  for (const [n, f] of forms) values[`state.${n}`] = double(f.shape, new Float64Array(sizeOf(f.shape)).fill(f.initial));
  return gradients.map((g, i) => {
    const numbers = row.scalars(options, options.learningRate, i + 1, decay);
    const scalars = Object.fromEntries(
      scalarNames.map((n) => [`scalar.${n}`, double([], Float64Array.of(numbers[n]!))]),
    );
    const outputs = [updated.parameter, ...forms.map(([n]) => updated.state[n]!)];
    const results = evaluateTensors(outputs, { ...values, ...scalars, gradient: double(shape, g) });
    const names = ['parameter', ...forms.map(([n]) => `state.${n}`)];
    values = Object.fromEntries(
      names.map((n, j) => [n, double(results[j]!.shape, Float64Array.from(results[j]!.data))]),
    );
    return values.parameter!.data as Float64Array;
  });
}

interface OptimizerIndex {
  readonly steps: number;
  readonly tolerances: { readonly float64: Tolerance };
  readonly optimizers: readonly { readonly name: string; readonly file: string; readonly hyperparameters: Settings }[];
}

async function runOptimizerCases(source: FileSource): Promise<CaseResult[]> {
  const index = (await readJsonObject(source, 'optimizers/index.json')) as unknown as OptimizerIndex; // the layout of the reference sets
  const inputs = await readSafetensors(source, 'optimizers/inputs.safetensors');
  const names = inputs.names.filter((n) => n.startsWith('initial.')).map((n) => n.slice('initial.'.length));
  const given: Record<string, readonly Float64Array[]> = {};
  const byStep = (v: Value): Float64Array[] => {
    const [steps, ...shape] = v.shape as [number, ...number[]];
    const all = toFloat64(v);
    return Array.from({ length: steps }, (_, i) => all.slice(i * sizeOf(shape), (i + 1) * sizeOf(shape)));
  };
  for (const n of names) given[n] = byStep(await inputs.read(`gradient.${n}`));

  return eachCase(
    index.optimizers,
    ({ name }) => `optimizers/${name}`,
    async ({ file, hyperparameters }, title) => {
      const options = optionsOf(hyperparameters);
      if (typeof options === 'string') return unsupported(title, options);
      const limit = Number(hyperparameters.clip_global_norm ?? Number.POSITIVE_INFINITY);
      const scales = Array.from({ length: index.steps }, (_, i) => {
        const norm = Math.hypot(...names.map((n) => Math.hypot(...given[n]![i]!)));
        return Math.min(1, limit / (norm + 1e-6));
      });
      const comparison = new Comparison(title);
      const expected = await readSafetensors(source, `optimizers/${file}`);
      const matricesOnly = typeof hyperparameters.weight_decay === 'string';
      const { rtol, atol } = index.tolerances.float64;
      for (const n of names) {
        const initial = await inputs.read(`initial.${n}`);
        const decay = matricesOnly && initial.shape.length < 2 ? 0 : options.weightDecay;
        const path = parameterPath(
          options,
          initial,
          given[n]!.map((g, i) => g.map((x) => x * scales[i]!)),
          decay,
        );
        for (const [i, wanted] of byStep(await expected.read(`parameter.${n}`)).entries())
          comparison.numbers(`${n} after step ${i + 1}`, path[i]!, wanted, (b) => rtol * Math.abs(b) + atol);
      }
      return comparison.result();
    },
  );
}

interface ScheduleFile {
  readonly peak_lr: number;
  readonly steps: number;
  readonly tolerance: Tolerance;
  readonly schedules: readonly {
    readonly name: string;
    readonly settings: Readonly<Record<string, number>>;
    readonly lr: readonly number[];
  }[];
}

/** Undefined when the schedule is not ours. */
function scheduleOf(name: string, s: Readonly<Record<string, number>>, peak: number): ScheduleRecipe | undefined {
  const warmupSteps = s.warmup ?? 0;
  const common = { warmupSteps, totalSteps: s.total, floor: (s.end_lr ?? 0) / peak };
  if (name.startsWith('constant')) return { kind: 'constant', warmupSteps };
  if (name.startsWith('linear')) return { kind: 'linear', ...common };
  if (name.startsWith('cosine_with_restarts'))
    return { kind: 'cosine-with-restarts', ...common, cycles: s.cycles ?? 1 };
  if (name.startsWith('cosine')) return { kind: 'cosine', ...common, cycles: s.cycles ?? 0.5 };
  if (name.startsWith('inverse_sqrt')) return { kind: 'inverse-sqrt', warmupSteps, timescale: s.timescale };
  if (name.startsWith('polynomial'))
    return { kind: 'polynomial', ...common, floor: (s.end_lr ?? 1e-7) / peak, power: s.power ?? 1 };
  return undefined;
}

async function runScheduleCases(source: FileSource): Promise<CaseResult[]> {
  const file = (await readJsonObject(source, 'optimizers/schedules.json')) as unknown as ScheduleFile; // as above
  return eachCase(
    file.schedules,
    ({ name }) => `schedules/${name}`,
    ({ name, settings, lr }, title) => {
      const schedule = scheduleOf(name, settings, file.peak_lr);
      if (!schedule) return unsupported(title, `the schedule ${name}`);
      const comparison = new Comparison(title);
      const { rtol, atol } = file.tolerance;
      const ours = lr.map((_, step) => file.peak_lr * rateShare(schedule, step, file.steps));
      comparison.numbers('rate', ours, lr, (b) => rtol * Math.abs(b) + atol);
      return comparison.result();
    },
  );
}

const next = (name: string): string => `next:${name}`;

/** The AdamW steps of a model's meta.json: losses, gradient norms, the norm of all parameters at the end. */
async function runTrainingCase(source: FileSource, name: string, runtime: Runtime): Promise<CaseResult | undefined> {
  const title = `${name}/training`;
  const c = await readModelCase(source, name);
  const { training } = c.meta;
  if (!training) return undefined;
  const { loss } = c.outputs;
  if (!loss)
    throw new YumoError('DATA', `${name}: there is no loss to train with; are labels among the inputs?`, { name });
  const comparison = new Comparison(title);
  const untrained = new Set(c.meta.parameters_without_gradient ?? []);
  const trained = c.parameters.filter((p) => !p.fixed && !untrained.has(c.storedNames.get(p.name) ?? p.name));
  const options: OptionsOf<'adamw'> = {
    kind: 'adamw',
    learningRate: training.lr,
    beta1: training.betas[0],
    beta2: training.betas[1],
    epsilon: training.eps,
    weightDecay: 0.01, // "0.01 on parameters with two or more axes, 0 on the others": the README of the sets
  };
  const decayOf = (shape: readonly unknown[]): number => (shape.length >= 2 ? options.weightDecay : 0);

  const gradients = gradient(
    loss,
    trained.map((p) => p.tensor),
  );
  const norm = sqrt(gradients.map((g) => sum(square(g))).reduce((a, b) => add(a, b)));
  const scale = minimum(div(training.clip_global_norm, add(norm, 1e-6)), 1);
  const scalarNames = Object.keys(optimizers.adamw.scalars(options, 1, 1, 1));
  const scalars = Object.fromEntries(scalarNames.map((n) => [n, tensor(`scalar.${n}`, 'float32', [])]));
  const outputs: Record<string, Tensor> = { loss, norm };
  const stateTensors: Tensor[] = [];
  let held: Record<string, Value> = { ...c.weights };
  for (const [i, p] of trained.entries()) {
    const state: Record<string, Tensor> = {};
    for (const [slot, form] of Object.entries(optimizers.adamw.state(options, p.shape))) {
      const key = `${p.name}/${slot}`;
      state[slot] = tensor(key, 'float32', form.shape);
      stateTensors.push(state[slot]);
      held[key] = {
        dtype: 'float32',
        shape: form.shape,
        data: new Float32Array(sizeOf(form.shape)).fill(form.initial),
      };
    }
    const updated = optimizers.adamw.update(
      options,
      {
        parameter: p.tensor,
        gradient: mul(gradients[i]!, scale),
        state,
        scalars,
        layout: { inputsFirst: false, columns: 1 },
      },
      decayOf(p.shape),
    );
    outputs[next(p.name)] = updated.parameter;
    for (const [slot, t] of Object.entries(updated.state)) outputs[next(`${p.name}/${slot}`)] = t;
  }
  const inputs = [
    ...Object.values(c.inputs),
    ...c.parameters.map((p) => p.tensor),
    ...stateTensors,
    ...Object.values(scalars),
  ];
  const program = await runtime.compile({ inputs, outputs }, { purpose: 'training' });
  const { rtol, atol } = toleranceOf(c.meta, 'training_losses');
  const close = (what: string, ours: number, wanted: number): void =>
    comparison.numbers(what, [ours], [wanted], (b) => rtol * Math.abs(b) + atol);
  const feeds = (step: number): Values => {
    const numbers = optimizers.adamw.scalars(options, training.lr, step, options.weightDecay);
    return {
      ...c.feeds,
      ...held,
      ...Object.fromEntries(
        scalarNames.map((n) => [
          `scalar.${n}`,
          { dtype: 'float32', shape: [], data: Float32Array.of(numbers[n]!) } as Value,
        ]),
      ),
    };
  };
  for (let step = 0; step < training.steps; step++) {
    const out = await program.run(feeds(step + 1));
    close(`loss before step ${step + 1}`, Number(out.loss!.data[0]), training.loss_before_each_step[step]!);
    close(
      `gradient norm of step ${step + 1}`,
      Number(out.norm!.data[0]),
      training.gradient_norm_before_clipping[step]!,
    );
    held = Object.fromEntries(Object.keys(held).map((n) => [n, out[next(n)] ?? held[n]!]));
  }
  const last = await program.run(feeds(training.steps + 1), { outputs: ['loss'] });
  close('loss after the last step', Number(last.loss!.data[0]), training.loss_after_last_step);
  // What the reference counts as parameters: the trained ones, and those that are stored but get no gradient (fixed positions). Buffers are none.
  const file = await readSafetensors(source, `${name}/model.safetensors`);
  const counted = trained.map((p) => held[p.name]!);
  for (const stored of untrained) if (file.has(stored)) counted.push(await file.read(stored));
  const squares = counted.map((v) => toFloat64(v).reduce((total, x) => total + x * x, 0));
  const end = toleranceOf(c.meta, 'parameter_norm_after_last_step');
  comparison.numbers(
    'norm of all parameters after the last step',
    [Math.sqrt(squares.reduce((a, b) => a + b, 0))],
    [training.parameter_norm_after_last_step],
    (b) => end.rtol * Math.abs(b) + end.atol,
  );
  await program.dispose();
  return comparison.result();
}

/** Folders that look like cases. */
const casesBeside = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((e) => e.isDirectory() && modelFiles.some((file) => existsSync(join(folder, e.name, file))))
    .map((e) => e.name);

/** Cases of the index, and folders beside it that look like cases. @throws YumoError `CONFIG` for an index that cannot be read */
const namesIn = async (folder: string, source: FileSource): Promise<string[]> => [
  ...new Set([...(await modelCaseNames(source)), ...casesBeside(folder)]),
];

/**
 * Runs every case of a folder.
 * @param print is given each result as it is known.
 */
export async function runModelGolden(
  folder: string,
  print: (result: CaseResult) => void = () => {},
): Promise<{ cases: CaseResult[] }> {
  const source = diskSource(folder);
  const runtimes = { exact: referenceRuntime, engine: await onnxruntimeNode() };
  const cases: CaseResult[] = [];
  const take = (results: readonly CaseResult[]): void => {
    for (const result of results) {
      cases.push(result);
      print(result);
    }
  };
  /** A part whose files cannot be read is one failed case. */
  const part = async (name: string, index: string, run: () => Promise<readonly CaseResult[]>): Promise<void> => {
    if (existsSync(join(folder, index))) take(await run().catch((error: unknown) => [failed(name, error)]));
  };
  const model = async (name: string): Promise<void> => {
    const results = await runModelCase(source, name, runtimes);
    const forward = results[0]!;
    take([forward]);
    if (forward.status === 'unsupported') take([unsupported(`${name}/training`, forward.detail ?? '')]);
    else {
      const training = await runTrainingCase(source, name, runtimes.engine).catch((error: unknown) =>
        failed(`${name}/training`, error),
      );
      if (training) take([training]);
    }
    take(results.slice(1));
  };
  const names = await namesIn(folder, source).catch((error: unknown) => {
    take([failed('index.json', error)]);
    return casesBeside(folder);
  });
  for (const name of names) await model(name).catch((error: unknown) => take([failed(name, error)]));
  await part('ops', 'ops/index.json', () => runOperationCases(source, 'ops', runtimes));
  await part('losses', 'losses/index.json', () => runOperationCases(source, 'losses', runtimes));
  await part('optimizers', 'optimizers/index.json', () => runOptimizerCases(source));
  await part('schedules', 'optimizers/schedules.json', () => runScheduleCases(source));
  await part('processors', 'processors/index.json', () => runProcessorCases(source));
  return { cases };
}
