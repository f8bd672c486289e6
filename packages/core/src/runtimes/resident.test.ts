// State that stays on the device between runs, on an engine that counts what is copied.

import { expect, test } from 'vitest';
import { add } from '../ops/build.ts';
import { tensor } from '../tensor.ts';
import type { Value } from '../value.ts';
import { type Engine, onnxruntime } from './onnxruntime.ts';

const counts = { created: 0, disposed: 0, downloads: 0, uploads: 0, live: 0 };
class Tensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly numbers: Float32Array;
  readonly gpu: boolean;
  gone = false;
  constructor(type: string, data: Float32Array, dims: readonly number[], gpu = false) {
    this.type = type;
    this.dims = dims;
    this.numbers = gpu ? data.slice() : data;
    this.gpu = gpu;
    if (gpu) {
      counts.created++;
      counts.live++;
    }
  }
  get data(): Float32Array {
    if (this.gpu) throw new Error('the numbers are on the device');
    return this.numbers;
  }
  async getData(release = false): Promise<Float32Array> {
    if (this.gone) throw new Error('the tensor was disposed');
    if (this.gpu) counts.downloads++;
    if (release) this.dispose();
    return this.numbers.slice();
  }
  dispose(): void {
    if (!this.gone && this.gpu) counts.live--;
    this.gone = true;
  }
}

/** Adds its two inputs; an output stays on the device when that was asked for. */
const engine = {
  Tensor,
  fillsTargets: false,
  keepsOutputs: true,
  InferenceSession: {
    create: async (_: Uint8Array, options: { preferredOutputLocation?: Readonly<Record<string, string>> }) => ({
      async run(feeds: Readonly<Record<string, Tensor>>, fetches: Readonly<Record<string, null>>) {
        for (const feed of Object.values(feeds)) {
          if (feed.gone) throw new Error('a disposed tensor was fed');
          if (!feed.gpu) counts.uploads++;
        }
        const [a, b] = [feeds.state!, feeds.x!];
        const sum = a.numbers.map((v, i) => v + b.numbers[i]!);
        return Object.fromEntries(
          Object.keys(fetches).map((name) => [
            name,
            new Tensor('float32', sum, a.dims, options.preferredOutputLocation?.[name] === 'gpu-buffer'),
          ]),
        );
      },
      release: async () => undefined,
      inputMetadata: [],
      outputMetadata: [],
    }),
  },
} as unknown as Engine; // the part that is used

test('numbers go to the device once, stay there from run to run, and come back when they are asked for', async () => {
  const runtime = onnxruntime(engine, 'fake', 'fake', () => ({}), { contrib: true, webgpu: true });
  const [state, x] = [tensor('state', 'float32', [3]), tensor('x', 'float32', [3])];
  const graph = { inputs: [state, x], outputs: { 'state.next': add(state, x), seen: add(state, x) } };
  const program = await runtime.compile(graph, { purpose: 'training', resident: ['state.next'] });
  const held: Value = { dtype: 'float32', shape: [3], data: Float32Array.of(1, 2, 3) };
  const one: Value = { dtype: 'float32', shape: [3], data: Float32Array.of(1, 1, 1) };
  for (let i = 0; i < 4; i++) {
    const { seen } = await program.run({ state: held, x: one }, { into: { 'state.next': held } });
    expect([...(seen!.data as Float32Array)]).toEqual([2 + i, 3 + i, 4 + i]);
  }
  // The state was uploaded once, the batch four times; of the state's buffers one is left, and none came back.
  expect(counts).toMatchObject({ uploads: 5, downloads: 0, live: 1, created: 4 });
  expect([...(held.data as Float32Array)]).toEqual([1, 2, 3]);
  await runtime.settle!({ held });
  expect([...(held.data as Float32Array)]).toEqual([5, 6, 7]);
  // Without a target the numbers are handed out at once.
  const { 'state.next': next } = await program.run({ state: held, x: one });
  expect([...(next!.data as Float32Array)]).toEqual([6, 7, 8]);
  // Another program of the runtime takes them from the device; the first one, disposed, leaves them in the array.
  const other = await runtime.compile(graph, { resident: ['state.next'] });
  await program.run({ state: held, x: one }, { into: { 'state.next': held } });
  expect([...((await other.run({ state: held, x: one })).seen!.data as Float32Array)]).toEqual([7, 8, 9]);
  await program.dispose();
  expect([...(held.data as Float32Array)]).toEqual([6, 7, 8]);
  expect([...((await other.run({ state: held, x: one })).seen!.data as Float32Array)]).toEqual([7, 8, 9]);
  await other.dispose();
  expect(counts.live).toBe(0);
});
