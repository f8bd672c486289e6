// The optional packages of TensorFlow.js: found when installed, and answered with a way out when not.

import { expect, it } from 'vitest';
import { type Importer, tfjsNode } from './tfjs.node.ts';

const notFound = (name: string): Error =>
  Object.assign(new Error(`Cannot find package '${name}'`), { code: 'ERR_MODULE_NOT_FOUND' });

it('finds the WebAssembly and the plain backend where their packages are installed', async () => {
  for (const device of ['tfjs-wasm', 'tfjs-cpu'] as const)
    expect((await tfjsNode({ device })).description).toMatch(/^TensorFlow\.js 4\.\d+\.\d+, (wasm|cpu)$/);
});

it('says what to install when a package is missing', async () => {
  await expect(tfjsNode({ device: 'tfjs-node-gpu', find: (name) => Promise.reject(notFound(name)) })).rejects.toThrow(
    '--device tfjs-node-gpu: @tensorflow/tfjs-node-gpu is not installed; npm install @tensorflow/tfjs-node-gpu, or use --device cpu',
  );
});

it('takes the whole package where the core is not installed by itself', async () => {
  const asked: string[] = [];
  const find: Importer = (name) => {
    asked.push(name);
    return name === '@tensorflow/tfjs-core' ? Promise.reject(notFound(name)) : import('@tensorflow/tfjs-core');
  };
  expect((await tfjsNode({ device: 'tfjs-cpu', find })).name).toBe('tfjs-cpu');
  expect(asked).toEqual(['@tensorflow/tfjs-core', '@tensorflow/tfjs', '@tensorflow/tfjs-backend-cpu']);
});

it('tells a package without its library from a missing one', async () => {
  const library = "Cannot find module '/x/node_modules/@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node'";
  const broken: Importer = () => Promise.reject(Object.assign(new Error(library), { code: 'MODULE_NOT_FOUND' }));
  await expect(tfjsNode({ device: 'tfjs-node', find: broken })).rejects.toThrow(
    /is installed and cannot be loaded: Cannot find module.*npm rebuild @tensorflow\/tfjs-node/,
  );
});

it('refuses the GPU package when it found no GPU', async () => {
  const without = {
    setBackend: () => Promise.resolve(true),
    getBackend: () => 'tensorflow',
    engine: () => without,
    backend: () => ({ isUsingGpuDevice: false }),
    tidy: undefined,
    tensor: undefined,
  };
  await expect(tfjsNode({ device: 'tfjs-node-gpu', find: () => Promise.resolve(without) })).rejects.toThrow(
    /no CUDA device/,
  );
});

it('answers an unknown device with the nearest one', async () => {
  await expect(tfjsNode({ device: 'tfjs-nod' as 'tfjs-node' })).rejects.toThrow(/did you mean "tfjs-node"/);
});
