// Compiled graphs of a training with their numbers: one run a step, one evaluation. No files, no events.

import {
  type Graph,
  type Parameter,
  type Program,
  ProgramCache,
  type Runtime,
  type Value,
  type Values,
  YumoError,
} from '@yumo/core';
import type { Batch, BatchOrder } from './objectives/objective.ts';
import type { Recipe } from './recipe.ts';
import {
  averaged,
  type BatchForms,
  evaluationGraph,
  type LossGraph,
  next,
  summed,
  type TrainingStep,
  trainingStep,
} from './step.ts';

export interface StepResult {
  /** Mean over the labels of the whole step, nats. */
  readonly loss: number;
  readonly gradientNorm: number;
  /** Real tokens of the step. */
  readonly tokens: number;
  /** Waited for the next batch, of the seconds that the step took. */
  readonly dataSeconds: number;
}

export interface TrainingEngine {
  readonly step: TrainingStep;
  /** The model's numbers. They are updated in place: copy what must stay. Between steps they may be on the device: {@link settle} before reading. */
  readonly parameters: Values;
  readonly state: Values;
  /** What is evaluated and saved: the parameters, or their running means. */
  readonly weights: Values;
  /** @param index steps done before. @throws YumoError `NUMERIC` when loss or gradient are not finite; the numbers are spoilt then. */
  run(index: number, order: BatchOrder): Promise<StepResult>;
  /** Brings the numbers of parameters and state up to date. */
  settle(): Promise<void>;
  /** Total loss in nats and number of labels. Stops early, with undefined, when the signal fires. */
  evaluate(
    batches: Iterable<Batch> | AsyncIterable<Batch>,
    each?: (batch: Batch, outputs: Values) => void,
    signal?: AbortSignal,
  ): Promise<{ loss: number; labels: number } | undefined>;
  dispose(): Promise<void>;
}

/** Compiled graphs of one purpose; the least recently used are dropped beyond this number. */
export const keptPrograms = 40;

const number = (v: Value | undefined): number => Number(v?.data[0]);

/** Types and sizes of a batch. */
export const formsOf = (batch: Batch): BatchForms =>
  Object.fromEntries(
    Object.entries(batch.feeds).map(([name, { dtype, shape }]) => [
      name,
      { dtype: dtype === 'float32' ? 'float32' : 'int32', shape },
    ]),
  );

/** A graph for each shape of batch, compiled when it is met. */
class ProgramsByShape {
  readonly #programs: ProgramCache;
  readonly #graphOf: (forms: BatchForms) => Graph;

  /** @param resident outputs that may stay on the device */
  constructor(runtime: Runtime, graphOf: (forms: BatchForms) => Graph, resident: readonly string[] = []) {
    this.#programs = new ProgramCache(runtime, { purpose: 'training', resident, most: keptPrograms });
    this.#graphOf = graphOf;
  }

  for(batch: Batch): Promise<Program> {
    const forms = formsOf(batch);
    const key = Object.entries(forms).map(([name, { shape }]) => `${name} ${shape.join('x')}`);
    return this.#programs.get(key.join(', '), () => this.#graphOf(forms));
  }

  dispose(): Promise<void> {
    return this.#programs.dispose();
  }
}

/**
 * Graphs are compiled for the shapes that batches have.
 * @param shape of the first batch; the parameters are the same for every shape.
 * @param start numbers of parameters, buffers and the optimizer's state.
 */
