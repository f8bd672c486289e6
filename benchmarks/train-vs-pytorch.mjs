// A training step of GPT-2, BERT and T5 on the CPU: ours against PyTorch, whole processes in turn.
//
//   pnpm bench train-vs-pytorch [--sizes S,M,C,bert,t5] [--rounds 3] [--steps 12] [--warmup 3] [--threads 2] [--parts 1] [--as-installed]
//
// Same model, token stream, loss, clipping and AdamW on both sides (peers/pytorch_step.py), no dropout. Medians over steps, then over
// rounds. PyTorch runs with OMP_WAIT_POLICY=passive, which is how it is fast; --as-installed measures it without as well.
// The share of the machine: multiplications that the step's matrix products need, over what the fastest of them reaches on this machine.
// The share of the ceiling: the time that the step's products take alone, as onnxruntime runs them, over the time of the step.
// bert: masked language model, one token in seven; our head reads those only, PyTorch's all, as the usual implementations do.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, reportSteps, sizes } from './training/shared.mjs';
import { compiledStep, libraries, productsAlone } from './training/step.mjs';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: 'S,M,C,bert,t5' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '12' },
    warmup: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    parts: { type: 'string', default: '1' },
    'as-installed': { type: 'boolean', default: false },
    side: { type: 'string' },
    weights: { type: 'string' },
  },
});
const [rounds, steps, warmup, threads, parts] = ['rounds', 'steps', 'warmup', 'threads', 'parts'].map((n) =>
  Number(values[n]),
);

function compare() {
  const names = values.sizes.split(',');
  const unknown = names.filter((n) => !(n in sizes));
  if (unknown.length > 0) {
    console.error(`train-vs-pytorch: no size ${unknown.join(', ')}; there are ${Object.keys(sizes).join(', ')}`);
    process.exit(2);
  }
  const load = loadavg()[0];
  if (load > 0.5) console.log(`the machine is loaded (${load.toFixed(1)}): take these numbers for a look only`);
  const python = findPython();
  if (!python) console.log('PyTorch is not installed (Debian: apt-get install python3-torch); the rows have no peer');
  const rows = [];
  for (const name of names) {
    const products = [];
    const sides = new Map([
      ['ours', () => own(['--side', 'ours', '--sizes', name, '--parts', String(parts)])],
      ...(python ? [['PyTorch', () => peer(python, sizes[name], 'passive')]] : []),
      ...(python && values['as-installed']
        ? [['PyTorch as installed', () => peer(python, sizes[name], 'active')]]
        : []),
    ]);
    const results = new Map([...sides.keys()].map((side) => [side, []]));
    for (let round = 0; round < rounds; round++) {
      products.push(own(['--side', 'products', '--sizes', name]));
      for (const [side, run] of sides) {
        const result = run();
        results.get(side).push(result);
        console.log(
          `${name} round ${round + 1} ${side.padEnd(20)} ${ms(result.secondsPerStep)} (best ${ms(result.bestSecondsPerStep)}, processor ${ms(result.cpuSecondsPerStep)}), ${result.peakMegabytes.toFixed(0)} MB, loss ${result.losses.at(-1).toFixed(3)}`,
        );
      }
    }
    const { context, batch } = sizes[name];
    const speed = (side) => (batch * context) / median(results.get(side).map((r) => r.secondsPerStep));
    const memory = (side) => median(results.get(side).map((r) => r.peakMegabytes));
    const peers = [...sides.keys()].filter((s) => s !== 'ours');
    const row = (what, unit, of, better) => {
      const others = Object.fromEntries(peers.map((s) => [label(s, results), round4(of(s))]));
      const best = peers.length > 0 ? better(...peers.map(of)) : undefined;
      const ratio = best === undefined ? null : round4(better === Math.max ? of('ours') / best : best / of('ours'));
      rows.push({ row: `${name}: ${what}`, unit, ours: round4(of('ours')), peers: others, ratio });
    };
    row('training', 'tokens/s', speed, Math.max);
    row('peak memory of the process', 'MB', memory, Math.min);
    const seconds = median(results.get('ours').map((r) => r.secondsPerStep));
    const fastest = Math.max(...products.map((p) => p.flopsPerSecond));
    const alone = median(products.map((p) => p.secondsPerStep));
    const share = (what, unit, of) =>
      rows.push({ row: `${name}: share of ${what}`, unit, ours: round4(of), peers: {}, ratio: null });
    const { flopsPerStep } = results.get('ours')[0];
    share(
      "the machine's matrix products",
      `of ${(fastest / 1e9).toFixed(0)} GFLOP/s`,
      flopsPerStep / fastest / seconds,
    );
    share('its ceiling, the products alone', `of ${ms(seconds)}`, alone / seconds);
    for (const s of ['ours', ...peers]) {
      const times = results.get(s).map((r) => r.secondsPerStep);
      console.log(
        `${name} ${s.padEnd(20)} median ${ms(median(times))}, spread ${ms(Math.min(...times))} to ${ms(Math.max(...times))}`,
      );
    }
  }
  const machine = {
    processor: cpus()[0].model.trim(),
    processors: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    threads,
    load,
  };
  console.log(JSON.stringify({ name: 'train-vs-pytorch', machine, rows }));
}

const ms = (seconds) => `${(1000 * seconds).toFixed(0)} ms`;
const round4 = (x) => Number(x.toPrecision(4));
const label = (side, results) => `${side} ${results.get(side)[0].version}`;

function findPython() {
  const candidates = ['python3', '/usr/bin/python3'].filter(Boolean);
  return candidates.find((p) => spawnSync(p, ['-c', 'import torch']).status === 0);
}

/** Runs a command and reads its last line as JSON. */
function lastLine(command, parameters, env = process.env) {
  const { status, stdout } = spawnSync(command, parameters, {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} ended with ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

function own(parameters) {
  const common = ['--steps', String(steps), '--warmup', String(warmup), '--threads', String(threads)];
  return lastLine(process.execPath, [import.meta.filename, ...parameters, ...common]);
}

function peer(python, size, wait) {
  const sized = Object.entries({ ...size, steps, warmup, threads }).flatMap(([name, x]) => [`--${name}`, String(x)]);
  const { OMP_WAIT_POLICY: _, ...env } = process.env;
  return lastLine(python, [join(import.meta.dirname, 'peers/pytorch_step.py'), ...sized, '--wait', wait], env);
}

async function stepOurs(size) {
  const { start, run, parameters, flopsPerStep } = await compiledStep(size, { threads, parts, steps: steps + warmup });
  if (values.weights) {
    const { core } = await libraries();
    writeFileSync(values.weights, core.writeSafetensors(start));
  }
  await reportSteps({ ...size, steps, warmup }, run, { parameters, flopsPerStep });
}

if (values.side === 'ours') await stepOurs(sizes[values.sizes]);
else if (values.side === 'products') console.log(JSON.stringify(await productsAlone(sizes[values.sizes], { threads })));
else compare();
