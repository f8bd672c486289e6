// Operations and losses against reference values: results and gradients, in double precision and on an engine.

import { readSafetensors, type TensorFile } from '../checkpoint/safetensors.ts';
import { type FileSource, readJsonObject } from '../checkpoint/source.ts';
import { gradient } from '../graph/gradient.ts';
import { add, cast, mul, sum } from '../ops/build.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type Graph, type Tensor, tensor } from '../tensor.ts';
import type { Value } from '../value.ts';
import { type CaseResult, Comparison, eachCase, type Tolerance, unsupported } from './case.ts';
import { lossOf } from './losses.ts';
import { type Attributes, operations } from './operations.ts';

interface Described {
  readonly name: string;
  readonly file: string;
  readonly op?: string;
  readonly attributes: Attributes;
  readonly gradients_of: readonly string[];
}

interface Index {
  readonly tolerances: Readonly<Record<'float32' | 'float64', Tolerance>>;
  readonly operations?: readonly Described[];
  readonly losses?: readonly Described[];
}

/** What a case gives, and the graph that must give its results. */
interface Built {
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, Value>>;
  readonly expected: ReadonlyMap<string, Value>;
}

/** Numbers as the engine takes them: indices int32; floats as given, or rounded for an engine that computes in float32. */
function fed(v: Value, precision: 'float32' | 'float64'): Value {
  if (v.dtype === 'int64')
    return { dtype: 'int32', shape: v.shape, data: Int32Array.from(v.data as BigInt64Array, Number) };
  if (v.dtype === 'float64' && precision === 'float32')
    return { dtype: 'float32', shape: v.shape, data: Float32Array.from(v.data as Float64Array) };
  return v;
}

const dtypeOf = (v: Value): 'float32' | 'int32' | 'bool' =>
  v.dtype === 'bool' ? 'bool' : v.dtype === 'int64' ? 'int32' : 'float32';

/** Undefined when we have no such operation or loss. */
async function build(kind: 'ops' | 'losses', described: Described, file: TensorFile): Promise<Built | undefined> {
  const feeds: Record<string, Value> = {};
  for (const name of file.names) if (name.startsWith('in.')) feeds[name.slice(3)] = await file.read(name);
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, v]) => [name, tensor(name, dtypeOf(v), v.shape)]),
  );
  const results =
    kind === 'ops'
      ? operations[described.op ?? '']?.(inputs, described.attributes)
      : [lossOf(described.name, inputs, described.attributes)];
  if (!results || results.some((r) => r === undefined)) return undefined;

  const expected = new Map<string, Value>();
  const outputs: Record<string, Tensor> = {};
  let loss: Tensor | undefined;
  for (const [i, result] of (results as readonly Tensor[]).entries()) {
    const name = kind === 'losses' ? 'loss' : file.has('out') ? 'out' : `out${i}`;
    outputs[name] = result;
    expected.set(name, await file.read(name));
    const upstream = `grad_${name}`;
    if (kind === 'losses') loss = result;
    else if (file.has(upstream)) {
      const weight = await file.read(upstream);
      const upstreamTensor = tensor(upstream, 'float32', weight.shape);
      inputs[upstream] = upstreamTensor;
      feeds[upstream] = weight;
      const part = sum(mul(result, upstreamTensor));
      loss = loss ? add(loss, part) : part;
    }
  }
  if (loss && described.gradients_of.length > 0) {
    const gradients = gradient(
      loss,
      described.gradients_of.map((name) => inputs[name]!),
    );
    for (const [i, name] of described.gradients_of.entries()) {
      outputs[`grad_in.${name}`] = gradients[i]!;
      expected.set(`grad_in.${name}`, await file.read(`grad_in.${name}`));
    }
  }
  // Booleans leave as integers: what every engine can return.
  for (const [name, t] of Object.entries(outputs)) if (t.dtype === 'bool') outputs[name] = cast(t, 'int32');
  return { graph: { inputs: Object.values(inputs), outputs }, feeds, expected };
}

/**
 * Runs every case of `ops/` or `losses/` in the folder.
 * @param exact computes in double precision, and is held to the float64 tolerances.
 * @param engine computes in float32.
 */
export async function runOperationCases(
  source: FileSource,
  kind: 'ops' | 'losses',
  { exact, engine }: { readonly exact: Runtime; readonly engine: Runtime },
): Promise<CaseResult[]> {
  const index = (await readJsonObject(source, `${kind}/index.json`)) as unknown as Index; // the layout of the reference sets
  const cases = (kind === 'ops' ? index.operations : index.losses) ?? [];
  return eachCase(
    cases,
    ({ name }) => `${kind}/${name}`,
    async (described, title) => {
      const built = await build(kind, described, await readSafetensors(source, `${kind}/${described.file}`));
      if (!built)
        return unsupported(
          title,
          `${described.op ?? described.name} ${JSON.stringify(described.attributes)} has no counterpart`,
        );
      const comparison = new Comparison(title);
      for (const [runtime, precision] of [
        [exact, 'float64'],
        [engine, 'float32'],
      ] as const) {
        try {
          const program = await runtime.compile(built.graph);
          const got = await program.run(
            Object.fromEntries(Object.entries(built.feeds).map(([n, v]) => [n, fed(v, precision)])),
          );
          await program.dispose();
          for (const [name, wanted] of built.expected)
            comparison.values(`${name} (${runtime.name})`, got[name]!, wanted, index.tolerances[precision]);
        } catch (error) {
          comparison.require(false, `${runtime.name}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      return comparison.result();
    },
  );
}
