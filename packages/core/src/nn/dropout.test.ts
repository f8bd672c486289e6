// Dropout masks: deterministic, of the asked share, without visible structure, equal in every engine.

import { describe, expect, it } from 'vitest';
import { evaluateTensors } from '../graph/evaluate.ts';
import { onnxruntimeNode } from '../runtimes/onnxruntime.node.ts';
import { constant, tensor } from '../tensor.ts';
import { counterDropout } from './dropout.ts';

const [rows, columns] = [96, 128];
const seed = tensor('seed', 'int32', []);
const step = tensor('step', 'int32', []);
const x = constant({ dtype: 'float32', shape: [rows, columns], data: new Float32Array(rows * columns).fill(1) });
const number = (n: number) => ({ dtype: 'int32' as const, shape: [], data: Int32Array.of(n) });
const mask = (s: number, t: number, rate: number, place = 'h.0'): Float64Array =>
  evaluateTensors([counterDropout(seed, step)(x, rate, place)], { seed: number(s), step: number(t) })[0]!.data;
const share = (m: Float64Array): number => m.filter((v) => v === 0).length / m.length;
/** Correlation of "dropped" between every entry and the one `lag` further. */
function correlation(m: Float64Array, lag: number): number {
  const d = Float64Array.from(m, (v) => (v === 0 ? 1 : 0));
  const p = d.reduce((a, b) => a + b, 0) / d.length;
  let total = 0;
  for (let i = 0; i + lag < d.length; i++) total += (d[i]! - p) * (d[i + lag]! - p);
  return total / (d.length - lag) / (p * (1 - p));
}

describe('counter-based dropout', () => {
  it.each([0.1, 0.2, 0.5, 0.9])('zeroes a share of %s and keeps the mean', (rate) => {
    for (let s = 0; s < 8; s++) {
      const m = mask(s, 3, rate);
      const deviation = Math.sqrt((rate * (1 - rate)) / m.length);
      expect(Math.abs(share(m) - rate)).toBeLessThan(4.5 * deviation);
      expect(m.find((v) => v !== 0)).toBeCloseTo(1 / (1 - rate), 12);
    }
  });

  it('has no visible structure along rows, columns, diagonals, steps, seeds and places', () => {
    const bound = 4.5 / Math.sqrt(rows * columns);
    for (const lag of [1, 2, 3, 64, columns - 1, columns, columns + 1, 2 * columns])
      expect(Math.abs(correlation(mask(5, 9, 0.3), lag)), `lag ${lag}`).toBeLessThan(bound);
    const base = mask(5, 9, 0.5);
    for (const other of [mask(5, 10, 0.5), mask(6, 9, 0.5), mask(5, 9, 0.5, 'h.1'), mask(9, 5, 0.5)]) {
      const agreement = base.reduce((n, v, i) => n + (v === other[i] ? 1 : 0), 0) / base.length;
      expect(Math.abs(agreement - 0.5)).toBeLessThan(bound);
    }
  });

  it('is the same mask on onnxruntime', async () => {
    const program = await (await onnxruntimeNode({ threads: 2 })).compile({
      inputs: [seed, step],
      outputs: { y: counterDropout(seed, step)(x, 0.2, 'h.0') },
    });
    for (const t of [0, 1, 70_000]) {
      const { y } = await program.run({ seed: number(1337), step: number(t) });
      expect([...(y!.data as Float32Array)].map((v) => v === 0)).toEqual([...mask(1337, t, 0.2)].map((v) => v === 0));
    }
    await program.dispose();
  });
});
