// The probe set: the same few inputs for every model, run through a graph and through what was made of it.

import { uniformAt } from '../generate/sampling.ts';
import type { Program, Values } from '../runtimes/runtime.ts';
import { toFloat64, type Value } from '../value.ts';
import type { ExportPlan } from './plan.ts';

/** How far two computations of the same outputs are apart. */
export interface ProbeDifference {
  /** Largest |difference| over all outputs but the cache. */
  readonly largest: number;
  /** Largest |value| of the same outputs, to read it by. */
  readonly scale: number;
  /** Share of positions at which both choose the same token (or class). */
  readonly sameChoice: number;
}

const int = (shape: readonly number[], data: readonly number[]): Value => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(data),
});

/** Ids that depend on nothing but their place. */
const ids = (rows: number, length: number, vocabulary: number, salt: number): number[] =>
  Array.from({ length: rows * length }, (_, i) => Math.floor(uniformAt(salt, i) * vocabulary));

/**
 * Inputs of the graph, without parameters: one row; two rows, the second padded (at the left where there is a cache); and for
 * a cache a step of one token after an earlier run.
 */
export function probeFeeds({ graph, parameters, vocabularySize, contextLength, cached }: ExportPlan): Values[] {
  const own = new Set(parameters.map((p) => p.name));
  const names = graph.inputs.flatMap((t) =>
    t.node.kind === 'input' && !own.has(t.node.name) ? [{ name: t.node.name, t }] : [],
  );
  const length = Math.min(12, contextLength);
  const batch = (rows: number, past: number, time: number, padding: number): Values =>
    Object.fromEntries(
      names.map(({ name, t }): [string, Value] => {
        if (name.startsWith('past_key_values.')) {
          const [, heads, , size] = t.shape as [unknown, number, unknown, number];
          const data = Float32Array.from({ length: rows * heads * past * size }, (_, i) => uniformAt(7, i) - 0.5);
          return [name, { dtype: 'float32', shape: [rows, heads, past, size], data }];
        }
        const positions = (f: (row: number, i: number) => number, total = time): Value =>
          int(
            [rows, total],
            Array.from({ length: rows * total }, (_, at) => f(Math.floor(at / total), at % total)),
          );
        const hidden = (row: number): number => (row === rows - 1 ? padding : 0);
        if (name.endsWith('attention_mask'))
          return [name, positions((row, i) => +(cached ? i >= hidden(row) : i < time - hidden(row)), past + time)];
        if (name.endsWith('position_ids')) return [name, positions((row, i) => Math.max(past + i - hidden(row), 0))];
        if (name.endsWith('token_type_ids')) return [name, positions((_, i) => +(i > time / 2))];
        // Multiple choice and the like: further axes between batch and sequence are of size 2.
        if (t.shape.length === 3) return [name, int([rows, 2, time], ids(rows * 2, time, vocabularySize, 3))];
        return [name, int([rows, time], ids(rows, time, vocabularySize, name.length))];
      }),
    );
  const feeds = [batch(1, 0, length, 0), batch(2, 0, length, length > 4 ? 3 : 0)];
  if (cached && length > 1) feeds.push(batch(2, length - 1, 1, length > 4 ? 3 : 0));
  return feeds;
}

/** The same feeds with some inputs as int64. */
export const asInt64 = (feeds: Values, names: readonly string[]): Values =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, v]) => [
      name,
      names.includes(name) ? { dtype: 'int64', shape: v.shape, data: BigInt64Array.from(toFloat64(v), BigInt) } : v,
    ]),
  );

/** Runs both programs on the probe set. */
export async function compareOnProbe(plan: ExportPlan, graph: Program, file: Program): Promise<ProbeDifference> {
  let largest = 0;
  let scale = 0;
  let same = 0;
  let positions = 0;
  const outputs = graph.outputNames.filter((name) => !name.startsWith('present.'));
  for (const feeds of probeFeeds(plan)) {
    const wanted = await graph.run(feeds, { outputs });
    const got = await file.run(asInt64(feeds, plan.int64Inputs), { outputs });
    for (const name of outputs) {
      const [a, b] = [toFloat64(got[name]!), toFloat64(wanted[name]!)];
      const width = wanted[name]!.shape.at(-1) ?? 1;
      const counts = realRows(feeds, wanted[name]!);
      for (let row = 0; row * width < b.length; row++) {
        if (!counts(row)) continue;
        let [bestA, bestB] = [row * width, row * width];
        for (let i = row * width; i < (row + 1) * width; i++) {
          const difference = Math.abs(a[i]! - b[i]!);
          largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference);
          scale = Math.max(scale, Math.abs(b[i]!));
          if (a[i]! > a[bestA]!) bestA = i;
          if (b[i]! > b[bestB]!) bestB = i;
        }
        positions++;
        same += +(bestA === bestB);
      }
    }
  }
  return { largest, scale, sameChoice: positions === 0 ? 1 : same / positions };
}

/** Rows `[batch, sequence]` of an output that are not padding; all where the output has no row for each position. */
function realRows(feeds: Values, output: Value): (row: number) => boolean {
  const mask = feeds.attention_mask;
  const [batch, time] = output.shape;
  if (!mask || output.shape.length !== 3 || mask.shape.length !== 2 || batch !== mask.shape[0]) return () => true;
  const total = mask.shape[1]!;
  return (row) => Number(mask.data[Math.floor(row / time!) * total + (total - time!) + (row % time!)]) === 1;
}
