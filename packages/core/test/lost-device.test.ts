// A graphics device that goes away in a browser: onnxruntime gets a new one, TensorFlow.js says what to do.

import { expect, it } from 'vitest';
import { Absent, openPage } from './parity/columns.ts';
import type { LostDevicePage } from './parity/lost-device.ts';

type Answers = Awaited<ReturnType<LostDevicePage['lose']>>;

/** @returns undefined, and a line, where there is no Chromium. */
async function lose(engine: 'onnxruntime' | 'tfjs'): Promise<Answers | undefined> {
  try {
    await using opened = await openPage('lost-device.ts', 'lostDevice');
    return await opened.page.evaluate(
      (name) => (globalThis as unknown as { lostDevice: LostDevicePage }).lostDevice.lose(name),
      engine,
    );
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    console.info(`lost device: not tested: ${error.message}`);
    return undefined;
  }
}

const lost = (message: RegExp) => ({ code: 'RUNTIME', lost: true, message: expect.stringMatching(message) });
const product = [14, 20, 30, 44]; // x · 2x of [[1, 2], [3, 4]]

it('onnxruntime: what was made on the lost device says so, and what is made afterwards runs on a new one', async () => {
  const answers = await lose('onnxruntime');
  if (!answers) return;
  const named = lost(/^webgpu: the GPU's device was lost \([^:]*\); load the model again, or use another device/);
  expect(answers).toEqual({
    before: product,
    'the same program': named,
    'once more': named,
    'state on the device': named,
    'a new program': product,
    'a new program with state on the device': [1592, 2320, 3480, 5072], // and once more, of the product
    'a new runtime': product,
    'the end of the program that was told': [],
    'the end of the program with state on the device': named,
  });
}, 180_000);

it('TensorFlow.js: every later run says that its device was lost', async () => {
  const answers = await lose('tfjs');
  if (!answers) return;
  const named = lost(/^tfjs-webgpu: the GPU's device was lost \([^:]*\); load the page again, or use another device/);
  expect(answers).toEqual({
    before: product,
    'the same program': named,
    'once more': named,
    'state on the device': product, // it leaves nothing there
    'a new program': named,
    'a new program with state on the device': named,
    'a new runtime': named,
    'the end of the program that was told': [],
    'the end of the program with state on the device': [],
  });
}, 180_000);
