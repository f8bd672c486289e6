// The same small model on every runtime that is here: how far each is from float64, and how fast: forward, a step of decoding, a training step.
//
//   pnpm bench runtime-parity [--runs 20] [--runtimes "onnxruntime cpu,tfjs wasm"]
//
// GPT-2 of 2 layers, 64 wide, 4 × 32 tokens. Each runtime has a process of its own. The truth is the interpreter in double precision; a difference is
// the largest of |got − wanted| / max(1, |wanted|) over all outputs: logits, keys and values; of the training step the loss and every new
// parameter. WebGPU in Node runs on a software Vulkan where there is no graphics card: its speed then says nothing about one.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const built = (path) => import(join(import.meta.dirname, '../packages', path));
const software = '/usr/lib/chromium/vk_swiftshader_icd.json';
const tensorFlow = async (backend) => {
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-cpu');
  await import('@tensorflow/tfjs-backend-wasm');
  tf.enableProdMode(); // its greeting asks for another package
  const core = await built('core/dist/index.node.js');
  return core.tfjs({ tf, backend });
};
const runtimes = {
  'onnxruntime cpu': async () => (await built('core/dist/index.node.js')).onnxruntimeNode(),
  'onnxruntime-web wasm': async () =>
    (await built('core/dist/runtimes/onnxruntime.web.js')).onnxruntimeWeb({ device: 'wasm' }),
  'onnxruntime webgpu': async () => (await built('core/dist/index.node.js')).onnxruntimeNode({ device: 'webgpu' }),
  'tfjs wasm': () => tensorFlow('wasm'),
  'tfjs cpu': () => tensorFlow('cpu'),
};

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    runtimes: { type: 'string', default: Object.keys(runtimes).join() },
    one: { type: 'string' },
  },
});
const median = (xs) => xs.toSorted((a, b) => a - b)[xs.length >> 1];
const round4 = (x) => Number(x.toPrecision(4));

/** Three graphs and what they are fed; the same numbers everywhere. */
function tasks(core) {
  const architecture = core.architectureFor({ model_type: 'gpt2' });
  const json = { n_layer: 2, n_head: 4, n_embd: 64, n_positions: 64, vocab_size: 96 };
  const config = architecture.readConfig(json);
  const [batch, length] = [4, 32];
  const scope = core.parameterScope();
  const inputIds = core.tensor('input_ids', 'int32', [batch, length]);
  const { logits } = architecture.causalLm(scope, { inputIds }, config);
  const { parameters } = scope;
  const weights = Object.fromEntries(
    parameters.map(({ name, shape }, p) => {
      const norm = /ln_.*weight/.test(name) ? 1 : 0;
      const data = Float32Array.from(
        { length: core.sizeOf(shape) },
        (_, i) => norm + 0.2 * (core.uniformAt(1, p, i) - 0.5),
      );
      return [name, { dtype: 'float32', shape, data }];
    }),
  );
  const drawn = (salt, count) =>
    Int32Array.from({ length: count }, (_, i) => Math.floor(96 * core.uniformAt(2, salt, i)));
  const ids = { dtype: 'int32', shape: [batch, length], data: drawn(0, batch * length) };
  const tensors = parameters.map((p) => p.tensor);

  const decoder = core.decoderGraph(architecture, config, { logits: 'last' });
  const cached = (salt) => ({
    dtype: 'float32',
    shape: [batch, 4, length, 16],
    data: Float32Array.from({ length: batch * 4 * length * 16 }, (_, i) => core.uniformAt(3, salt, i) - 0.5),
  });
  const past = Object.fromEntries(
    [0, 1].flatMap((i) => ['key', 'value'].map((part, k) => [`past_key_values.${i}.${part}`, cached(2 * i + k)])),
  );
  const int = (shape, data) => ({ dtype: 'int32', shape, data: Int32Array.from(data) });
  const step = {
    ...past,
    input_ids: int([batch, 1], drawn(1, batch)),
    attention_mask: int([batch, length + 1], new Array(batch * (length + 1)).fill(1)),
    position_ids: int([batch, 1], new Array(batch).fill(length)),
  };

  const loss = core.nextTokenLoss(logits, inputIds);
  const gradients = core.gradient(loss, tensors);
  const updated = parameters.map(({ name, tensor }, i) => [
    `new.${name}`,
    core.sub(tensor, core.mul(gradients[i], core.scalar(0.1))),
  ]);
  return {
    forward: {
      graph: { inputs: [inputIds, ...tensors], outputs: { logits } },
      constants: weights,
      feeds: { input_ids: ids },
    },
    'decoding step': { graph: decoder.graph, constants: weights, feeds: step },
    'training step': {
      graph: { inputs: [inputIds, ...tensors], outputs: { loss, ...Object.fromEntries(updated) } },
      feeds: { ...weights, input_ids: ids },
      purpose: 'training',
    },
  };
}

async function measureOne(label) {
  const core = await built('core/dist/index.node.js');
  const runtime = await runtimes[label]();
  const result = {};
  for (const [task, { graph, constants = {}, feeds, purpose = 'inference' }] of Object.entries(tasks(core))) {
    const options = { constants, purpose };
    const truth = await core.referenceRuntime.compile(graph, options);
    const wanted = await truth.run(feeds);
    const program = await runtime.compile(graph, options);
    let worst = 0;
    const got = await program.run(feeds);
    for (const [name, value] of Object.entries(wanted)) {
      const [a, b] = [core.toFloat64(got[name]), core.toFloat64(value)];
      for (let i = 0; i < b.length; i++) {
        const difference = Math.abs(a[i] - b[i]) / Math.max(1, Math.abs(b[i]));
        worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
      }
    }
    const seconds = [];
    const ends = performance.now() + 15_000; // software graphics take seconds a run
    for (let i = 0; i < Number(values.runs) && (i < 3 || performance.now() < ends); i++) {
      const began = performance.now();
      await program.run(feeds);
      seconds.push((performance.now() - began) / 1000);
    }
    await program.dispose();
    result[task] = { worst, seconds: median(seconds), spread: [Math.min(...seconds), Math.max(...seconds)] };
  }
  console.log(JSON.stringify({ description: runtime.description, result }));
  process.exit(0); // a pool of threads of the WebAssembly engine would keep the process alive
}

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
    if (label === 'onnxruntime webgpu' && existsSync(software)) env.VK_ICD_FILENAMES ??= software;
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [import.meta.filename, '--one', label, '--runs', values.runs],
      {
        encoding: 'utf8',
        env,
        timeout: 120_000,
      },
    );
    if (status !== 0) {
      const why = signal
        ? 'no answer within two minutes'
        : (/^\w*Error.*$/m.exec(stderr)?.[0] ?? stderr.trim().split('\n').at(-1) ?? 'it ended without a word');
      console.log(`${label}: not here: ${why}`);
      descriptions[label] = `not here: ${why.slice(0, 200)}`;
      continue;
    }
    const { description, result } = JSON.parse(stdout.trim().split('\n').at(-1));
    descriptions[label] = description;
    for (const [task, { worst, seconds, spread }] of Object.entries(result)) {
      console.log(
        `${label.padEnd(22)} ${task.padEnd(14)} ${(1000 * seconds).toFixed(2).padStart(9)} ms, ${worst.toExponential(1)} from float64`,
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

if (values.one) await measureOne(values.one);
else compare();
