// TensorFlow.js on WebGPU in a browser: integers are moved rightly, and a shader that does not compile is an error and not a row of zeros.

import { expect, it } from 'vitest';
import { Absent, openPage } from './parity/columns.ts';
import type { TfjsWebGpuPage } from './parity/tfjs-webgpu.ts';

/** @returns undefined, and a line, where there is no Chromium. */
async function ask(what: keyof TfjsWebGpuPage): Promise<unknown> {
  try {
    await using opened = await openPage('tfjs-webgpu.ts', 'tfjsWebGpu');
    return await opened.page.evaluate(`tfjsWebGpu[${JSON.stringify(what)}]()`);
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    console.info(`tfjs webgpu: not tested: ${error.message}`);
    return undefined;
  }
}

it('moves and adds integers, whose transposition has no shader that compiles', async () => {
  const answers = await ask('integers');
  if (!answers) return;
  const moved = [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11];
  expect(answers).toEqual({
    moved,
    'as floats': moved,
    'sums of floats': [6, 9, 24, 27],
    'sums of integers': [6, 9, 24, 27],
    'running sums': [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16],
    'places of the largest': [2, 2, 2, 2],
  });
}, 120_000);

it('refuses integers that its shaders would round', async () => {
  const answers = await ask('large');
  if (!answers) return;
  const why =
    'holds the integer -16777217, and this backend keeps integers as float32, exact up to 2²⁴; use --device webgpu, cpu or tfjs-wasm';
  expect(answers).toEqual([`RUNTIME tfjs-webgpu: input "x" ${why}`, `RUNTIME tfjs-webgpu: weight "x" ${why}`]);
}, 120_000);

it('says that the GPU refused a shader', async () => {
  const answers = await ask('broken');
  if (!answers) return;
  const refused = expect.stringMatching(
    /^RUNTIME tfjs-webgpu: the GPU refused a part of the work, and the results are worthless: .+; use --device/,
  );
  expect(answers).toEqual([refused, refused]);
}, 120_000);
