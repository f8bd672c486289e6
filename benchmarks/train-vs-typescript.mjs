// A training step of GPT-2 on the CPU: ours against what else trains in TypeScript, TensorFlow.js and jax-js; whole processes in turn.
//
//   pnpm bench train-vs-typescript [--peers tfjs-wasm,tfjs-cpu,jax-js] [--sizes S,XS] [--rounds 3] [--steps 5] [--warmup 2] [--threads 2] [--limit 300]
//
// Same model, first weights, token stream, loss, clipping and AdamW on all sides (peers/tfjs_step.mjs, peers/jax_js_step.mjs), no dropout.
// A peer is measured at the first size that it gets through within the limit (seconds a process); where it fails, its error is in the rows.
// The work is equal when the losses are: after the same steps they differ by float32's rounding only, or the benchmark ends with 1.
// The peers have one thread in Node (their threads are the browser's workers), so our own single thread stands beside our best.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, sizes } from './training/shared.mjs';

const peers = {
  'tfjs-wasm': { name: 'TensorFlow.js wasm', file: 'tfjs_step.mjs', more: ['--backend', 'wasm'] },
  'tfjs-cpu': { name: 'TensorFlow.js cpu', file: 'tfjs_step.mjs', more: ['--backend', 'cpu'] },
  'jax-js': { name: 'jax-js wasm', file: 'jax_js_step.mjs', more: [] },
};
/** Largest difference of losses, of their size, that rounding explains: the first differ in the seventh digit, and steps amplify it. */
const tolerance = 1e-4;

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: Object.keys(peers).join() },
    sizes: { type: 'string', default: 'S,XS' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '2' },
    threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    limit: { type: 'string', default: '300' },
  },
});
const [rounds, limit] = [Number(values.rounds), Number(values.limit)];
for (const [option, known] of Object.entries({ peers, sizes }))
  for (const name of values[option].split(','))
    if (!(name in known) || (option === 'sizes' && sizes[name].model !== 'gpt2')) {
      const names = Object.keys(known).filter((n) => option === 'peers' || sizes[n].model === 'gpt2');
      console.error(`train-vs-typescript: --${option} has no ${name}; there are ${names.join(', ')}`);
      process.exit(2);
    }
const counts = ['--steps', values.steps, '--warmup', values.warmup];

/** What a process tells in its last line, or `{ error }`: the line of its error, or that it took too long. */
function measured(parameters) {
  const options = { encoding: 'utf8', timeout: 1000 * limit, killSignal: 'SIGKILL', maxBuffer: 1 << 26 };
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, parameters, options);
  if (status === 0) return JSON.parse(stdout.trim().split('\n').at(-1));
  if (error?.code === 'ETIMEDOUT') return { error: `took more than ${limit} s` };
  const line =
    stderr.split('\n').find((l) => /^\s*\w*(Error|Exception|FATAL ERROR)\b/.test(l)) ??
    stderr.trim().split('\n').at(-1);
  return { error: line?.trim() || `ended with ${signal ?? status}` };
}
const ours = (size, threads, weights) => {
  const file = join(import.meta.dirname, 'train-vs-pytorch.mjs');
  const start = weights ? ['--weights', weights] : [];
  const result = measured([file, '--side', 'ours', '--sizes', size, '--threads', String(threads), ...counts, ...start]);
  if (result.error) throw new Error(`our own step of ${size}: ${result.error}`);
  return result;
};
const theirs = ({ file, more }, size, weights) => {
  const numbers = Object.entries(sizes[size]).flatMap(([name, x]) => [`--${name}`, String(x)]);
  const common = [...numbers, ...counts, '--threads', values.threads, '--weights', weights];
  return measured([join(import.meta.dirname, 'peers', file), ...common, ...more]);
};

const ms = (seconds) => `${(1000 * seconds).toFixed(0)} ms`;
const round4 = (x) => Number(x.toPrecision(4));
const tell = (size, round, side, r) =>
  console.log(
    `${size} round ${round} ${side.padEnd(20)} ${ms(r.secondsPerStep)} (best ${ms(r.bestSecondsPerStep)}, processor ${ms(r.cpuSecondsPerStep)}), ${r.peakMegabytes.toFixed(0)} MB, loss ${r.losses[0].toFixed(4)} to ${r.losses.at(-1).toFixed(4)}`,
  );
/** The largest difference of two lists of losses, of their size. */
const difference = (a, b) => Math.max(...a.map((x, i) => Math.abs(x - b[i]) / Math.abs(x)));

const load = loadavg()[0];
if (load > 0.5) console.log(`the machine is loaded (${load.toFixed(1)}): take these numbers for a look only`);
const folder = mkdtempSync(join(tmpdir(), 'yumo-peers-'));
const rows = [];
let equal = true;
try {
  for (const peer of values.peers.split(',').map((name) => peers[name])) {
    for (const size of values.sizes.split(',')) {
      const weights = join(folder, `${size}.safetensors`);
      const sides = {
        ours: () => ours(size, values.threads, weights),
        'ours, 1 thread': () => ours(size, 1),
        [peer.name]: () => theirs(peer, size, weights),
      };
      const results = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
      let failure;
      for (let round = 1; round <= rounds && !failure; round++)
        for (const [side, run] of Object.entries(sides)) {
          const result = run();
          failure = result.error;
          if (failure) break;
          results[side].push(result);
          tell(size, round, side, result);
        }
      if (failure) {
        console.log(`${size} ${peer.name}: ${failure}`);
        rows.push({
          row: `${size}: training, beside ${peer.name}`,
          ...{ unit: 'tokens/s', ours: null, peers: { [peer.name]: failure }, ratio: null },
        });
        continue;
      }
      const [mine, alone, other] = Object.values(results);
      const apart = difference(mine[0].losses, other[0].losses);
      equal &&= apart <= tolerance;
      console.log(
        `${size} ${peer.name}: losses differ by ${apart.toExponential(1)} of their size (at most ${tolerance})`,
      );
      const tokens = sizes[size].batch * sizes[size].context;
      const speed = (side) => tokens / median(side.map((r) => r.secondsPerStep));
      const memory = (side) => median(side.map((r) => r.peakMegabytes));
      const row = (what, unit, side, of, ratio) =>
        rows.push({
          row: `${size}: ${what}, beside ${peer.name}`,
          ...{ unit, ours: round4(of(side)), peers: { [`${peer.name} ${other[0].version}`]: round4(of(other)) } },
          ...{ ratio: round4(ratio(side)), lossesDiffer: apart },
        });
      row('training', 'tokens/s', mine, speed, (side) => speed(side) / speed(other));
      row('training, our one thread', 'tokens/s', alone, speed, (side) => speed(side) / speed(other));
      row('peak memory of the process', 'MB', mine, memory, (side) => memory(other) / memory(side));
      break;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const machine = {
  processor: cpus()[0].model.trim(),
  processors: cpus().length,
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  threads: Number(values.threads),
  load,
};
console.log(JSON.stringify({ name: 'train-vs-typescript', machine, rows }));
if (!equal) {
  console.error(
    `train-vs-typescript: losses differ by more than ${tolerance} of their size: the sides do not do the same work`,
  );
  process.exit(1);
}
