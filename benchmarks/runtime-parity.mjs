// The same small model on every runtime that is here: how far each is from float64, and how fast: forward, a step of decoding, a training step.
//
//   pnpm bench runtime-parity [--runs 20] [--runtimes "onnxruntime cpu,tfjs wasm"] [--limit 600]
//
// GPT-2 of 2 layers, 64 wide, 4 × 32 tokens. Each runtime has a process of its own, and a browser where it needs one. The truth is the
// interpreter in double precision; a difference is the largest of |got − wanted| / max(1, |wanted|) over all outputs: logits, keys and values;
// of the training step the loss and every new parameter. WebGPU and WebGL run on a processor where there is no graphics card: their speed then
// says nothing about one. A runtime that gives no answer within the limit (seconds) is told and passed over.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

/** Chromium's package brings a Vulkan driver in software, and the library that loads it. */
const software = '/usr/lib/chromium/vk_swiftshader_icd.json';
const inNode = (open) => async (runs) => {
  const core = await import('@yumo/core/node');
  const { measure } = await import('./runtime-parity/tasks.mjs');
  return measure(core, await open(core), runs);
};
const inChromium = (engine) => async (runs) =>
  (await import('./runtime-parity/chromium.mjs')).measureInChromium(engine, runs);
const runtimes = {
  'onnxruntime cpu': inNode((core) => core.onnxruntimeNode()),
  'onnxruntime webgpu': inNode((core) => core.onnxruntimeNode({ device: 'webgpu' })),
  'onnxruntime-web wasm': inNode((core) => core.onnxruntimeWasm()),
  'onnxruntime-web wasm in Chromium': inChromium('wasm'),
  'onnxruntime-web webgpu in Chromium': inChromium('webgpu'),
  'tfjs cpu': inNode((core) => core.tfjsNode({ device: 'tfjs-cpu' })),
  'tfjs wasm': inNode((core) => core.tfjsNode({ device: 'tfjs-wasm' })),
  'tfjs webgl in Chromium': inChromium('tfjs-webgl'),
  'tfjs webgpu in Chromium': inChromium('tfjs-webgpu'),
};

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    runtimes: { type: 'string', default: Object.keys(runtimes).join() },
    limit: { type: 'string', default: '600' },
    one: { type: 'string' },
  },
});
const round4 = (x) => Number(x.toPrecision(4));

function compare() {
  const load = loadavg()[0];
  const rows = [];
  const descriptions = {};
  for (const label of values.runtimes.split(',')) {
    if (!(label in runtimes)) {
      console.error(`runtime-parity: no runtime "${label}"; there are ${Object.keys(runtimes).join(', ')}`);
      process.exit(2);
    }
    const env = { ...process.env };
    if (label === 'onnxruntime webgpu' && existsSync(software) && !(env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES)) {
      env.VK_ICD_FILENAMES = software;
      env.LD_LIBRARY_PATH = [env.LD_LIBRARY_PATH, dirname(software)].filter(Boolean).join(':');
    }
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [import.meta.filename, '--one', label, '--runs', values.runs],
      { encoding: 'utf8', env, timeout: 1000 * Number(values.limit) },
    );
    if (status !== 0) {
      const why = signal
        ? `no answer within ${values.limit} s`
        : (/^\w*Error.*$/m.exec(stderr)?.[0] ?? stderr.trim().split('\n').at(-1) ?? 'it ended without a word');
      console.log(`${label}: not here: ${why}`);
      descriptions[label] = `not here: ${why.slice(0, 200)}`;
      continue;
    }
    const { description, result } = JSON.parse(stdout.trim().split('\n').at(-1));
    descriptions[label] = description;
    for (const [task, { worst, seconds, spread }] of Object.entries(result)) {
      console.log(
        `${label.padEnd(34)} ${task.padEnd(14)} ${(1000 * seconds).toFixed(2).padStart(9)} ms, ${worst.toExponential(1)} from float64`,
      );
      rows.push({
        row: `${label}, ${task}`,
        unit: 'ms (beside it: largest difference to float64)',
        ours: round4(1000 * seconds),
        peers: { 'difference to float64': Number(worst.toPrecision(2)) },
        ratio: null,
        spread: spread.map((s) => round4(1000 * s)),
      });
    }
  }
  const machine = {
    processor: cpus()[0].model.trim(),
    processors: availableParallelism(),
    node: process.version,
    load: round4(load),
  };
  console.log(JSON.stringify({ name: 'runtime-parity', machine, runtimes: descriptions, rows }));
}

if (values.one) {
  console.log(JSON.stringify(await runtimes[values.one](Number(values.runs))));
  process.exit(0); // an engine's threads would keep the process alive
} else compare();
