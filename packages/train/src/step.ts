// The training step as one graph: forward, backward, clipping by the global norm, optimizer. Compiled once, run many times.

import {
  add,
  blocksInTurn,
  type CausalLmArchitecture,
  concat,
  counterDropout,
  crossEntropySum,
  type Dropout,
  div,
  type Graph,
  gradient,
  integer,
  lossInBlocks,
  minimum,
  mul,
  type NamedTensors,
  type Parameter,
  parameterScope,
  recompute,
  reshape,
  type Scope,
  simplify,
  slice,
  sqrt,
  square,
  sum,
  type Tensor,
  tensor,
  type Value,
  type Values,
} from '@yumo/core';
import { checkPatterns, type Group, groupParameters, isFrozen, layoutOf } from './groups.ts';
import { updateJoined } from './joined-updates.ts';
import {
  type Optimizer,
  type OptimizerKind,
  optimizers,
  type StateForm,
  type Updated,
  type UpdateInputs,
} from './optimizers.ts';
import type { Recipe } from './recipe.ts';
import { rateShare } from './schedules.ts';

/** What is asked of some rows: a sum and what it is divided by, so that parts of a batch, and runs of a step, add up exactly. */
export interface Loss {
  /** `[]`, nats. */
  readonly sum: Tensor;
  /** `[]`: labels that count. */
  readonly count: Tensor;
  /** What an evaluation reads besides, by name; first axis: rows. */
  readonly outputs?: NamedTensors;
}

/** Builds the loss of a batch. Every input has the rows of the batch as its first axis. */
export type LossGraph = (scope: Scope, inputs: NamedTensors, dropout: Dropout | undefined) => Loss;

/** Type and sizes of the inputs of one compiled graph. */
export type BatchForms = Readonly<
  Record<string, { readonly dtype: 'int32' | 'float32'; readonly shape: readonly number[] }>
>;

/** The language-model loss of the next token: inputs `input_ids`, `labels` (already moved by one), and where rows are padded `attention_mask` and `position_ids`. */
export const nextTokenSum =
  <C>(architecture: CausalLmArchitecture<C>, config: C): LossGraph =>
  (scope, inputs, dropout) => {
    const given = {
      inputIds: inputs.input_ids!,
      attentionMask: inputs.attention_mask,
      positionIds: inputs.position_ids,
      dropout,
    };
    return crossEntropySum(architecture.causalLm(scope, given, config).logits, inputs.labels!);
  };

/** What the graphs of a training are built from. */
export interface StepOptions {
  readonly inputs: BatchForms;
  readonly loss: LossGraph;
  readonly recipe: Pick<
    Recipe,
    | 'optimizer'
    | 'decay'
    | 'groups'
    | 'freeze'
    | 'layerDecay'
    | 'ema'
    | 'recompute'
    | 'clip'
    | 'schedule'
    | 'steps'
    | 'parts'
    | 'accumulate'
    | 'seed'
  >;
}

/** A tensor that the optimizer keeps: `<parameter>/<slot>`. */
export interface StateTensor extends StateForm {
  readonly name: string;
}

/** The output that becomes an input of the next step. */
export const next = (name: string): string => `next:${name}`;
/** The running mean of a parameter's values. */
export const averaged = (name: string): string => `${name}/average`;
/** The sum of a parameter's gradients over the runs of a step. */
export const summed = (name: string): string => `sum:${name}`;

