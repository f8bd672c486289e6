// What an engine computes of a row of the table: an operation or a family of models, forward or gradients, against the double-precision interpreter.

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

/** An operation that an engine can do in part: the largest error of the cases that it computes, and why it refuses the others. */
export interface InPart {
  readonly error: number;
  readonly refused: string;
  readonly cases: number;
  readonly of: number;
}

/** The largest error over max(1, |value|); the engine's own words when it cannot; null where there is nothing to compute. */
export type Outcome = number | string | InPart | null;

export type Part = 'forward' | 'gradient';

/** A number of the table: what a row's part is off by. */
export interface Cell {
  readonly row: string;
  readonly part: Part;
}

/** Operations and families, in the order of the table. */
export const rows: readonly string[] = [...Object.keys(cases), ...modelTypes];
export const cells: readonly Cell[] = rows.flatMap((row) => [
  { row, part: 'forward' },
  { row, part: 'gradient' },
]);

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

/** Cases of an operation side by side in one graph, all that have the part unless one is named: an engine compiles one program a row. */
function operationProbe(op: OpName, part: Part, only?: number): Probe {
  const all = (cases[op] as readonly Case<OpName>[]).flatMap((c, i) => {
    if (only !== undefined && i !== only) return [];
    const { inputs, results, feeds } = build(op, c, `c${i}.`);
    const flat = new Set(c.flat ?? []);
    const floats = inputs.filter((t, at) => t.dtype === 'float32' && !flat.has(at));
    const y = results[0]!; // every operation has one
    const differentiable = y.dtype === 'float32' && floats.length > 0 && op !== 'detach' && op !== 'floor';
    const loss = differentiable ? sum(mul(y, upstream(y.shape as readonly number[], 7 + i))) : undefined;
    const gradients = loss ? gradient(loss, floats).map((g, at) => [`g${i}.${at}`, g] as const) : [];
    if (part === 'gradient' && gradients.length === 0) return [];
    return [{ inputs, feeds, results: results.map((t, at) => [`f${i}.${at}`, t] as const), gradients }];
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

/** What is wrong with an output that is not a number away from what it should be. */
function fault(name: string, got: Value | undefined, shape: readonly number[]): string {
  if (!got) return `output ${name} is missing`;
  if (got.shape.join() !== shape.join()) return `output ${name} has the shape [${got.shape}] instead of [${shape}]`;
  return `output ${name} is not a number somewhere, or infinite`;
}

/** Compiles a part of a row for an engine, runs it, and compares. */
export async function measure(runtime: Runtime, { row, part }: Cell): Promise<Outcome> {
  if (!(row in cases)) return measureProbe(runtime, modelProbe(row), part);
  const op = row as OpName;
  const whole = await measureProbe(runtime, operationProbe(op, part), part);
  if (typeof whole !== 'string') return whole;
  // Which cases are refused, and what of the others?
  const single: (number | string)[] = [];
  for (const i of cases[op].keys()) {
    const outcome = await measureProbe(runtime, operationProbe(op, part, i), part);
    if (outcome !== null) single.push(outcome);
  }
  const errors = single.filter((x) => typeof x === 'number');
  const words = single.filter((x) => typeof x === 'string');
  if (errors.length === 0 || words.length === 0) return whole;
  return { error: Math.max(...errors), refused: words[0]!, cases: words.length, of: single.length };
}

async function measureProbe(runtime: Runtime, probe: Probe, part: Part): Promise<number | string | null> {
  const outputs = probe[part];
  const entries = Object.entries(outputs);
  if (entries.length === 0) return null;
  const expected = evaluateTensors(
    entries.map(([, t]) => t),
    probe.feeds,
  );
  try {
    const program = await runtime.compile({ inputs: probe.inputs, outputs }, { purpose: 'training' });
    try {
      const fed = Object.fromEntries(program.inputNames.map((name) => [name, probe.feeds[name]!]));
      const got = await program.run(fed);
      let worst = 0;
      for (const [i, [name]] of entries.entries()) {
        const error = worstError(got[name], expected[i]!);
        if (!Number.isFinite(error)) return fault(name, got[name], expected[i]!.shape);
        worst = Math.max(worst, error);
      }
      return worst;
    } finally {
      await program.dispose();
    }
  } catch (error) {
    return told(error);
  }
}
