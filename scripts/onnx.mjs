// 8-bit ONNX files of the models in models/: made here, so that the repository carries weights only; what is there and fits is kept.

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

const core = join(root, 'packages/core/dist');

const digest = (paths) => {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(path.slice(root.length)).update('\0').update(readFileSync(path));
  return hash.digest('hex');
};

/** What the files are made of: the model, and the code that writes them. */
const sourcesOf = (folder) => [
  ...['config.json', 'model.safetensors'].map((name) => join(folder, name)),
  ...['export', 'lower/onnx'].flatMap((part) =>
    readdirSync(join(core, part))
      .filter((name) => name.endsWith('.js'))
      .sort()
      .map((name) => join(core, part, name)),
  ),
];

/** Made by an earlier start from the same model, by the same code. */
function isThere(folder, from) {
  try {
    const made = JSON.parse(readFileSync(join(folder, 'onnx/made.json'), 'utf8'));
    if (made.from !== from || !made.files.every((file) => existsSync(join(folder, file.path)))) return false;
    // A checkout may have touched the weights: files older than those count as stale elsewhere.
    const now = new Date();
    for (const file of made.files) utimesSync(join(folder, file.path), now, now);
    return true;
  } catch {
    return false;
  }
}

/** Exports what is missing below `folder`. A model that cannot be exported is said and left out: the app runs its weights. */
export async function makeOnnx(folder = join(root, 'models')) {
  const names = readdirSync(folder).filter((name) =>
    ['config.json', 'model.safetensors'].every((file) => existsSync(join(folder, name, file))),
  );
  let exporting;
  for (const name of names) {
    const model = join(folder, name);
    const from = digest(sourcesOf(model));
    if (isThere(model, from)) continue;
    const started = performance.now();
    process.stdout.write(`yumo: 8-bit files of ${name} … `);
    try {
      exporting ??= import(pathToFileURL(join(core, 'index.node.js')).href);
      const { diskSource, exportBundle, onnxruntimeNode, openBundle } = await exporting;
      const runtime = await onnxruntimeNode();
      const { files } = await exportBundle(await openBundle(diskSource(model)), { runtime, forms: ['int8'] });
      mkdirSync(join(model, 'onnx'), { recursive: true });
      const write = (path, content) => {
        writeFileSync(`${join(model, path)}.part`, content);
        renameSync(`${join(model, path)}.part`, join(model, path));
      };
      for (const file of files) write(file.path, file.bytes);
      const record = files.map(({ path, bytes, difference }) => ({
        path,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        ...difference,
      }));
      write('onnx/made.json', `${JSON.stringify({ from, files: record }, null, 2)}\n`);
      const size = files.reduce((n, file) => n + file.bytes.length, 0);
      console.log(`${(size / 1e6).toFixed(1)} MB in ${((performance.now() - started) / 1000).toFixed(1)} s`);
    } catch (error) {
      rmSync(join(model, 'onnx/made.json'), { force: true });
      console.log(`not made (${error instanceof Error ? error.message : String(error)})`);
    }
  }
}

if (process.argv[1] === import.meta.filename) await makeOnnx(process.argv[2]);
