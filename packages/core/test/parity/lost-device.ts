// The part that runs in a browser: takes the graphics device away from an engine in the middle of its work.

import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import { isYumoError } from '../../src/errors.ts';
import { matmul, mul } from '../../src/ops/build.ts';
import { onnxruntimeWeb } from '../../src/runtimes/onnxruntime.web.ts';
import type { Program, Runtime } from '../../src/runtimes/runtime.ts';
import { tfjs } from '../../src/runtimes/tfjs.ts';
import { type Graph, tensor } from '../../src/tensor.ts';
import { value } from '../../src/value.ts';

/** Numbers of the result, or the error's code, sentence and mark. */
export type Answer =
  | readonly number[]
  | { readonly code: string; readonly message: string; readonly lost: unknown }
  | string;

export interface LostDevicePage {
  /** What runs answer, by what was done before. */
  lose(engine: 'onnxruntime' | 'tfjs'): Promise<Readonly<Record<string, Answer>>>;
}

interface Device {
  destroy(): void;
}
const devices: Device[] = [];
const { prototype } = (
  globalThis as unknown as { GPUAdapter: { prototype: { requestDevice(o?: unknown): Promise<Device> } } }
).GPUAdapter;
const { requestDevice } = prototype;
prototype.requestDevice = async function (options) {
  const device = await requestDevice.call(this, options);
  devices.push(device);
  return device;
};

tf.enableProdMode();
const open: Readonly<Record<string, () => Promise<Runtime>>> = {
  onnxruntime: () => onnxruntimeWeb({ device: 'webgpu', wasmPaths: `${location.origin}/ort/` }),
  tfjs: () => tfjs({ tf, backend: 'webgpu' }),
};

const x = tensor('x', 'float32', [2, 2]);
const graph: Graph = { inputs: [x], outputs: { y: matmul(x, mul(x, 2)) } };
const feeds = () => ({ x: value('float32', [2, 2], [1, 2, 3, 4]) });

async function answer(work: () => Promise<Iterable<number>>): Promise<Answer> {
  try {
    return [...(await work())];
  } catch (error) {
    return isYumoError(error)
      ? { code: error.code, message: error.message, lost: error.detail.lost }
      : `not named: ${error}`;
  }
}
const numbers = async (program: Program): Promise<Iterable<number>> =>
  (await program.run(feeds())).y!.data as Float32Array;

const lostDevice: LostDevicePage = {
  async lose(engine) {
    const runtime = await open[engine]!();
    const program = await runtime.compile(graph);
    const kept = await runtime.compile(graph, { resident: ['y'] });
    const state = value('float32', [2, 2], [0, 0, 0, 0]);
    await kept.run(feeds(), { into: { y: state } });
    const before = await answer(() => numbers(program));
    for (const device of devices) device.destroy();
    return {
      before,
      'the same program': await answer(() => numbers(program)),
      'once more': await answer(() => numbers(program)),
      'state on the device': await answer(async () => {
        await runtime.settle?.({ y: state });
        return state.data as Float32Array;
      }),
      'a new program': await answer(async () => numbers(await runtime.compile(graph))),
      'a new program with state on the device': await answer(async () => {
        const again = await runtime.compile(graph, { resident: ['y'] });
        const target = value('float32', [2, 2], [0, 0, 0, 0]);
        await again.run(feeds(), { into: { y: target } });
        await again.run({ x: target }, { into: { y: target } });
        await runtime.settle?.({ y: target });
        return target.data as Float32Array;
      }),
      'a new runtime': await answer(async () => numbers(await (await open[engine]!()).compile(graph))),
      'the end of the program that was told': await answer(() => program.dispose().then(() => [])),
      'the end of the program with state on the device': await answer(() => kept.dispose().then(() => [])),
    };
  },
};
Object.assign(globalThis, { lostDevice });
