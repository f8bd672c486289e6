// Optimizers, schedules and clipping against the values of PyTorch and Hugging Face transformers in YUMO_SHARED/golden/models/optimizers.

import { existsSync, readFileSync } from 'node:fs';
import {
  add,
  evaluateTensors,
  inputName,
  mul,
  readSafetensors,
  type Tensor,
  tensor,
  toFloat64,
  transpose,
  type Value,
} from '@yumo/core';
import { diskSource, onnxruntimeNode } from '@yumo/core/node';
import { describe, expect, it } from 'vitest';
import { orthogonalised } from './muon.ts';
import {
  type Optimizer,
  type OptimizerKind,
  type OptionsOf,
  optimizers,
  type Updated,
  type UpdateInputs,
} from './optimizers.ts';
import { randomNormal } from './random.ts';
import type { RecipeInput, ScheduleRecipe } from './recipe.ts';
import { parseRecipe } from './recipe-fields.ts';
import { rateShare } from './schedules.ts';
import { sharedFolder } from './shared.node.ts';

const folder = sharedFolder('golden/models/optimizers');

interface Case {
  readonly name: string;
  readonly file: string;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
}

/** PyTorch's options under our names. */
function optionsOf({ hyperparameters: h }: Case): OptionsOf<OptimizerKind> {
  const kinds: Record<string, OptimizerKind> = {
    'torch.optim.SGD': 'sgd',
    'torch.optim.RMSprop': 'rmsprop',
    'torch.optim.Adagrad': 'adagrad',
    'torch.optim.Adam': 'adam',
    'torch.optim.AdamW': 'adamw',
    'torch.optim.Adamax': 'adamax',
    'torch.optim.NAdam': 'nadam',
    'torch.optim.RAdam': 'radam',
    'torch.optim.Adadelta': 'adadelta',
    'Adafactor (Hugging Face transformers)': 'adafactor',
  };
  const kind = kinds[String(h.algorithm)]!;
  const betas = h.betas as [number, number] | undefined;
  const fields: Record<string, unknown> = {
    kind,
    learningRate: h.lr,
    beta1: betas?.[0],
    beta2: betas?.[1],
    epsilon: Array.isArray(h.eps) ? h.eps[0] : h.eps,
    momentum: h.momentum,
    dampening: h.dampening,
    nesterov: h.nesterov,
    weightDecay: typeof h.weight_decay === 'number' ? h.weight_decay : h.weight_decay === undefined ? undefined : 0.1,
    smoothing: h.alpha,
    centered: h.centered,
    rateDecay: h.lr_decay,
    initialAccumulator: h.initial_accumulator_value,
    amsgrad: h.amsgrad,
    rho: h.rho,
    decayExponent: h.decay_rate,
    clipThreshold: h.clip_threshold,
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined));
  return parseRecipe({ ...smallest, optimizer: given }).optimizer as OptionsOf<OptimizerKind>;
}

const smallest: RecipeInput = {
  name: 'x',
  data: { kind: 'text', files: ['x.txt'] },
  tokenizer: { kind: 'characters' },
  model: { model_type: 'gpt2' },
  batch: 1,
  steps: 1,
};

/** Ten steps in double precision by the interpreter. */
function run<K extends OptimizerKind>(
  options: OptionsOf<K>,
  initial: Value,
  gradients: readonly Float64Array[],
  decay: number,
): Float64Array[] {
  const row = optimizers[options.kind as K] as Optimizer<K>;
  const { shape } = initial;
  const forms = row.state(options, shape);
  const parameter = tensor('p', 'float32', shape);
  const gradient = tensor('g', 'float32', shape);
  const state = Object.fromEntries(Object.entries(forms).map(([n, f]) => [n, tensor(n, 'float32', f.shape)]));
  const double = (s: readonly number[], data: Float64Array): Value => ({ dtype: 'float64', shape: s, data });
  const scalarNames = Object.keys(row.scalars(options, 1, 1, decay));
  const scalars = Object.fromEntries(scalarNames.map((n) => [n, tensor(`scalar.${n}`, 'float32', [])]));
  const updated = row.update(
    options,
    { parameter, gradient, state, scalars, layout: { inputsFirst: false, columns: 1 } },
    decay,
  );
  const slots = Object.keys(forms);
  const outputs: Tensor[] = [updated.parameter, ...slots.map((s) => updated.state[s]!)];
  let p = initial;
  let values = slots.map((s) =>
    double(forms[s]!.shape, new Float64Array(forms[s]!.shape.reduce((n, d) => n * d, 1)).fill(forms[s]!.initial)),
  );
  return gradients.map((g, i) => {
    const numbers = row.scalars(options, options.learningRate, i + 1, decay);
    const results = evaluateTensors(outputs, {
      p,
      g: double(shape, g),
      ...Object.fromEntries(slots.map((s, j) => [s, values[j]!])),
      ...Object.fromEntries(scalarNames.map((n) => [`scalar.${n}`, double([], Float64Array.of(numbers[n]!))])),
    });
    p = double(shape, Float64Array.from(results[0]!.data));
    values = results.slice(1).map((r) => double(r.shape, Float64Array.from(r.data)));
    return p.data as Float64Array;
  });
}

