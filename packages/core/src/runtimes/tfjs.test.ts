// The TensorFlow.js runtime: what it holds and frees, and how it answers what it cannot do. That it computes rightly: test/runtimes.test.ts.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { describe, expect, it } from 'vitest';
import { stepGraph } from '../../test/training-step.ts';
import { counterDropout } from '../nn/dropout.ts';
import { add, exp, matmul, mul, scatterRows, sin } from '../ops/build.ts';
import { type Graph, type Tensor, tensor } from '../tensor.ts';
import { type Value, value } from '../value.ts';
import type { Runtime } from './runtime.ts';
import { tfjs } from './tfjs.ts';

tf.enableProdMode(); // its greeting asks for another package
const runtimes: readonly Runtime[] = [await tfjs({ tf, backend: 'cpu' }), await tfjs({ tf, backend: 'wasm' })];
const count = (): number => tf.memory().numTensors;
const floats = (...data: number[]): Value => value('float32', [data.length], data);

describe.each(runtimes)('$name', (runtime) => {
  it('holds the same number of tensors after every training step, and none after it is disposed', async () => {
    const before = count();
    const { graph, feeds } = stepGraph(0.1);
    const program = await runtime.compile(graph, { purpose: 'training' });
    await program.run(feeds(0));
    const resident = count();
    for (let step = 1; step <= 10; step++) {
      await program.run(feeds(step));
      expect(count()).toBe(resident);
    }
    await program.dispose();
    expect(count()).toBe(before);
  });

  it('returns to its level after many programs', async () => {
    const before = count();
    const x = tensor('x', 'float32', [3]);
    for (let i = 0; i < 200; i++) {
      const program = await runtime.compile(
        { inputs: [x], outputs: { y: add(mul(x, 3), i) } },
        { constants: { x: floats(1, 2, i) } },
      );
      await program.run({});
      await program.dispose();
    }
    expect(count()).toBe(before);
  });

  it('frees an intermediate as soon as its last reader ran', async () => {
    const size = 10_000;
    const x = tensor('x', 'float32', [size]);
    const chain = Array.from({ length: 60 }).reduce<Tensor>((t) => sin(t), x);
    const program = await runtime.compile({ inputs: [x], outputs: { y: chain } });
    const fed = { dtype: 'float32', shape: [size], data: new Float32Array(size) } as const;
    const { peakBytes } = await tf.profile(async () => {
      await program.run({ x: fed });
      return [];
    });
    expect(peakBytes).toBeLessThanOrEqual(3 * 4 * size);
    await program.dispose();
  });

  it('frees everything when a step fails, names it, and runs again', async () => {
    const rows = tensor('rows', 'float32', ['n', 2]);
    const ids = tensor('ids', 'int32', ['n']);
    const program = await runtime.compile({ inputs: [rows, ids], outputs: { y: exp(scatterRows(exp(rows), ids, 4)) } });
    const feeds = (...at: number[]): Record<string, Value> => ({
      rows: value('float32', [at.length, 2], new Float32Array(2 * at.length)),
      ids: value('int32', [at.length], at),
    });
    await program.run(feeds(0));
    const resident = count();
    for (const wrong of [4, 1_000_000, -5]) {
      await expect(program.run(feeds(1, wrong))).rejects.toMatchObject({
        code: 'FEED',
        message: `scatterRows: index ${wrong} is outside an axis of size 4`,
      });
      expect(count()).toBe(resident);
    }
    const { y } = await program.run(feeds(1, 1, -1));
    const e = Math.exp;
    [1, 1, e(2), e(2), 1, 1, e(1), e(1)].forEach((n, i) => {
      expect(Number(y!.data[i])).toBeCloseTo(n, 5);
    });
    await program.dispose();
  });

  it('stops in the middle of a long run, and frees what it had', async () => {
    const x = tensor('x', 'float32', [256, 256]);
    const long = Array.from({ length: 400 }).reduce<Tensor>((t) => sin(matmul(t, x)), x);
    const program = await runtime.compile({ inputs: [x], outputs: { y: long } });
    const fed = { dtype: 'float32', shape: [256, 256], data: new Float32Array(256 * 256).fill(0.01) } as const;
    const before = count();
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 60);
    await expect(program.run({ x: fed }, { signal: abort.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(count()).toBe(before);
    await program.dispose();
  });

  it('refuses types that TensorFlow.js lacks when the graph is compiled', async () => {
    const x = tensor('ids', 'int64', [2]);
    await expect(runtime.compile({ inputs: [x], outputs: { y: x } })).rejects.toMatchObject({
      code: 'RUNTIME',
      message: expect.stringContaining('input "ids" is int64'),
    });
  });

  it('loads no model files, and says so', async () => {
    await expect(runtime.load(new Uint8Array(8))).rejects.toMatchObject({ code: 'RUNTIME' });
  });
});

it('computes each of two overlapping runs on its own backend', async () => {
  const x = tensor('x', 'float32', [96, 96]);
  const fed: Value = { dtype: 'float32', shape: [96, 96], data: new Float32Array(96 * 96).fill(0.015) };
  const programs = await Promise.all(
    (['cpu', 'wasm'] as const).map(async (backend) => {
      const seen = new Set<string>();
      const watched = {
        ...tf,
        sin(t: tf.Tensor): tf.Tensor {
          seen.add(tf.getBackend());
          return tf.sin(t);
        },
      };
      const runtime = await tfjs({ tf: watched, backend });
      const steps = backend === 'cpu' ? 60 : 900; // long enough that both give way to each other
      const y = Array.from({ length: steps }).reduce<Tensor>((t) => sin(matmul(t, x)), x);
      return { backend, seen, program: await runtime.compile({ inputs: [x], outputs: { y } }) };
    }),
  );
  await Promise.all(programs.map(({ program }) => program.run({ x: fed })));
  for (const { backend, seen, program } of programs) {
    expect([...seen]).toEqual([backend]);
    await program.dispose();
  }
});

it('refuses a backend that does not exist with the nearest name, and one that is not registered', async () => {
  await expect(tfjs({ tf, backend: 'webgppu' as 'webgpu' })).rejects.toThrow(/did you mean "webgpu"/);
  await expect(tfjs({ tf, backend: 'webgl' })).rejects.toMatchObject({ code: 'RUNTIME' });
});

it('refuses dropout where the backend keeps integers as float32', async () => {
  // A module whose backend says that it is WebGL: the refusal comes before anything is computed.
  const webgl = await tfjs({ tf: { ...tf, getBackend: () => 'webgl' }, backend: 'webgl' });
  const [x, seed, step] = [tensor('x', 'float32', [4, 4]), tensor('seed', 'int32', []), tensor('step', 'int32', [])];
  const graph: Graph = { inputs: [x, seed, step], outputs: { y: counterDropout(seed, step)(x, 0.5, 'h') } };
  await expect(webgl.compile(graph)).rejects.toMatchObject({
    code: 'RUNTIME',
    message: expect.stringMatching(/tfjs-webgl: .*float32.*dropout/),
  });
  await (await webgl.compile({ inputs: [x], outputs: { y: sin(x) } })).dispose();
});
