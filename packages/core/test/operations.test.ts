// Every gradient against central differences, in double precision. That engines compute both rightly: runtimes.test.ts.

import { describe, expect, it } from 'vitest';
import { evaluateTensors } from '../src/graph/evaluate.ts';
import { gradient } from '../src/graph/gradient.ts';
import { add, mul, sum } from '../src/ops/build.ts';
import type { OpName } from '../src/ops/signatures.ts';
import { constant, tensor } from '../src/tensor.ts';
import { toFloat64, type Value } from '../src/value.ts';
import { allCases, build } from './case-graph.ts';
import { random } from './cases.ts';

/** Results of these are for their own gradients; no loss may read them. */
const firstResultOnly: readonly OpName[] = ['layerNorm', 'crossEntropy'];

describe('the gradient equals central differences', () => {
  const differentiable = allCases.filter(
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
        // What lies between the two points: of large numbers h itself is rounded when it is added.
        const between = at + h - (at - h);
        const numeric = (lossAt({ ...feeds, [name]: moved(h) }) - lossAt({ ...feeds, [name]: moved(-h) })) / between;
        expect(
          Math.abs(analytic[i]!.data[j]! - numeric),
          `d/d${name}[${j}]: ${analytic[i]!.data[j]} against ${numeric}`,
        ).toBeLessThan(1e-8 * Math.max(1, Math.abs(numeric)) + 2e-9);
      });
    });
  });
});

describe('gradients as graph', () => {
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
  expect(allCases.filter(({ op, c }) => build(op, c).results.length > 1).map(({ op }) => op)).toEqual(
    expect.arrayContaining([...firstResultOnly]),
  );
});
