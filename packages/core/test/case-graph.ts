// A case of the table as a graph, and how far results are from what they should be.

import { apply } from '../src/ops/build.ts';
import type { Numbers } from '../src/ops/evaluate.ts';
import type { OpName } from '../src/ops/signatures.ts';
import { type Tensor, tensor } from '../src/tensor.ts';
import { toFloat64, type Value } from '../src/value.ts';
import { type Case, cases } from './cases.ts';

/** Every case of every operation, with a name for the report. */
export const allCases = Object.entries(cases).flatMap(([op, list]) =>
  (list as readonly Case<OpName>[]).map((c, i) => ({
    op: op as OpName,
    c,
    name: `${op} ${i}${c.why ? `: ${c.why}` : ''}`,
  })),
);

/** The case as a graph: inputs x0, x1 … (after the prefix), all results. */
export function build(
  op: OpName,
  { x, attrs }: Case<OpName>,
  prefix = '',
): { inputs: Tensor[]; results: readonly Tensor[]; feeds: Record<string, Value> } {
  const values = x as readonly Value[];
  const inputs = values.map((v, i) => tensor(`${prefix}x${i}`, v.dtype, v.shape));
  const results = apply(op, inputs as never, attrs as never) as readonly Tensor[]; // the table pairs inputs and attributes with the name
  return { inputs, results, feeds: Object.fromEntries(values.map((v, i) => [`${prefix}x${i}`, v])) };
}

/** The largest difference over max(1, |expected|); infinite where a shape differs or a number is missing. */
export function worstError(got: Value | undefined, expected: Numbers | Value): number {
  const numbers = 'dtype' in expected ? toFloat64(expected) : expected.data;
  if (!got || got.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  const found = toFloat64(got);
  let worst = found.length === numbers.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < numbers.length; i++) {
    const error = Math.abs(found[i]! - numbers[i]!) / Math.max(1, Math.abs(numbers[i]!));
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
  }
  return worst;
}