const rows = (v: Value, step: number): Float64Array => {
  const n = v.data.length / 10;
  return toFloat64(v).slice(step * n, (step + 1) * n);
};

describe.runIf(existsSync(folder))('optimizers equal PyTorch', () => {
  const index = existsSync(folder)
    ? (JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')) as { optimizers: Case[] })
    : { optimizers: [] };

  it.each(index.optimizers)('$name, ten steps, to 1e-9 in float64', async (c) => {
    const source = diskSource(folder);
    const inputs = await readSafetensors(source, 'inputs.safetensors');
    const expected = await readSafetensors(source, c.file);
    const options = optionsOf(c);
    const names = ['matrix', 'vector', 'scalar'];
    const given = new Map<string, Value>();
    for (const n of names) given.set(n, await inputs.read(`gradient.${n}`));
    const steps = Array.from({ length: 10 }, (_, step) => {
      const g = names.map((n) => rows(given.get(n)!, step));
      if (!c.name.includes('clipped')) return g;
      const norm = Math.hypot(...g.flatMap((x) => [...x]));
      return g.map((x) => x.map((y) => y * Math.min(1, 1 / (norm + 1e-6))));
    });
    for (const [i, n] of names.entries()) {
      const decay = c.name === 'adamw_matrices_only' && n !== 'matrix' ? 0 : options.weightDecay;
      const actual = run(
        options,
        await inputs.read(`initial.${n}`),
        steps.map((s) => s[i]!),
        decay,
      );
      const wanted = await expected.read(`parameter.${n}`);
      actual.forEach((p, step) => {
        rows(wanted, step).forEach((w, j) => {
          expect(Math.abs(p[j]! - w), `${n}[${j}] after step ${step + 1}`).toBeLessThanOrEqual(
            1e-12 + 1e-9 * Math.abs(w),
          );
        });
      });
    }
  });
});

interface ScheduleCase {
  readonly name: string;
  readonly settings: Readonly<Record<string, number>>;
  readonly lr: readonly number[];
}

function scheduleOf({ name, settings: s }: ScheduleCase, peak: number): ScheduleRecipe {
  const warmupSteps = s.warmup ?? 0;
  const common = { warmupSteps, totalSteps: s.total, floor: (s.end_lr ?? 0) / peak };
  if (name.startsWith('constant')) return { kind: 'constant', warmupSteps };
  if (name.startsWith('linear')) return { kind: 'linear', ...common };
  if (name === 'cosine_with_restarts') return { kind: 'cosine-with-restarts', ...common, cycles: s.cycles! };
  if (name.startsWith('cosine')) return { kind: 'cosine', ...common, cycles: s.cycles! };
  if (name.startsWith('inverse_sqrt')) return { kind: 'inverse-sqrt', warmupSteps, timescale: s.timescale };
  return { kind: 'polynomial', ...common, power: s.power! };
}

describe.runIf(existsSync(folder))('schedules equal Hugging Face', () => {
  const file = existsSync(folder)
    ? (JSON.parse(readFileSync(`${folder}/schedules.json`, 'utf8')) as {
        peak_lr: number;
        steps: number;
        schedules: ScheduleCase[];
      })
    : { peak_lr: 1, steps: 0, schedules: [] };

  it.each(file.schedules)('$name, every step', (c) => {
    const schedule = scheduleOf(c, file.peak_lr);
    c.lr.forEach((wanted, step) => {
      const rate = file.peak_lr * rateShare(schedule, step, file.steps);
      expect(Math.abs(rate - wanted), `step ${step}`).toBeLessThanOrEqual(1e-15 + 1e-9 * wanted);
    });
  });
});

describe('schedules', () => {
  it('keep the peak and then fall on a line in the last steps, for warm-up, stable, decay', () => {
    const schedule: ScheduleRecipe = {
      kind: 'warmup-stable-decay',
      warmupSteps: 2,
      totalSteps: undefined,
      floor: 0.1,
      decaySteps: 4,
    };
    const shares = Array.from({ length: 11 }, (_, step) => rateShare(schedule, step, 10));
    expect(shares.slice(0, 7)).toEqual([0, 0.5, 1, 1, 1, 1, 1]);
    expect(shares[8]).toBeCloseTo(0.1 + 0.9 * 0.5, 12);
    expect(shares[10]).toBeCloseTo(0.1, 12);
  });
});

describe('Muon', () => {
  const scalarValue = (x: number): Value => ({ dtype: 'float64', shape: [], data: Float64Array.of(x) });
  const numbers = (shape: number[], seed: number): Value => {
    const data = Float64Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => randomNormal(seed, i));
    return { dtype: 'float64', shape, data };
  };

  it.each([
    [[6, 17], 1],
    [[17, 6], 2],
    [[8, 8], 3],
  ] as const)('brings every singular value of a %s matrix near 1 and keeps its singular vectors', (shape, seed) => {
    const g = numbers([...shape], seed);
    const x = tensor('g', 'float32', shape);
    const [o] = evaluateTensors([orthogonalised(x, 12)], { g });
    const [rows_, columns] = shape;
    // With O = U S Vᵀ and G = U Σ Vᵀ, the product O Gᵀ = U S Σ Uᵀ is symmetric; the Gram matrix of O has eigenvalues S² near 1.
    const small = Math.min(rows_, columns);
    const at = (m: ArrayLike<number>, i: number, k: number): number =>
      rows_ <= columns ? m[i * columns + k]! : m[k * columns + i]!;
    const product = (a: ArrayLike<number>, b: ArrayLike<number>, i: number, j: number): number => {
      let total = 0;
      for (let k = 0; k < Math.max(rows_, columns); k++) total += at(a, i, k) * at(b, j, k);
      return total;
    };
    const raw = g.data as Float64Array;
    for (let i = 0; i < small; i++) {
      for (let j = 0; j < small; j++) {
        expect(product(o!.data, raw, i, j)).toBeCloseTo(product(o!.data, raw, j, i), 6);
      }
    }
    // The trace of the Gram matrix is Σ S², and every S lies in [0.7, 1.2] (the quintic's band).
    let trace = 0;
    for (let i = 0; i < small; i++) trace += product(o!.data, o!.data, i, i);
    expect(trace).toBeGreaterThan(small * 0.7 ** 2);
    expect(trace).toBeLessThan(small * 1.2 ** 2);
  });

  /** The definition, number by number, of one matrix with at least as many columns as rows: X ← a X + b A X + c A² X, A = X Xᵀ. */
  function byDefinition(g: Float64Array, rows: number, columns: number, iterations: number): Float64Array {
    const times = (left: Float64Array, right: Float64Array, n: number, k: number, m: number): Float64Array =>
      Float64Array.from({ length: n * m }, (_, at) => {
        let total = 0;
        for (let i = 0; i < k; i++) total += left[Math.floor(at / m) * k + i]! * right[i * m + (at % m)]!;
        return total;
      });
    const transposed = (m: Float64Array): Float64Array =>
      Float64Array.from(m, (_, at) => m[(at % rows) * columns + Math.floor(at / rows)]!);
    const norm = Math.sqrt(g.reduce((n, v) => n + v * v, 0));
    let x = g.map((v) => v / norm);
    for (let i = 0; i < iterations; i++) {
      const gram = times(x, transposed(x), rows, columns, rows);
      const once = times(gram, x, rows, rows, columns);
      const twice = times(gram, once, rows, rows, columns);
      x = x.map((v, at) => 3.4445 * v - 4.775 * once[at]! + 2.0315 * twice[at]!);
    }
    return x;
  }

  // Square, a little longer, long (on the Gram matrix), and long with too many iterations for that.
  it.each([
    [6, 6, 5],
    [6, 9, 5],
    [6, 17, 5],
    [6, 17, 6],
    [6, 17, 9],
  ])('is the quintic iteration on %i × %i matrices, %i times', (rows, columns, iterations) => {
    const stack = numbers([2, rows, columns], 7);
    const x = tensor('g', 'float32', [2, rows, columns]);
    const flipped = transpose(x, [0, 2, 1]);
    const [wide, tall] = evaluateTensors(
      [orthogonalised(x, iterations), transpose(orthogonalised(flipped, iterations), [0, 2, 1])],
      { g: stack },
    );
    const size = rows * columns;
    for (let i = 0; i < 2; i++) {
      const expected = byDefinition(
        (stack.data as Float64Array).slice(i * size, (i + 1) * size),
        rows,
        columns,
        iterations,
      );
      expected.forEach((v, at) => {
        expect(wide!.data[i * size + at]).toBeCloseTo(v, 8);
        expect(tall!.data[i * size + at]).toBeCloseTo(v, 8);
      });
    }
  });

  it('in float32 on the Gram matrix is as it is in double precision, for a gradient of low rank', async () => {
    const [rows, columns, rank] = [48, 160, 4];
    const [u, v] = [numbers([rows, rank], 1), numbers([rank, columns], 2)];
    const noise = numbers([rows, columns], 3).data;
    const data = Float32Array.from({ length: rows * columns }, (_, at) => {
      let total = 1e-4 * Number(noise[at]);
      for (let i = 0; i < rank; i++)
        total += Number(u.data[Math.floor(at / columns) * rank + i]) * Number(v.data[i * columns + (at % columns)]);
      return total;
    });
    const x = tensor('g', 'float32', [rows, columns]);
    const program = await (await onnxruntimeNode({ threads: 1 })).compile({
      inputs: [x],
      outputs: { y: orthogonalised(x, 5) },
    });
    const { y } = await program.run({ g: { dtype: 'float32', shape: [rows, columns], data } });
    await program.dispose();
    const expected = byDefinition(Float64Array.from(data), rows, columns, 5);
    const largest = Math.max(...expected.map(Math.abs));
    const off = Math.max(...expected.map((e, at) => Math.abs(Number(y!.data[at]) - e)));
    expect(off / largest).toBeLessThan(2e-3);
  });

  it('updates matrices together as it does one by one', () => {
    const options = parseRecipe({ ...smallest, optimizer: { kind: 'muon' } }).optimizer as OptionsOf<'muon'>;
    const inputsOf = (i: number, shape: number[], columns: number): UpdateInputs => {
      const named = (name: string, of: number[] = shape): Tensor => tensor(`${name}${i}`, 'float32', of);
      return {
        parameter: named('p'),
        gradient: named('g'),
        state: { momentum: named('m') },
        scalars: { rate: tensor('rate', 'float32', []), keep: tensor('keep', 'float32', []) },
        layout: { inputsFirst: columns > 1, columns },
      };
    };
    const all = [inputsOf(0, [4, 4], 1), inputsOf(1, [9, 4], 1), inputsOf(2, [4, 12], 3), inputsOf(3, [4, 4], 1)];
    const values = Object.fromEntries(
      all.flatMap(({ parameter, gradient, state }, i) =>
        [parameter, gradient, state.momentum!].map((t, j) => [inputName(t), numbers(t.shape as number[], 10 * i + j)]),
      ),
    );
    const feeds = { ...values, rate: scalarValue(0.02), keep: scalarValue(0.99) };
    const outputsOf = (updated: readonly Updated[]): Tensor[] =>
      updated.flatMap((u) => [u.parameter, u.state.momentum!]);
    const together = evaluateTensors(outputsOf(optimizers.muon.updateTogether!(options, all, 0.1)), feeds);
    const single = evaluateTensors(outputsOf(all.map((one) => optimizers.muon.update(options, one, 0.1))), feeds);
    together.forEach((t, i) => {
      t.data.forEach((v, at) => {
        expect(v).toBeCloseTo(Number(single[i]!.data[at]), 12);
      });
    });
  });

  it('treats query, key and value that lie side by side as three matrices', () => {
    const options = parseRecipe({ ...smallest, optimizer: { kind: 'muon' } }).optimizer as OptionsOf<'muon'>;
    const shape = [4, 12];
    const step = (layout: { inputsFirst: boolean; columns: number }, scaleOfFirst: number): Float64Array => {
      const p = tensor('p', 'float32', shape);
      const g = tensor('g', 'float32', shape);
      const m = tensor('m', 'float32', shape);
      const rate = tensor('rate', 'float32', []);
      const keep = tensor('keep', 'float32', []);
      const updated = optimizers.muon.update(
        options,
        { parameter: mul(p, 0), gradient: add(g, mul(m, 0)), state: { momentum: m }, scalars: { rate, keep }, layout },
        0,
      );
      const gradient = numbers(shape, 5);
      const data = (gradient.data as Float64Array).map((x, i) => (i % 12 < 4 ? x * scaleOfFirst : x));
      const zero: Value = { dtype: 'float64', shape, data: new Float64Array(48) };
      const one: Value = { dtype: 'float64', shape: [], data: Float64Array.of(1) };
      const [result] = evaluateTensors([updated.parameter], {
        p: zero,
        m: zero,
        g: { ...gradient, data },
        rate: one,
        keep: one,
      });
      return Float64Array.from(result!.data);
    };
    const layout = { inputsFirst: true, columns: 3 };
    const [plain, scaled] = [step(layout, 1), step(layout, 1000)];
    // Each third is normalised by itself, so the size of one does not matter to any.
    plain.forEach((x, i) => {
      expect(scaled[i]).toBeCloseTo(x, 5);
    });
    const whole = step({ inputsFirst: true, columns: 1 }, 1);
    expect(Math.max(...plain.map((x, i) => Math.abs(x - whole[i]!)))).toBeGreaterThan(0.05);
  });
});