/** The graphs of a training, and what to feed them. */
export interface TrainingStep {
  readonly parameters: readonly Parameter[];
  /** Stored with the model, and not trained: buffers, and parameters that the recipe freezes. */
  readonly buffers: readonly Parameter[];
  readonly state: readonly StateTensor[];
  /**
   * One run a step. In: parameters, buffers, state, the batch, {@link scalars}.
   * Out: {@link next} of every parameter and state tensor, `loss` (mean over labels), `label_count`, `gradient_norm` (before clipping), and
   * `gradient_squares`: its square for each parameter, `[parameters]`.
   * New values may be written over the old ones: every reader of an old value lies upstream of the norm, every writer downstream.
   */
  readonly whole: Graph;
  /**
   * Several runs a step: adds a run's gradients to {@link summed} tensors. Out: `next:sum:<parameter>`, `loss_sum`, `label_count`.
   * Its gradients are not yet divided, so that every label of the step counts alike, however the runs share them out.
   */
  readonly accumulating: () => Graph;
  /** The update that ends such a step. In: parameters, state, {@link summed}, `label_count`, scalars. Out as {@link whole}, without the loss. */
  readonly applying: () => Graph;
  /**
   * The numbers of one step, in double precision until here: rates, bias corrections, the dropout counter.
   * @param step counted from 0.
   * @param run of a step with several.
   */
  scalars(step: number, run?: number): Values;
  /** Names of the scalars that the gradient graphs read; the rest belong to the update. */
  readonly gradientScalars: readonly string[];
  /** State as it is before the first step. @param parameters the numbers that the averages begin with. */
  initialState(parameters?: Values): Values;
}

const float = (x: number): Value => ({ dtype: 'float32', shape: [], data: Float32Array.of(x) });
const int = (x: number): Value => ({ dtype: 'int32', shape: [], data: Int32Array.of(x) });

