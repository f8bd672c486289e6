// The numbers of a training and the programs that move them: one step, one evaluation. No files, no events.

import { type Program, type Runtime, type Value, type Values, YumoError } from '@yumo/core';
import { type Batch, type BatchOrder, orderedRows } from './data/batches.ts';
import type { ModelPlan } from './model-config.ts';
import type { Recipe } from './recipe.ts';
import { evaluationGraph, next, summed, type TrainingStep, trainingStep } from './step.ts';

export interface StepResult {
  /** Mean over the labels of the whole step, nats. */
  readonly loss: number;
  readonly gradientNorm: number;
}

export interface TrainingEngine {
  readonly step: TrainingStep;
  /** The model's numbers. They are updated in place: copy what must stay. */
  readonly parameters: Values;
  readonly state: Values;
  /** @param index steps done before. @throws YumoError `NUMERIC` when loss or gradient are not finite; the numbers are spoilt then. */
  run(index: number, order: BatchOrder): Promise<StepResult>;
  /** Total loss in nats and number of predictions over a stream. Stops early, with undefined, when the signal fires. */
  evaluate(stream: Int32Array, signal?: AbortSignal): Promise<{ loss: number; labels: number } | undefined>;
  dispose(): Promise<void>;
}

const number = (v: Value | undefined): number => Number(v?.data[0]);

/** Compiles the programs. @param values start of parameters and state; missing state starts as the optimizer says. */
export async function trainingEngine(
  runtime: Runtime,
  recipe: Recipe,
  { architecture, config, context }: ModelPlan,
  start: (step: TrainingStep) => { parameters: Values; state: Values },
): Promise<TrainingEngine> {
  const { batch, accumulate } = recipe;
  const step = trainingStep({ architecture, config, batch, sequence: context, recipe });
  const { parameters, state } = start(step);
  const purpose = 'training';
  const programs: Program[] = [];
  const compile = async (graph: Parameters<Runtime['compile']>[0]): Promise<Program> => {
    const program = await runtime.compile(graph, { purpose });
    programs.push(program);
    return program;
  };
  const held = { ...parameters, ...state };
  const updated = Object.fromEntries(Object.keys(held).map((name) => [next(name), held[name]!]));
  const ids = (data: Int32Array): Value => ({ dtype: 'int32', shape: [batch, context], data });
  const feed = ({ inputIds, labels }: Batch): Values => ({ input_ids: ids(inputIds), labels: ids(labels) });

  const advance = accumulate === 1 ? await whole() : await accumulated();

  async function whole(): Promise<(index: number, order: BatchOrder) => Promise<StepResult>> {
    const program = await compile(step.whole);
    return async (index, order) => {
      const feeds = { ...held, ...step.scalars(index), ...feed(order.batch(index)) };
      const out = await program.run(feeds, { into: updated });
      return { loss: number(out.loss), gradientNorm: number(out.gradient_norm) };
    };
  }

  async function accumulated(): Promise<(index: number, order: BatchOrder) => Promise<StepResult>> {
    const adding = await compile(step.accumulating());
    const applying = await compile(step.applying());
    const sums: Record<string, Value> = Object.fromEntries(
      step.parameters.map((p) => {
        const data = new Float32Array(parameters[p.name]!.data.length);
        return [summed(p.name), { dtype: 'float32', shape: p.shape, data } as const];
      }),
    );
    const sumsUpdated = Object.fromEntries(Object.keys(sums).map((name) => [next(name), sums[name]!]));
    return async (index, order) => {
      for (const v of Object.values(sums)) (v.data as Float32Array).fill(0);
      let loss = 0;
      let labels = 0;
      for (let run = 0; run < accumulate; run++) {
        const scalars = step.scalars(index, run);
        const drawn = Object.fromEntries(step.gradientScalars.map((name) => [name, scalars[name]!]));
        const feeds = { ...parameters, ...drawn, ...sums, ...feed(order.batch(index * accumulate + run)) };
        const out = await adding.run(feeds, { into: sumsUpdated });
        loss += number(out.loss_sum);
        labels += number(out.label_count);
      }
      const scalars = Object.entries(step.scalars(index)).filter(([name]) => !step.gradientScalars.includes(name));
      const count: Value = { dtype: 'float32', shape: [], data: Float32Array.of(labels) };
      const feeds = { ...held, ...sums, ...Object.fromEntries(scalars), label_count: count };
      const out = await applying.run(feeds, { into: updated });
      return { loss: loss / labels, gradientNorm: number(out.gradient_norm) };
    };
  }

  let evaluation: Program | undefined;
  return {
    step,
    parameters,
    state,
    async run(index, order) {
      const result = await advance(index, order);
      if (!Number.isFinite(result.loss) || !Number.isFinite(result.gradientNorm)) {
        throw new YumoError(
          'NUMERIC',
          `step ${index + 1}: the loss is ${result.loss}, the gradient norm ${result.gradientNorm}; lower optimizer.learningRate, lengthen schedule.warmupSteps, or clip more`,
          { step: index + 1, ...result },
        );
      }
      return result;
    },
    async evaluate(stream, signal) {
      evaluation ??= await compile(evaluationGraph(architecture, config, batch, context));
      let loss = 0;
      let labels = 0;
      for (const rows of orderedRows(stream, batch, context)) {
        if (signal?.aborted) return undefined;
        const out = await evaluation.run({ ...parameters, ...feed(rows) });
        loss += number(out.loss_sum);
        labels += number(out.label_count);
      }
      return { loss, labels };
    },
    async dispose() {
      for (const program of programs) await program.dispose();
    },
  };
}
