// Seconds of training until 1.88 nats a character on tinyshakespeare: our recipe and nanoGPT's, on our engine and on PyTorch.
//
//   pnpm bench time-to-quality [--seeds 3] [--threads 2]
//
// Three trainings a seed, whole processes in turn: nanoGPT's CPU recipe on PyTorch, and ours on both engines. With the first seed also
// nanoGPT's recipe on our engine, and ours without its parts, one at a time, to see what each gave. Seconds are those of the steps (no start-up, no evaluation); the loss is taken once, after the last
// step, over the whole validation part. The number of steps of a recipe is fixed beforehand, so that nothing is stopped at a lucky moment;
// ours was found with the seeds 4 to 6, which are none of those that are measured (docs/log.md).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const goal = 1.88; // nanoGPT's README, for its CPU recipe
const text = join(import.meta.dirname, '../recipes/data/tinyshakespeare.txt.gz');

const rotary = {
  model_type: 'llama',
  ...{ hidden_size: 128, intermediate_size: 344, num_hidden_layers: 4, num_attention_heads: 4 },
  ...{ max_position_embeddings: 64, rms_norm_eps: 1e-6, tie_word_embeddings: true },
};
const learned = {
  model_type: 'gpt2',
  ...{ n_embd: 128, n_layer: 4, n_head: 4, n_positions: 64, embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0 },
};
const muon = {
  kind: 'muon',
  ...{ learningRate: 0.02, momentum: 0.85, weightDecay: 0.1 },
  rest: { learningRate: 0.015, beta2: 0.99, weightDecay: 0.1 },
};
const falling = { kind: 'linear', warmupSteps: 20 };
const zeroStart = ['self_attn.o_proj.weight', 'mlp.down_proj.weight'];
const steps = { nanogpt: 2000, ours: 300 };

/** What is trained, beside data and batch, which all share: 12 rows of 64 characters a step. */
const recipes = {
  nanogpt: {
    model: learned,
    optimizer: { kind: 'adamw', learningRate: 1e-3, beta2: 0.99, weightDecay: 0.1 },
    schedule: { kind: 'cosine', warmupSteps: 100, floor: 0.1 },
    steps: steps.nanogpt,
  },
  ours: { model: rotary, optimizer: muon, schedule: falling, zeroStart, steps: steps.ours },
  withoutMuon: {
    model: rotary,
    optimizer: { kind: 'adamw', learningRate: 4e-3, beta2: 0.99, weightDecay: 0.1 },
    ...{ schedule: falling, zeroStart, steps: steps.ours },
  },
  withoutRotary: {
    model: learned,
    optimizer: muon,
    schedule: falling,
    zeroStart: ['c_proj.weight'],
    steps: steps.ours,
  },
  withoutZeroStart: { model: rotary, optimizer: muon, schedule: falling, steps: steps.ours },
};
const sides = {
  'PyTorch, nanoGPT’s recipe': ['peer', 'nanogpt'],
  'yumo, nanoGPT’s recipe': ['own', 'nanogpt'],
  'PyTorch, yumo’s recipe': ['peer', 'ours'],
  'yumo, its recipe': ['own', 'ours'],
  'yumo, AdamW for Muon': ['own', 'withoutMuon'],
  'yumo, GPT-2 for rotary positions and gates': ['own', 'withoutRotary'],
  'yumo, no zero start': ['own', 'withoutZeroStart'],
};

/** The goals' sides; what each part gave, and nanoGPT's recipe on our engine, the first seed tells alone. */
const everySeed = ['PyTorch, nanoGPT’s recipe', 'PyTorch, yumo’s recipe', 'yumo, its recipe'];

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    side: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const threads = Number(values.threads);
const median = (xs) => xs.toSorted((a, b) => a - b)[xs.length >> 1];
const round4 = (x) => Number(x.toPrecision(4));