/** Builds the graphs. @throws YumoError `SHAPE`, `GRAPH`, `CONFIG` */
export function trainingStep({ inputs: forms, loss: lossGraph, recipe }: StepOptions): TrainingStep {
  const scope = parameterScope();
  const inputs = tensorsOf(forms);
  const counter = tensor('dropout_counter', 'int32', []);
  let usesDropout = false;

  // Part after part: the activations of one are gone before the next begins, so the same memory serves all.
  const losses = pieces(rowsIn(forms), recipe.parts).map(([start, end], part) => {
    const drawn = counterDropout(integer(recipe.seed | 0), counter);
    const dropout: Dropout = (x, rate, place) => {
      usesDropout = true;
      return drawn(x, rate, `${place}#${part}`);
    };
    const rows = Object.entries(inputs).map(([name, t]) => [name, slice(t, 0, start, end)] as const);
    return lossGraph(scope, Object.fromEntries(rows), dropout);
  });
  const lossSum = lossInBlocks(losses.map((l) => l.sum).reduce(add));
  const labelCount = losses.map((l) => l.count).reduce(add);
  checkPatterns(
    scope.parameters.map((p) => p.name),
    recipe,
  );
  // Buffers are stored with the model and not trained.
  const isTrained = (p: Parameter): boolean => !p.fixed && !isFrozen(p.name, recipe);
  const parameters = scope.parameters.filter(isTrained);
  const buffers = scope.parameters.filter((p) => !isTrained(p));
  const tensors = parameters.map((p) => p.tensor);
  const gradientInputs = [
    ...tensors,
    ...buffers.map((p) => p.tensor),
    ...Object.values(inputs),
    ...(usesDropout ? [counter] : []),
  ];

  const groups = groupParameters(parameters, recipe);
  const plan = groups.flatMap((group) =>
    group.parameters.map((parameter) => ({ group, parameter, forms: stateOf(group, parameter.shape) })),
  );
  const state = plan.flatMap(({ parameter, forms }) => [
    ...Object.entries(forms).map(([slot, form]) => ({ ...form, name: `${parameter.name}/${slot}` })),
    ...(recipe.ema > 0 ? [{ name: averaged(parameter.name), shape: parameter.shape, initial: 0 }] : []),
  ]);
  const stateTensors = new Map(state.map((s) => [s.name, tensor(s.name, 'float32', s.shape)]));
  const scalarTensors = new Map(
    groups.flatMap((g) =>
      Object.keys(scalarsOf(g, 1, 1)).map((n) => [`${g.name}.${n}`, tensor(`${g.name}.${n}`, 'float32', [])]),
    ),
  );

  const averageKeep = tensor('average.keep', 'float32', []);
  const averageRest = tensor('average.rest', 'float32', []);

  /** Clips and updates. `gradients` by parameter, already divided. */
  const updates = (
    gradients: ReadonlyMap<string, Tensor>,
  ): { norm: Tensor; squares: Tensor; outputs: Record<string, Tensor> } => {
    const squares = parameters.map((p) => sum(square(gradients.get(p.name)!)));
    const norm = sqrt(squares.reduce(add));
    // Also without clipping every update waits for the norm: that is what makes writing over the old values safe.
    const largest = recipe.clip > 0 ? recipe.clip : 1e38;
    const scale = minimum(div(largest, add(norm, 1e-6)), 1);
    const outputs: Record<string, Tensor> = {};
    for (const group of groups) {
      const scalars = Object.fromEntries(
        [...scalarTensors]
          .filter(([name]) => name.startsWith(`${group.name}.`))
          .map(([name, t]) => [name.slice(group.name.length + 1), t]),
      );
      const own = plan.filter((p) => p.group === group);
      const inputs = own.map(({ parameter, forms }) => ({
        parameter: parameter.tensor,
        gradient: gradients.get(parameter.name)!,
        state: Object.fromEntries(
          Object.keys(forms).map((slot) => [slot, stateTensors.get(`${parameter.name}/${slot}`)!]),
        ),
        scalars,
        layout: layoutOf(parameter.name),
      }));
      updatesOf(group, inputs, scale).forEach((updated, i) => {
        const { parameter } = own[i]!;
        outputs[next(parameter.name)] = updated.parameter;
        for (const [slot, t] of Object.entries(updated.state)) outputs[next(`${parameter.name}/${slot}`)] = t;
        if (recipe.ema > 0) {
          const average = averaged(parameter.name);
          outputs[next(average)] = add(
            mul(stateTensors.get(average)!, averageKeep),
            mul(updated.parameter, averageRest),
          );
        }
      });
    }
    const each = concat(
      squares.map((s) => reshape(s, [1])),
      0,
    );
    return { norm, squares: each, outputs };
  };
  const named = (tensorsOf: readonly Tensor[]): ReadonlyMap<string, Tensor> =>
    new Map(parameters.map((p, i) => [p.name, tensorsOf[i]!]));
  const updateInputs = [
    ...stateTensors.values(),
    ...scalarTensors.values(),
    ...(recipe.ema > 0 ? [averageKeep, averageRest] : []),
  ];
  const lean = (graph: Graph, loss: string): Graph => {
    const simple = simplify(blocksInTurn(graph));
    return recipe.recompute === 'none' ? simple : recompute(simple, loss, recipe.recompute);
  };

  const loss = div(lossSum, labelCount);
  const update = updates(named(gradient(loss, tensors)));
  const whole = lean(
    {
      inputs: [...gradientInputs, ...updateInputs],
      outputs: {
        ...update.outputs,
        loss,
        label_count: labelCount,
        gradient_norm: update.norm,
        gradient_squares: update.squares,
      },
    },
    'loss',
  );

  return {
    parameters,
    buffers,
    state,
    whole,
    accumulating: () => {
      const sums = parameters.map((p) => tensor(summed(p.name), 'float32', p.shape));
      const grads = gradient(lossSum, tensors);
      const outputs = Object.fromEntries(parameters.map((p, i) => [next(summed(p.name)), add(sums[i]!, grads[i]!)]));
      return lean(
        {
          inputs: [...gradientInputs, ...sums],
          outputs: { ...outputs, loss_sum: lossSum, label_count: labelCount },
        },
        'loss_sum',
      );
    },
    applying: () => {
      const sums = parameters.map((p) => tensor(summed(p.name), 'float32', p.shape));
      const labelsSeen = tensor('label_count', 'float32', []);
      const { norm, squares, outputs } = updates(named(sums.map((s) => div(s, labelsSeen))));
      return simplify({
        inputs: [...tensors, ...updateInputs, ...sums, labelsSeen],
        outputs: { ...outputs, gradient_norm: norm, gradient_squares: squares },
      });
    },
    scalars(step, run = 0) {
      const share = rateShare(recipe.schedule, step, recipe.steps);
      const values: Record<string, Value> = {};
      for (const g of groups)
        for (const [name, x] of Object.entries(scalarsOf(g, g.options.learningRate * share * g.rate, step + 1)))
          values[`${g.name}.${name}`] = float(x);
      if (recipe.ema > 0) {
        // Short at the beginning, so that the mean is not one of the first values (the schedule of TensorFlow's ExponentialMovingAverage).
        const keep = Math.min(recipe.ema, (1 + step) / (10 + step));
        values['average.keep'] = float(keep);
        values['average.rest'] = float(1 - keep);
      }
      // A run of its own mask: the counter is unique over the whole training.
      if (usesDropout) values.dropout_counter = int((step * recipe.accumulate + run) | 0);
      return values;
    },
    gradientScalars: usesDropout ? ['dropout_counter'] : [],
    initialState(values = {}) {
      const averages = new Map(parameters.map((p) => [averaged(p.name), p.name]));
      return Object.fromEntries(
        state.map(({ name, shape, initial }) => {
          const parameter = averages.get(name);
          const data =
            recipe.ema > 0 && parameter !== undefined
              ? Float32Array.from(values[parameter]!.data as Float32Array)
              : new Float32Array(shape.reduce((n, d) => n * d, 1)).fill(initial);
          return [name, { dtype: 'float32', shape, data } as const];
        }),
      );
    },
  };
}

