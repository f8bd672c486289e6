// The files of the browser's engine, copied next to the app's own files: no page of ours asks another server for anything.

import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;
// onnxruntime-web is a dependency of core: the version that core was written for is the one that is served.
const entry = createRequire(join(here, '../../packages/core/package.json')).resolve('onnxruntime-web/webgpu');
const dist = dirname(entry);
const { version } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8'));
const files = ['ort-wasm-simd-threaded.asyncify.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'];
const folder = join(here, 'public/ort', version);

/** Copies what is not there yet. */
export function copyEngineFiles() {
  mkdirSync(folder, { recursive: true });
  for (const file of files) {
    const copy = join(folder, file);
    const original = join(dist, file);
    if (!existsSync(copy) || statSync(copy).size !== statSync(original).size) copyFileSync(original, copy);
  }
}

/** Where they are served, and how much there is to load. */
export const enginePath = `/ort/${version}/`;
export const engineBytes = files.reduce((sum, file) => sum + statSync(join(dist, file)).size, 0);
export const engineFiles = files;
