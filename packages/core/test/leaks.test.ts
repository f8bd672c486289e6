// Memory after a thousand runs, and after a thousand programs: back to where it was, what the engines hold beside JavaScript included.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { matmul, mul, softmax, tanh } from '../src/ops/build.ts';
import { type Graph, tensor } from '../src/tensor.ts';
import type { Value } from '../src/value.ts';
import { engines } from './engines.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Resident bytes when nothing is left to collect; freed memory goes back to the system with some delay, so the least of a few looks counts. */
async function resident(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i++) {
    collect();
    await new Promise((done) => setTimeout(done, 20));
    least = Math.min(least, process.memoryUsage.rss());
  }
  return least;
}

const size = 64;
const x = tensor('x', 'float32', ['rows', size]);
const w = tensor('w', 'float32', [size, size]);
const graph: Graph = { inputs: [x, w], outputs: { y: softmax(tanh(mul(matmul(x, w), 0.1)), 1) } };
const floats = (rows: number): Value => ({
  dtype: 'float32',
  shape: [rows, size],
  data: new Float32Array(rows * size).fill(0.01),
});
const weight = floats(size);

/**
 * The least growth of three rounds after a warm-up: pools and compiled code grow once, a leak in every round.
 * @param times in each round
 */
async function growth(work: (times: number) => Promise<void>, times: number): Promise<number> {
  await work(times);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0, before = await resident(); round < 3; round++) {
    await work(times);
    const after = await resident();
    least = Math.min(least, after - before);
    before = after;
  }
  return least;
}

const measured = engines.filter(({ label }) => /^(onnxruntime cpu|tfjs)/.test(label));
describe.each(measured)('$label', ({ label, runtime }) => {
  it('holds no memory of 1,000 runs', async () => {
    const program = await runtime.compile(graph, { constants: { w: weight } });
    const runs = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await program.run({ x: floats(128) });
    };
    await runs(1);
    const tensors = tf.memory().numTensors;
    // A round whose results stayed would hold 350 × 32 kB = 11 MB.
    expect(await growth(runs, 350)).toBeLessThan(3e6);
    if (label.startsWith('tfjs')) expect(tf.memory().numTensors).toBe(tensors);
    await program.dispose();
  }, 60_000);

  it('holds no memory of 1,000 programs that were compiled, run and disposed of', async () => {
    const tensors = tf.memory().numTensors;
    const programs = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) {
        const program = await runtime.compile(graph, { constants: { w: weight } });
        await program.run({ x: floats(2) });
        await program.dispose();
      }
    };
    // A round whose weights stayed would hold 350 × 16 kB = 5.7 MB.
    expect(await growth(programs, 350)).toBeLessThan(3e6);
    if (label.startsWith('tfjs')) expect(tf.memory().numTensors).toBe(tensors);
  }, 60_000);
});