/** [start, end) of `parts` pieces of nearly equal length, none empty. */
function pieces(length: number, parts: number): [number, number][] {
  const count = Math.min(parts, length);
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * length) / count),
    Math.floor(((i + 1) * length) / count),
  ]);
}

/** The loss alone, for evaluation. In: parameters, buffers, the batch. Out: `loss_sum`, `label_count`, and what the loss graph gives besides. */
export function evaluationGraph(lossGraph: LossGraph, forms: BatchForms): Graph {
  const scope = parameterScope();
  const inputs = tensorsOf(forms);
  const { sum: lossSum, count, outputs } = lossGraph(scope, inputs, undefined);
  return simplify({
    inputs: [...scope.parameters.map((p) => p.tensor), ...Object.values(inputs)],
    outputs: { loss_sum: lossSum, label_count: count, ...outputs },
  });
}

const tensorsOf = (forms: BatchForms): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(forms).map(([name, { dtype, shape }]) => [name, tensor(name, dtype, shape)]));

/** The size that all inputs share. */
const rowsIn = (forms: BatchForms): number => Object.values(forms)[0]?.shape[0] ?? 0;

// The table's row for a group's kind; the generic ties options to the row, which a union could not.
const rowOf = <K extends OptimizerKind>(group: Group<K>): Optimizer<K> => optimizers[group.kind] as Optimizer<K>;
const stateOf = <K extends OptimizerKind>(g: Group<K>, shape: readonly number[]) => rowOf(g).state(g.options, shape);
const scalarsOf = <K extends OptimizerKind>(g: Group<K>, rate: number, step: number) =>
  rowOf(g).scalars(g.options, rate, step, g.decay);
/** @param scale of all gradients, by which they are clipped. */
function updatesOf<K extends OptimizerKind>(g: Group<K>, inputs: readonly UpdateInputs[], scale: Tensor): Updated[] {
  const row = rowOf(g);
  const clipped = (each: UpdateInputs): UpdateInputs => ({ ...each, gradient: mul(each.gradient, scale) });
  const update = (each: UpdateInputs): Updated => row.update(g.options, clipped(each), g.decay);
  if (row.updateTogether) return row.updateTogether(g.options, inputs.map(clipped), g.decay);
  return row.whole ? inputs.map(update) : updateJoined(update, inputs);
}
