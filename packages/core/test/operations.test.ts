// Every operation, on every runtime at hand, against the double-precision interpreter; every gradient against central differences.

import { describe, expect, it } from 'vitest';
import { evaluateTensors } from '../src/graph/evaluate.ts';
import { gradient } from '../src/graph/gradient.ts';
import { add, apply, mul, sum } from '../src/ops/build.ts';
import type { OpName } from '../src/ops/signatures.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { constant, type Tensor, tensor } from '../src/tensor.ts';
import { toFloat64, type Value } from '../src/value.ts';
import { type Case, cases, random } from './cases.ts';

/** The case as a graph: inputs x0, x1 …, all results. */
function build(
  op: OpName,
  { x, attrs }: Case<OpName>,
): { inputs: Tensor[]; results: readonly Tensor[]; feeds: Record<string, Value> } {
  const values = x as readonly Value[];
  const inputs = values.map((v, i) => tensor(`x${i}`, v.dtype, v.shape));
  const results = apply(op, inputs as never, attrs as never) as readonly Tensor[]; // the table pairs inputs and attributes with the name
  return { inputs, results, feeds: Object.fromEntries(values.map((v, i) => [`x${i}`, v])) };
}

const all = Object.entries(cases).flatMap(([op, list]) =>
  (list as readonly Case<OpName>[]).map((c, i) => ({
    op: op as OpName,
    c,
    name: `${op} ${i}${c.why ? `: ${c.why}` : ''}`,
  })),
);

/** Results of these are for their own gradients; no loss may read them. */
const firstResultOnly: readonly OpName[] = ['layerNorm', 'crossEntropy'];

const cpu = await onnxruntimeNode({ threads: 1 });

describe('onnxruntime computes what the operation means', () => {
  it.each(all)('$name', async ({ op, c }) => {
    const { inputs, results, feeds } = build(op, c);
    const outputs = Object.fromEntries(results.map((t, i) => [`y${i}`, t]));
    const expected = evaluateTensors(results, feeds);
    const program = await cpu.compile({ inputs, outputs });
    const got = await program.run(feeds);
    await program.dispose();
    expected.forEach((e, i) => {
      const g = got[`y${i}`]!;
      expect(g.shape).toEqual(e.shape);
      const numbers = toFloat64(g);
      e.data.forEach(
        (x, j) =>
          void expect(Math.abs(numbers[j]! - x), `entry ${j}: ${numbers[j]} against ${x}`).toBeLessThanOrEqual(
            2e-6 * Math.max(1, Math.abs(x)) + 1e-7,
          ),
      );
    });
  });
});

describe('the gradient equals central differences', () => {
  const differentiable = all.filter(
    ({ c, op }) =>
      (c.x as readonly Value[]).some((v) => v.dtype === 'float32') &&
      !['equal', 'less', 'greater', 'argmax', 'floor', 'not', 'detach'].includes(op) &&
      !(op === 'cast' && (c.attrs as { to: string }).to !== 'float32'),
  );
  it.each(differentiable)('$name', ({ op, c }) => {
    const { inputs, results, feeds } = build(op, c);
    const y = results[0]!;
    const next = random(7);
    // A random upstream gradient: with Σ y as the loss a softmax rule that returns zero would pass.
    const shape = y.shape as readonly number[];
    const weights = constant({
      dtype: 'float32',
      shape,
      data: Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => next() * 2 - 1),
    });
    const loss = sum(mul(y, weights));
    const floats = inputs.filter((t, i) => t.dtype === 'float32' && !c.flat?.includes(i));
    const analytic = evaluateTensors(gradient(loss, floats), feeds);
    const lossAt = (f: Record<string, Value>): number => evaluateTensors([loss], f)[0]!.data[0]!;
    floats.forEach((t, i) => {
      const name = (t.node as { name: string }).name;
      const x = toFloat64(feeds[name]!);
      expect(analytic[i]!.shape).toEqual(feeds[name]!.shape);
      x.forEach((at, j) => {
        const h = 1e-5;
        const moved = (d: number): Value => ({ dtype: 'float64', shape: feeds[name]!.shape, data: x.with(j, at + d) });
        const numeric = (lossAt({ ...feeds, [name]: moved(h) }) - lossAt({ ...feeds, [name]: moved(-h) })) / (2 * h);
        expect(
          Math.abs(analytic[i]!.data[j]! - numeric),
          `d/d${name}[${j}]: ${analytic[i]!.data[j]} against ${numeric}`,
        ).toBeLessThan(1e-8 * Math.max(1, Math.abs(numeric)) + 2e-9);
      });
    });
  });
});

describe('gradients as graph', () => {
  it('run on onnxruntime as they do in the interpreter', async () => {
    for (const { op, c } of all.filter(({ op: o }) =>
      ['matmul', 'layerNorm', 'crossEntropy', 'gather', 'geluTanh', 'softmax', 'gatherElements'].includes(o),
    )) {
      const { inputs, results, feeds } = build(op, c);
      const loss = sum(mul(results[0]!, results[0]!));
      const floats = inputs.filter((t) => t.dtype === 'float32');
      const outputs = Object.fromEntries(gradient(loss, floats).map((g, i) => [`g${i}`, g]));
      const program = await cpu.compile({ inputs, outputs });
      const got = await program.run(feeds);
      await program.dispose();
      evaluateTensors(Object.values(outputs), feeds).forEach((e, i) => {
        toFloat64(got[`g${i}`]!).forEach(
          (x, j) =>
            void expect(Math.abs(x - e.data[j]!), `${op} g${i}[${j}]`).toBeLessThan(
              2e-5 * Math.max(1, Math.abs(e.data[j]!)),
            ),
        );
      });
    }
  });

  it('sum over every use of a tensor', () => {
    const x = tensor('x', 'float32', [3]);
    const [dx] = gradient(sum(add(mul(x, x), x)), [x]);
    const numbers = evaluateTensors([dx!], { x: { dtype: 'float32', shape: [3], data: Float32Array.of(1, -2, 0.5) } });
    expect([...numbers[0]!.data]).toEqual([3, -3, 2]);
  });

  it('are zero for what the loss does not read', () => {
    const x = tensor('x', 'float32', [2]);
    const unused = tensor('unused', 'float32', [2, 2]);
    const [d] = gradient(sum(x), [unused]);
    expect([...evaluateTensors([d!], {})[0]!.data]).toEqual([0, 0, 0, 0]);
  });
});

it('every operation with several results says which a loss may read', () => {
  expect(all.filter(({ op, c }) => build(op, c).results.length > 1).map(({ op }) => op)).toEqual(
    expect.arrayContaining([...firstResultOnly]),
  );
});