function compare() {
  const load = loadavg()[0];
  if (load > 0.5) console.log(`the machine is loaded (${load.toFixed(1)}): take these numbers for a look only`);
  const python = ['python3', '/usr/bin/python3'].find((p) => spawnSync(p, ['-c', 'import torch']).status === 0);
  if (!python) console.log('PyTorch is not installed (Debian: apt-get install python3-torch); its rows are left out');
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  const results = new Map();
  for (const seed of seeds)
    for (const [name, [engine, recipe]] of Object.entries(sides)) {
      if (engine === 'peer' && !python) continue;
      if (seed > 1 && !everySeed.includes(name)) continue;
      const result = engine === 'peer' ? peer(python, recipe, seed) : own(recipe, seed);
      results.set(name, [...(results.get(name) ?? []), result]);
      console.log(
        `seed ${seed} ${name.padEnd(44)} ${result.seconds.toFixed(1).padStart(6)} s, ${result.validationLoss.toFixed(4)} nats, ${result.peakMegabytes.toFixed(0)} MB`,
      );
    }
  const first = results.get('PyTorch, nanoGPT’s recipe');
  const rows = [...results].flatMap(([name, of]) => {
    const seconds = median(of.map((r) => r.seconds));
    const losses = of.map((r) => r.validationLoss);
    const other = name === 'PyTorch, nanoGPT’s recipe' || !first ? undefined : median(first.map((r) => r.seconds));
    return [
      {
        row: `${name}: until the last step`,
        unit: 's',
        ours: round4(seconds),
        peers: other === undefined ? {} : { 'PyTorch, nanoGPT’s recipe': round4(other) },
        ratio: other === undefined ? null : round4(other / seconds),
      },
      {
        row: `${name}: validation loss, ${losses.length} ${losses.length === 1 ? 'seed' : 'seeds'}: ${losses.map((l) => l.toFixed(3)).join(', ')}`,
        unit: `nats a character (goal ${goal})`,
        ours: round4(median(losses)),
        peers: {},
        ratio: null,
      },
    ];
  });
  const [mine, theirs] = ['yumo, its recipe', 'PyTorch, yumo’s recipe'].map((n) => results.get(n));
  if (theirs)
    rows.push({
      row: 'the same recipe on both engines',
      unit: 's',
      ours: round4(median(mine.map((r) => r.seconds))),
      peers: { 'PyTorch, yumo’s recipe': round4(median(theirs.map((r) => r.seconds))) },
      ratio: round4(median(theirs.map((r) => r.seconds)) / median(mine.map((r) => r.seconds))),
    });
  const reached = mine.every((r) => r.validationLoss <= goal);
  console.log(`the goal of ${goal} is ${reached ? 'reached with every seed' : 'missed with some seed'}`);
  const machine = {
    ...{ processor: cpus()[0].model.trim(), processors: cpus().length },
    ...{ memoryGigabytes: Math.round(totalmem() / 2 ** 30), node: process.version, threads, load },
    ...{ reached: String(reached) },
  };
  console.log(JSON.stringify({ name: 'time-to-quality', machine, rows }));
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

const own = (recipe, seed) =>
  lastLine(process.execPath, [
    ...[import.meta.filename, '--side', recipe],
    ...['--seed', String(seed), '--threads', String(threads)],
  ]);

function peer(python, recipe, seed) {
  const script = join(import.meta.dirname, 'peers/pytorch_shakespeare.py');
  const { OMP_WAIT_POLICY: _, ...env } = process.env;
  const name = recipe === 'ours' ? 'yumo' : recipe;
  const numbers = { seed, threads, steps: steps[recipe] };
  const flags = Object.entries(numbers).flatMap(([key, n]) => [`--${key}`, String(n)]);
  return lastLine(python, [script, '--recipe', name, '--text', text, ...flags], env);
}

/** One training through the package's own door, as a user's would be; the folder is thrown away. */
async function trainOurs(recipe, seed) {
  const entry = join(import.meta.dirname, '../packages/train/dist/index.node.js');
  if (!existsSync(entry)) throw new Error(`${entry} is missing; build first: pnpm build`);
  const { parseRecipe, train } = await import(entry);
  const folder = mkdtempSync(join(tmpdir(), 'yumo-time-'));
  try {
    const parsed = parseRecipe({
      name: 'time-to-quality',
      data: { kind: 'text', files: [text], trainShare: 0.9 },
      tokenizer: { kind: 'characters' },
      ...recipe,
      ...{ batch: 12, evaluateEvery: recipe.steps, checkpointEvery: recipe.steps, seed, threads },
    });
    let seconds = 0;
    let parameters = 0;
    let validationLoss = Number.NaN;
    for await (const event of train(parsed, { folder, overwrite: true, worker: false })) {
      if (event.kind === 'start') parameters = event.parameters;
      if (event.kind === 'step') seconds += event.seconds;
      if (event.kind === 'evaluation') validationLoss = event.metrics.lossPerCharacter ?? event.loss;
    }
    const peakMegabytes = process.resourceUsage().maxRSS / 1024;
    console.log(JSON.stringify({ parameters, seconds, validationLoss, peakMegabytes }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (values.side === undefined) compare();
else if (recipes[values.side]) await trainOurs(recipes[values.side], Number(values.seed));
else {
  console.error(`time-to-quality: no side "${values.side}"; there are ${Object.keys(recipes).join(', ')}`);
  process.exit(2);
}
