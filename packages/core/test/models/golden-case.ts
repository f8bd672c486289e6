// Reads one case of the reference values: configuration, parameters, inputs, outputs, and where outputs may be compared.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { diskSource } from '../../src/checkpoint/disk.node.ts';
import { loadParameters } from '../../src/checkpoint/parameters.ts';
import { readSafetensors, type TensorFile } from '../../src/checkpoint/safetensors.ts';
import { gradient } from '../../src/graph/gradient.ts';
import { type Model, modelFor } from '../../src/models/index.ts';
import { type Parameter, parameterScope } from '../../src/nn/scope.ts';
import type { Values } from '../../src/runtimes/runtime.ts';
import { type Graph, type Tensor, tensor } from '../../src/tensor.ts';
import { toFloat64, type Value } from '../../src/value.ts';

const shared = process.env.YUMO_SHARED ?? resolve(import.meta.dirname, '../../../../../shared');
export const goldenFolder = resolve(shared, 'golden/models');
export const hasGolden = existsSync(goldenFolder);
if (!hasGolden) console.log(`skipped: no reference values at ${goldenFolder} (set YUMO_SHARED)`);

/** The cases that are models. */
export const caseNames: readonly string[] = hasGolden
  ? readdirSync(goldenFolder).filter((name) => existsSync(resolve(goldenFolder, name, 'config.json')))
  : [];

/** config.json of a case. */
export const configOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(resolve(goldenFolder, name, 'config.json'), 'utf8')) as Record<string, unknown>;

export interface GoldenCase {
  readonly model: Model;
  /** Forward outputs by name, and the gradient of the loss by `grad.<parameter>`. */
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  /** Inputs and parameters. */
  readonly feeds: Values;
  readonly expected: ReadonlyMap<string, Value>;
  /** Positions (flat) of an output that mean something. */
  counts(name: string, shape: readonly number[]): (flat: number) => boolean;
}

const readAll = async (file: TensorFile): Promise<Map<string, Value>> =>
  new Map(await Promise.all(file.names.map(async (name) => [name, await file.read(name)] as const)));

/** Ids as int32, numbers as float32: what graphs take. */
function asInput(v: Value): Value {
  if (v.dtype !== 'int64') return v;
  return { dtype: 'int32', shape: v.shape, data: Int32Array.from(v.data as BigInt64Array, Number) };
}

export async function readCase(name: string): Promise<GoldenCase> {
  const source = diskSource(resolve(goldenFolder, name));
  const model = modelFor(configOf(name));
  const inputs = [...(await readAll(await readSafetensors(source, 'inputs.safetensors')))]
    .filter(([input]) => !input.startsWith('generation.'))
    .map(([input, v]) => [input, asInput(v)] as const);
  const scope = parameterScope();
  const given: Record<string, Tensor> = Object.fromEntries(
    inputs.map(([input, v]) => [input, tensor(input, v.dtype, v.shape)]),
  );
  const outputs = model.head.build(scope, given, model.config);
  const { parameters } = scope;
  const trained = parameters.filter((p) => !p.fixed);
  const gradients = gradient(
    outputs.loss!,
    trained.map((p) => p.tensor),
  );
  const weights = await loadParameters(
    await readSafetensors(source, 'model.safetensors'),
    parameters,
    model.architecture,
  );
  const expected = await readAll(await readSafetensors(source, 'outputs.safetensors'));
  const mask = inputs.find(([input]) => input === 'attention_mask')?.[1];
  const real = mask && toFloat64(mask);
  return {
    model,
    parameters,
    graph: {
      inputs: [...Object.values(given), ...parameters.map((p) => p.tensor)],
      outputs: { ...outputs, ...Object.fromEntries(trained.map((p, i) => [`grad.${p.name}`, gradients[i]!])) },
    },
    feeds: { ...Object.fromEntries(inputs), ...weights },
    expected,
    counts(output, shape) {
      const sequence = mask?.shape.at(-1) ?? 0;
      const rows = (real?.length ?? 0) / sequence;
      const padded = /^(encoder_)?(hidden_states|attentions|last_hidden_state)|^(start_|end_|prediction_)?logits$/;
      if (!real || !padded.test(output) || shape[0] !== rows) return () => true;
      // Axis of positions: the second, for attention the third ([batch, heads, queries, keys]).
      const axis = /attentions/.test(output) ? 2 : 1;
      if (shape[axis] !== sequence) return () => true;
      const inner = shape.slice(axis + 1).reduce((n, d) => n * d, 1);
      const outer = shape.slice(1, axis).reduce((n, d) => n * d, 1);
      return (flat) => {
        const position = Math.floor(flat / inner);
        return real[Math.floor(position / sequence / outer) * sequence + (position % sequence)] === 1;
      };
    },
  };
}

/** The largest difference over what counts, in units of the tolerance; with where it is. */
export function worst(
  got: Value,
  expected: Value,
  counts: (flat: number) => boolean,
  tolerance: (expected: number, largest: number) => number,
): { excess: number; at: string } {
  if (got.shape.join() !== expected.shape.join())
    return { excess: Number.POSITIVE_INFINITY, at: `shape [${got.shape}] against [${expected.shape}]` };
  const [a, b] = [toFloat64(got), toFloat64(expected)];
  const largest = b.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  let excess = 0;
  let at = '';
  b.forEach((x, i) => {
    if (!counts(i)) return;
    const e = Math.abs(a[i]! - x) / tolerance(x, largest);
    if (!(e <= excess)) {
      excess = Number.isNaN(e) ? Number.POSITIVE_INFINITY : e;
      at = `[${i}]: ${a[i]} against ${x}`;
    }
  });
  return { excess, at };
}
