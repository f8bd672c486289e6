// How a training step's time grows with batch, context and width, and which operations it consists of.
//
//   pnpm bench training-growth [--size S] [--steps 8] [--warmup 2] [--threads 2] [--profile S,M] [--only growth|profile]
//
// GPT-2 with AdamW, each size in a process of its own; one of the three is changed at a time, heads with the width so that each keeps 64
// numbers. Milliseconds are medians. The exponent is that of a power law between a row and the one before it: 1 is linear growth.
// The profile is onnxruntime's, by operator, of a run of its own: measuring every operation costs some per cent.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportSteps, sizes, tokenBatches } from './training/shared.mjs';
import { compiledStep } from './training/step.mjs';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: 'S' },
    steps: { type: 'string', default: '8' },
    warmup: { type: 'string', default: '2' },
    threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    profile: { type: 'string', default: 'S,M' },
    only: { type: 'string' },
    child: { type: 'string' },
  },
});
const [steps, warmup, threads] = ['steps', 'warmup', 'threads'].map((n) => Number(values[n]));
const headSize = 64;

/** What is changed, its values, and the size that it makes. */
const axes = {
  batch: { of: [4, 8, 16, 32], with: (size, batch) => ({ ...size, batch }) },
  context: { of: [64, 128, 256, 512], with: (size, context) => ({ ...size, context }) },
  width: { of: [128, 256, 384, 512], with: (size, hidden) => ({ ...size, hidden, heads: hidden / headSize }) },
};

/** Rows of more operators than these are summed up. */
const shownOperators = 12;

function child(job) {
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      ...[import.meta.filename, '--child', JSON.stringify(job)],
      ...['--steps', String(steps), '--warmup', String(warmup), '--threads', String(threads)],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 },
  );
  if (status !== 0) throw new Error(`training-growth: ${JSON.stringify(job)} ended with ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

async function time(size) {
  const { run, parameters, flopsPerStep } = await compiledStep(size, { threads, steps: steps + warmup });
  await reportSteps({ ...size, steps, warmup }, run, { parameters, flopsPerStep });
}

/** Milliseconds a step by operator, and how many of each there are. */
async function profile(size) {
  const folder = mkdtempSync(join(tmpdir(), 'yumo-profile-'));
  try {
    const { run, dispose } = await compiledStep(size, {
      threads,
      steps: steps + warmup,
      profile: join(folder, 'step'),
    });
    const stream = tokenBatches(size.batch, size.context + 1, size.vocabulary);
    for (let i = 0; i < warmup + steps; i++) await run(stream.next().value, i);
    await dispose();
    const [file] = readdirSync(folder);
    const events = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    const from = events.filter((e) => e.name === 'model_run')[warmup].ts;
    const operators = new Map();
    for (const { cat, name, ts, dur, args } of events) {
      if (cat !== 'Node' || !name.endsWith('_kernel_time') || ts < from) continue;
      const known = operators.get(args.op_name) ?? { milliseconds: 0, count: 0 };
      known.milliseconds += dur / 1000 / steps;
      known.count += 1 / steps;
      operators.set(args.op_name, known);
    }
    console.log(JSON.stringify([...operators].map(([operator, of]) => ({ operator, ...of }))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const round = (x, digits = 1) => Number(x.toFixed(digits));
const rows = [];

function growth() {
  for (const [axis, { of, with: changed }] of Object.entries(axes)) {
    let before;
    const table = [];
    for (const value of of) {
      const size = changed(sizes[values.size], value);
      const { secondsPerStep, flopsPerStep, peakMegabytes } = child({ kind: 'time', size });
      const exponent = before ? Math.log(secondsPerStep / before.seconds) / Math.log(value / before.value) : undefined;
      const milliseconds = 1000 * secondsPerStep;
      table.push({
        [axis]: value,
        milliseconds: round(milliseconds),
        'ms / 1000 tokens': round((1000 * milliseconds) / (size.batch * size.context)),
        'GFLOP in products': round(flopsPerStep / 1e9),
        'GFLOP/s': round(flopsPerStep / secondsPerStep / 1e9),
        'peak MB': round(peakMegabytes, 0),
        exponent: exponent === undefined ? '' : round(exponent, 2),
      });
      rows.push({
        row: `${values.size} with ${axis} ${value}${exponent === undefined ? '' : `: exponent ${round(exponent, 2)}`}`,
        ...{ unit: 'ms a step', ours: round(milliseconds), peers: {}, ratio: null },
      });
      before = { value, seconds: secondsPerStep };
    }
    console.table(table);
  }
}

function profiles() {
  for (const name of values.profile.split(',')) {
    const operators = child({ kind: 'profile', size: sizes[name] }).sort((a, b) => b.milliseconds - a.milliseconds);
    const total = operators.reduce((n, o) => n + o.milliseconds, 0);
    const rest = operators.slice(shownOperators);
    const sum = (key) => rest.reduce((n, o) => n + o[key], 0);
    const shown = [
      ...operators.slice(0, shownOperators),
      ...(rest.length > 0
        ? [{ operator: `${rest.length} others`, milliseconds: sum('milliseconds'), count: sum('count') }]
        : []),
    ];
    console.table(
      shown.map(({ operator, milliseconds, count }) => ({
        [name]: operator,
        ...{ milliseconds: round(milliseconds), share: round(milliseconds / total, 3), nodes: Math.round(count) },
      })),
    );
    for (const { operator, milliseconds } of shown)
      rows.push({
        row: `${name}: ${operator}, ${round((100 * milliseconds) / total)} %`,
        ...{ unit: 'ms a step', ours: round(milliseconds), peers: {}, ratio: null },
      });
  }
}

if (values.child) {
  const { kind, size } = JSON.parse(values.child);
  await (kind === 'time' ? time(size) : profile(size));
} else {
  const unknown = [values.size, ...values.profile.split(',')].filter((name) => !(name in sizes));
  if (unknown.length > 0) {
    console.error(`training-growth: no size ${unknown.join(', ')}; there are ${Object.keys(sizes).join(', ')}`);
    process.exit(2);
  }
  const load = loadavg()[0];
  if (load > 0.5) console.log(`the machine is loaded (${load.toFixed(1)}): take these numbers for a look only`);
  if (values.only !== 'profile') growth();
  if (values.only !== 'growth') profiles();
  const machine = {
    ...{ processor: cpus()[0].model.trim(), processors: cpus().length },
    ...{ memoryGigabytes: Math.round(totalmem() / 2 ** 30), node: process.version, threads, load },
  };
  console.log(JSON.stringify({ name: 'training-growth', machine, rows }));
}
