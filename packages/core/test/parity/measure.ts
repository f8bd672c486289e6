// What one engine computes, row by row: every operation and every family of models, forward and gradients, against the double-precision interpreter.

import { evaluateTensors } from '../../src/graph/evaluate.ts';
import { gradient } from '../../src/graph/gradient.ts';
import { type Model, modelFor, modelTypes } from '../../src/models/index.ts';
import { parameterScope } from '../../src/nn/scope.ts';
import { add, mul, sum } from '../../src/ops/build.ts';
import type { OpName } from '../../src/ops/signatures.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { constant, inputName, type Tensor, tensor } from '../../src/tensor.ts';
import type { Value } from '../../src/value.ts';
import { build, worstError } from '../case-graph.ts';
import { type Case, cases, random } from '../cases.ts';
import { feedsFor, tiny, weights } from '../models/tiny-configs.ts';

/** The largest error over max(1, |value|); the engine's own words when it cannot; null where there is nothing to compute. */
export type Outcome = number | string | null;

export interface Measured {
  readonly row: string;
  readonly forward: Outcome;
  readonly gradient: Outcome;
}

/** Operations and families, in the order of the table. */
export const rows: readonly string[] = [...Object.keys(cases), ...modelTypes];

/** What a row asks of an engine. */
interface Probe {
  readonly inputs: readonly Tensor[];
  readonly feeds: Readonly<Record<string, Value>>;
  readonly forward: Readonly<Record<string, Tensor>>;
  readonly gradient: Readonly<Record<string, Tensor>>;
}

/** Random numbers to weigh an output with: a sum of softmax is one whatever it read, and its gradient zero. */
function upstream(shape: readonly number[], seed: number): Tensor {
  const next = random(seed);
  const data = Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => next() * 2 - 1);
  return constant({ dtype: 'float32', shape, data });
}

/** All cases of an operation side by side in one graph: an engine compiles one program a row. */
function operationProbe(op: OpName): Probe {
  const all = (cases[op] as readonly Case<OpName>[]).map((c, i) => {
    const { inputs, results, feeds } = build(op, c, `c${i}.`);
    const flat = new Set(c.flat ?? []);
    const floats = inputs.filter((t, at) => t.dtype === 'float32' && !flat.has(at));
    const y = results[0]!; // every operation has one
    const differentiable = y.dtype === 'float32' && floats.length > 0 && op !== 'detach' && op !== 'floor';
    const loss = differentiable ? sum(mul(y, upstream(y.shape as readonly number[], 7 + i))) : undefined;
    const gradients = loss ? gradient(loss, floats).map((g, at) => [`g${i}.${at}`, g] as const) : [];
    return { inputs, feeds, results: results.map((t, at) => [`f${i}.${at}`, t] as const), gradients };
  });
  return {
    inputs: all.flatMap((c) => c.inputs),
    feeds: Object.assign({}, ...all.map((c) => c.feeds)) as Record<string, Value>,
    forward: Object.fromEntries(all.flatMap((c) => c.results)),
    gradient: Object.fromEntries(all.flatMap((c) => c.gradients)),
  };
}

const sizes: Readonly<Record<string, number>> = { batch: 2, sequence: 4, target: 3, choices: 2 };
const inner = /(^|_)(hidden_states|attentions)\.\d+$/;

/** The first head of a family: its outputs, and the gradient of its loss by every trained parameter. */
function modelProbe(type: string): Probe {
  const { head, config }: Model = modelFor({ model_type: type, ...tiny[type] });
  const forms = { ...head.inputs(config), ...head.labels(config) };
  const scope = parameterScope();
  const inputs = Object.fromEntries(
    Object.entries(forms).map(([name, { dtype, shape }]) => [
      name,
      tensor(
        name,
        dtype,
        shape.map((d) => (typeof d === 'number' ? d : sizes[d]!)),
      ),
    ]),
  );
  const outputs = Object.entries(head.build(scope, inputs, config, {})).filter(([name]) => !inner.test(name));
  const forward = Object.fromEntries(outputs);
  const trained = scope.parameters.filter((p) => !p.fixed).map((p) => p.tensor);
  const squares = outputs.filter(([, t]) => t.dtype === 'float32').map(([, t]) => sum(mul(t, t)));
  const loss = forward.loss ?? squares.reduce((a, b) => add(a, b));
  const gradients = gradient(loss, trained);
  return {
    inputs: [...Object.values(inputs), ...scope.parameters.map((p) => p.tensor)],
    feeds: { ...feedsFor(forms, sizes), ...weights(scope.parameters) },
    forward,
    gradient: Object.fromEntries(trained.map((t, i) => [`d ${inputName(t)}`, gradients[i]!])),
  };
}

const told = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 300);

async function worstOf(runtime: Runtime, probe: Probe, names: Readonly<Record<string, Tensor>>): Promise<Outcome> {
  const entries = Object.entries(names);
  if (entries.length === 0) return null;
  const expected = evaluateTensors(
    entries.map(([, t]) => t),
    probe.feeds,
  );
  try {
    const program = await runtime.compile({ inputs: probe.inputs, outputs: names }, { purpose: 'training' });
    try {
      const fed = Object.fromEntries(program.inputNames.map((name) => [name, probe.feeds[name]!]));
      const got = await program.run(fed);
      return Math.max(...entries.map(([name], i) => worstError(got[name], expected[i]!)));
    } finally {
      await program.dispose();
    }
  } catch (error) {
    return told(error);
  }
}

/** Measures an engine, all rows or some. */
export async function* measure(runtime: Runtime, only: readonly string[] = rows): AsyncGenerator<Measured> {
  for (const row of only) {
    const probe = row in cases ? operationProbe(row as OpName) : modelProbe(row);
    yield {
      row,
      forward: await worstOf(runtime, probe, probe.forward),
      gradient: await worstOf(runtime, probe, probe.gradient),
    };
  }
}