export async function trainingEngine(
  runtime: Runtime,
  recipe: Recipe,
  loss: LossGraph,
  shape: BatchForms,
  start: (step: TrainingStep) => Promise<{ parameters: Values; state: Values }> | { parameters: Values; state: Values },
): Promise<TrainingEngine> {
  const { accumulate } = recipe;
  const step = trainingStep({ inputs: shape, loss, recipe });
  const { parameters, state } = await start(step);
  const stepFor = (forms: BatchForms): TrainingStep =>
    JSON.stringify(forms) === JSON.stringify(shape) ? step : trainingStep({ inputs: forms, loss, recipe });
  const trained = Object.fromEntries(step.parameters.map((p) => [p.name, parameters[p.name]!]));
  const held = { ...trained, ...state };
  const all = { ...parameters, ...state };
  const updated = Object.fromEntries(Object.keys(held).map((name) => [next(name), held[name]!]));
  const wholes = new ProgramsByShape(runtime, (forms) => stepFor(forms).whole, Object.keys(updated));
  const addings = new ProgramsByShape(runtime, (forms) => stepFor(forms).accumulating());
  const evaluations = new ProgramsByShape(runtime, (forms) => evaluationGraph(loss, forms));
  const applying =
    accumulate === 1
      ? undefined
      : await runtime.compile(step.applying(), { purpose: 'training', resident: Object.keys(updated) });
  const advance = applying ? accumulated(applying) : whole;

  const weights =
    recipe.ema === 0
      ? parameters
      : { ...parameters, ...Object.fromEntries(step.parameters.map((p) => [p.name, state[averaged(p.name)]!])) };
  /** Squares of the last step's gradients, for a message when it failed. */
  let squares: Value | undefined;
  let waited = 0;
  const nextBatch = async (order: BatchOrder, index: number): Promise<Batch> => {
    const began = performance.now();
    const batch = await order.batch(index);
    waited += (performance.now() - began) / 1000;
    return batch;
  };

  async function whole(index: number, order: BatchOrder): Promise<Omit<StepResult, 'dataSeconds'>> {
    const batch = await nextBatch(order, index);
    const program = await wholes.for(batch);
    const feeds = { ...all, ...step.scalars(index), ...batch.feeds };
    const out = await program.run(feeds, { into: updated });
    squares = out.gradient_squares;
    return { loss: number(out.loss), gradientNorm: number(out.gradient_norm), tokens: batch.tokens };
  }

  function accumulated(apply: Program): (index: number, order: BatchOrder) => Promise<Omit<StepResult, 'dataSeconds'>> {
    const sums: Record<string, Value> = Object.fromEntries(
      step.parameters.map((p) => {
        const data = new Float32Array(parameters[p.name]!.data.length);
        return [summed(p.name), { dtype: 'float32', shape: p.shape, data } as const];
      }),
    );
    const sumsUpdated = Object.fromEntries(Object.keys(sums).map((name) => [next(name), sums[name]!]));
    return async (index, order) => {
      for (const v of Object.values(sums)) (v.data as Float32Array).fill(0);
      let total = 0;
      let labels = 0;
      let tokens = 0;
      for (let run = 0; run < accumulate; run++) {
        const batch = await nextBatch(order, index * accumulate + run);
        const adding = await addings.for(batch);
        const scalars = step.scalars(index, run);
        const drawn = Object.fromEntries(step.gradientScalars.map((name) => [name, scalars[name]!]));
        const out = await adding.run({ ...parameters, ...drawn, ...sums, ...batch.feeds }, { into: sumsUpdated });
        total += number(out.loss_sum);
        labels += number(out.label_count);
        tokens += batch.tokens;
      }
      const scalars = Object.entries(step.scalars(index)).filter(([name]) => !step.gradientScalars.includes(name));
      const count: Value = { dtype: 'float32', shape: [], data: Float32Array.of(labels) };
      const feeds = { ...held, ...sums, ...Object.fromEntries(scalars), label_count: count };
      const out = await apply.run(feeds, { into: updated });
      squares = out.gradient_squares;
      return { loss: total / labels, gradientNorm: number(out.gradient_norm), tokens };
    };
  }

  return {
    step,
    parameters,
    state,
    weights,
    async run(index, order) {
      waited = 0;
      const result = await advance(index, order);
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
        throw new YumoError(
          'NUMERIC',
          `step ${index + 1}: the loss is ${result.loss}, the gradient norm ${result.gradientNorm}${largestGradients(step.parameters, squares)}; lower optimizer.learningRate, lengthen schedule.warmupSteps, or clip more`,
          { step: index + 1, ...result },
        );
      }
      return { ...result, dataSeconds: waited };
    },
    settle: async () => runtime.settle?.(all),
    async evaluate(batches, each, signal) {
      let total = 0;
      let labels = 0;
      for await (const batch of batches) {
        if (signal?.aborted) return undefined;
        const program = await evaluations.for(batch);
        const { loss_sum: sum, label_count: count, ...outputs } = await program.run({ ...weights, ...batch.feeds });
        total += number(sum);
        labels += number(count);
        each?.(batch, outputs);
      }
      return { loss: total, labels };
    },
    async dispose() {
      await wholes.dispose();
      await addings.dispose();
      await evaluations.dispose();
      await applying?.dispose();
    },
  };
}

/** Where a gradient went wrong: the parameters whose gradient is not finite, and the largest of the others. */
function largestGradients(parameters: readonly Parameter[], squares: Value | undefined): string {
  if (!squares) return '';
  const norms = parameters.map(({ name }, i) => ({ name, norm: Math.sqrt(Number(squares.data[i])) }));
  const broken = norms.filter(({ norm }) => !Number.isFinite(norm)).map(({ name }) => name);
  const finite = norms.filter(({ norm }) => Number.isFinite(norm)).sort((a, b) => b.norm - a.norm);
  const some = broken.length > 3 ? `${broken.slice(0, 3).join(', ')} and ${broken.length - 3} more` : broken.join(', ');
  return [
    broken.length > 0 ? ` (not finite: ${some}` : ' (all finite',
    finite[0]
      ? `; largest${broken.length > 0 ? ' of the others' : ''}: ${finite[0].name} ${finite[0].norm.toPrecision(3)})`
      : ')',
  ].join('');
}
