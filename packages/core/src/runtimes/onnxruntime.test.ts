// onnxruntime's adapter on an engine that obeys the test: signals, failures, devices that go away.

import type { InferenceSession } from 'onnxruntime-common';
import { Tensor } from 'onnxruntime-common';
import { expect, it } from 'vitest';
import { mul } from '../ops/build.ts';
import { type Graph, tensor } from '../tensor.ts';
import { value } from '../value.ts';
import { type Engine, onnxruntime } from './onnxruntime.ts';

const x = tensor('x', 'float32', [2]);
const graph: Graph = { inputs: [x], outputs: { y: mul(x, 2) } };
const feeds = { x: value('float32', [2], [1, 2]) };
const doubled = async () => ({ y: new Tensor('float32', Float32Array.of(2, 4), [2]) });

/** Sessions that do as they are told. */
function engine(acts: { create?: () => Promise<void>; run?: () => Promise<unknown> }) {
  const state = { created: 0, released: 0 };
  const fake = {
    Tensor,
    fillsTargets: false,
    InferenceSession: {
      async create() {
        await acts.create?.();
        state.created++;
        return {
          run: acts.run ?? doubled,
          async release() {
            state.released++;
          },
        } as unknown as InferenceSession; // as much of it as the adapter touches here
      },
    },
  } as unknown as Engine;
  return { state, runtime: onnxruntime(fake, 'webgpu', 'fake', () => ({}), {}) };
}
const later = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

it('a compilation that is stopped ends at once, and the session is given back when it is there', async () => {
  let finish = (): void => undefined;
  const { state, runtime } = engine({ create: () => new Promise((done) => (finish = done)) });
  const stop = new AbortController();
  const compiling = runtime.compile(graph, { signal: stop.signal });
  await later(5);
  stop.abort();
  await expect(compiling).rejects.toMatchObject({ code: 'ABORTED' });
  expect(state.created).toBe(0);
  finish();
  await later(5);
  expect(state).toEqual({ created: 1, released: 1 });
});

it('a compilation that fails is named with the engine and its words', async () => {
  const { runtime } = engine({ create: () => Promise.reject(new Error('no kernel for Foo')) });
  await expect(runtime.compile(graph)).rejects.toMatchObject({
    code: 'RUNTIME',
    message: 'onnxruntime (webgpu): the model could not be loaded: no kernel for Foo',
  });
});

it('a run that is stopped ends at once; the next one and dispose wait until the engine is done', async () => {
  const order: string[] = [];
  let finish: () => void = () => undefined;
  const { state, runtime } = engine({
    async run() {
      order.push('begins');
      if (order.length === 1) await new Promise<void>((done) => (finish = done));
      order.push('ends');
      return doubled();
    },
  });
  const program = await runtime.compile(graph);
  const stop = new AbortController();
  const stopped = program.run(feeds, { signal: stop.signal });
  await later(5);
  stop.abort();
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
  const next = program.run(feeds);
  const disposed = program.dispose();
  await later(5);
  expect(order).toEqual(['begins']);
  expect(state.released).toBe(0);
  finish();
  expect([...(await next).y!.data]).toEqual([2, 4]);
  await disposed;
  expect(order).toEqual(['begins', 'ends', 'begins', 'ends']);
  expect(state.released).toBe(1);
});

it("a run that writes into the caller's arrays is finished before it is stopped", async () => {
  const { runtime } = engine({ run: () => later(20).then(doubled) });
  const program = await runtime.compile(graph);
  const stop = new AbortController();
  const target = value('float32', [2], [0, 0]);
  const running = program.run(feeds, { signal: stop.signal, into: { y: target } });
  await later(5);
  stop.abort();
  await running;
  expect([...target.data]).toEqual([2, 4]);
});

it.each([
  'Device is lost: reset by the driver',
  'GPUDevice was lost',
  'DXGI_ERROR_DEVICE_REMOVED',
  'A valid external Instance reference no longer exists: device was destroyed',
])('a device that is gone is named, and every later run says so: %s', async (message) => {
  let runs = 0;
  const { runtime, state } = engine({
    run: () => {
      runs++;
      return Promise.reject(new Error(message));
    },
  });
  const program = await runtime.compile(graph);
  for (let i = 0; i < 2; i++)
    await expect(program.run(feeds)).rejects.toMatchObject({
      code: 'RUNTIME',
      message: expect.stringMatching(
        /^webgpu: the GPU's device was lost .*; start the program again, or use another device/,
      ),
      detail: { lost: true },
    });
  expect(runs).toBe(1);
  await program.dispose();
  expect(state.released).toBe(1);
});
