// The probe set: the same few inputs for every model, run through a graph and through the file that was made of it.

import { type Dim, termsOf } from '../dimension.ts';
import { uniformAt } from '../generate/sampling.ts';
import type { Program, Values } from '../runtimes/runtime.ts';
import { type DType, sizeOf, toFloat64, type Value } from '../value.ts';
import type { ExportPart, PartGraph } from './plan.ts';

/** How far two computations of the same outputs are apart. */
export interface ProbeDifference {
  /** Largest |difference| over all outputs but the cache. */
  readonly largest: number;
  /** Largest |value| of the same outputs, to read it by. */
  readonly scale: number;
  /** Share of positions at which both choose the same token (or class). */
  readonly sameChoice: number;
}

/** One probe: what the graph reads, and what the file reads. */
export interface Probe {
  readonly graph: Values;
  readonly file: Values;
}

interface Input {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Dim[];
}

/** The inputs of a graph that are no parameters. */
function inputsOf({ graph, parameters }: PartGraph): Input[] {
  const own = new Set(parameters.map((p) => p.name));
  return graph.inputs.flatMap(({ node, dtype, shape }) =>
    node.kind === 'input' && !own.has(node.name) ? [{ name: node.name, dtype, shape }] : [],
  );
}

type Sizes = Readonly<Record<string, number>>;
const measured = (d: Dim, sizes: Sizes): number =>
  typeof d === 'number'
    ? d
    : termsOf(d).reduce((total, [factor, names]) => total + names.reduce((n, name) => n * sizes[name]!, factor), 0);

/** Numbers that depend on nothing but the input's name and their place. */
function numbersFor({ name, dtype, shape: dims }: Input, sizes: Sizes, padding: number, vocabulary: number): Value {
  const shape = dims.map((d) => measured(d, sizes));
  const length = shape.at(-1) ?? 1;
  const [rows, salt] = [shape[0]!, name.length];
  if (dtype === 'float32')
    return { dtype, shape, data: Float32Array.from({ length: sizeOf(shape) }, (_, i) => uniformAt(salt, i) - 0.5) };
  // Where there is a cache of one stack the padding is at the left, as text is continued at the right.
  const left = dims.at(-1) === 'past+sequence' || dims.at(-1) === 'sequence+past';
  const past = sizes.past!;
  const fill = (f: (place: number, hidden: number) => number): Value => ({
    dtype: 'int32',
    shape,
    data: Int32Array.from({ length: sizeOf(shape) }, (_, at) =>
      f(at % length, Math.floor(at / length) === sizeOf(shape) / length - 1 && rows > 1 ? padding : 0),
    ),
  });
  if (name.endsWith('attention_mask')) return fill((i, hidden) => +(left ? i >= hidden : i < length - hidden));
  if (name.endsWith('position_ids')) return fill((i, hidden) => Math.max(past + i - hidden, 0));
  if (name.endsWith('token_type_ids')) return fill((i) => +(i > length / 2));
  const data = Int32Array.from({ length: sizeOf(shape) }, (_, i) => Math.floor(uniformAt(salt, i) * vocabulary));
  return { dtype: 'int32', shape, data };
}

/** One row; two rows, the second padded; and for a graph with a cache a step of one token after an earlier run. */
export function probesFor(part: ExportPart, chosen: PartGraph, contextLength: number): Probe[] {
  const inputs = inputsOf(chosen);
  const length = Math.min(12, contextLength);
  const padding = length > 4 ? 3 : 0;
  const inGraph = new Set(inputs.map((i) => i.name));
  // What the other graphs of the file read is fed too, and empty.
  const others = part.graphs.flatMap(inputsOf).filter((i) => !inGraph.has(i.name));
  const probe = (batch: number, past: number, time: number, hidden: number): Probe => {
    const sizes: Sizes = { batch, past, sequence: time, target: time, source: length, choices: 2 };
    const make = (list: readonly Input[], at: Sizes): Values =>
      Object.fromEntries(list.map((i) => [i.name, numbersFor(i, at, hidden, part.vocabularySize)]));
    const graph = make(inputs, sizes);
    const rest = make(others, { ...sizes, past: 0 });
    return { graph, file: asInt64({ ...graph, ...rest, ...chosen.choice }, part.int64Inputs) };
  };
  const cached = inputs.some((i) => i.name.startsWith('past_key_values.'));
  const probes = [probe(1, 0, length, 0), probe(2, 0, length, padding)];
  return cached && length > 1 ? [...probes, probe(2, length - 1, 1, padding)] : probes;
}

/** The same feeds with some inputs as int64. */
export const asInt64 = (feeds: Values, names: readonly string[]): Values =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, v]) => [
      name,
      names.includes(name) ? { dtype: 'int64', shape: v.shape, data: BigInt64Array.from(toFloat64(v), BigInt) } : v,
    ]),
  );

/** Adds up how the outputs of two programs differ. */
export class Comparison {
  #largest = 0;
  #scale = 0;
  #same = 0;
  #positions = 0;

  /** Runs both on each probe. */
  async add(graph: Program, file: Program, probes: readonly Probe[]): Promise<void> {
    const outputs = graph.outputNames.filter((name) => !/^(present|new_key_values)\./.test(name));
    for (const probe of probes) {
      const wanted = await graph.run(probe.graph, { outputs });
      const got = await file.run(probe.file, { outputs });
      for (const name of outputs) this.#compare(got[name]!, wanted[name]!, realRows(probe.graph, wanted[name]!));
    }
  }

  #compare(got: Value, wanted: Value, counts: (row: number) => boolean): void {
    const [a, b] = [toFloat64(got), toFloat64(wanted)];
    const width = wanted.shape.at(-1) ?? 1;
    for (let row = 0; row * width < b.length; row++) {
      if (!counts(row)) continue;
      let [bestA, bestB] = [row * width, row * width];
      for (let i = row * width; i < (row + 1) * width; i++) {
        const difference = Math.abs(a[i]! - b[i]!);
        this.#largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(this.#largest, difference);
        this.#scale = Math.max(this.#scale, Math.abs(b[i]!));
        if (a[i]! > a[bestA]!) bestA = i;
        if (b[i]! > b[bestB]!) bestB = i;
      }
      this.#positions++;
      this.#same += +(bestA === bestB);
    }
  }

  get difference(): ProbeDifference {
    const sameChoice = this.#positions === 0 ? 1 : this.#same / this.#positions;
    return { largest: this.#largest, scale: this.#scale, sameChoice };
  }
}

/** Rows `[batch, sequence]` of an output that are not padding; all where the output has no row for each position. */
function realRows(feeds: Values, output: Value): (row: number) => boolean {
  const mask = feeds.attention_mask;
  const [batch, time] = output.shape;
  if (!mask || output.shape.length !== 3 || mask.shape.length !== 2 || batch !== mask.shape[0]) return () => true;
  const total = mask.shape[1]!;
  return (row) => Number(mask.data[Math.floor(row / time!) * total + (total - time!) + (row % time!)]) === 1;
}
