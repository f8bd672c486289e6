// What a training holds: the peak of a step that keeps, or computes again, its activations; and of a training on text that is streamed.
//
//   pnpm bench training-memory [--only steps|texts] [--rounds 3] [--steps 3] [--threads 2] [--megabytes 5,50,200] [--limit 900] [--quick]
//
// Every figure is of a process of its own, the sides in turn. The peak of a step is the largest resident set of the process, less what it
// holds before the first step (weights and optimizer in place, the graph compiled). Losses of all sides must be equal to the bit.
// Texts: twenty steps of a tiny model on generated text, streamed (its ids made, then found in the cache) and read as a whole; the peak is
// less what the process holds when the libraries are loaded. Streamed text must not be held: the peak may grow with the text by no more
// than `mostGrowth` of it, or the benchmark ends with 1. So it does where a process takes longer than the limit (seconds). Growth is told
// between texts that are encoded alike: those below `threadsFrom` start no thread, whose heap (some 20 MB) is no matter of the text's length.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median, peakMegabytes } from './training/shared.mjs';

const sides = ['none', 'activations', 'blocks'];
const size = { batch: 8, context: 256, hidden: 256, layers: 8, heads: 8, vocabulary: 512 };
const mebibyte = 2 ** 20;

async function libraries() {
  const from = (path) => import(resolve(import.meta.dirname, '../packages', path));
  return { core: await from('core/dist/index.node.js'), training: await from('train/dist/index.node.js') };
}

/** One side of the step, in its own process. */
async function step({ side, steps, threads }) {
  const { core, training } = await libraries();
  const { batch, context, hidden, layers, heads, vocabulary } = size;
  const model = {
    model_type: 'gpt2',
    ...{ vocab_size: vocabulary, n_positions: context, n_embd: hidden, n_layer: layers, n_head: heads },
    ...{ embd_pdrop: 0, attn_pdrop: 0, resid_pdrop: 0.1 },
  };
  const recipe = training.parseRecipe({
    name: 'memory',
    data: { kind: 'text', files: ['none'] },
    tokenizer: { kind: 'characters' },
    ...{ model, batch, steps: 100, recompute: side },
  });
  const architecture = core.architectureFor(model);
  const form = { dtype: 'int32', shape: [batch, context] };
  const built = training.trainingStep({
    inputs: { input_ids: form, labels: form },
    loss: training.nextTokenSum(architecture, architecture.readConfig(model)),
    recipe,
  });
  const runtime = await core.onnxruntimeNode({ threads });
  const program = await runtime.compile(built.whole, { purpose: 'training' });
  const held = { ...training.initialValues(built.parameters, 1), ...built.initialState() };
  const into = Object.fromEntries(Object.keys(held).map((name) => [training.next(name), held[name]]));
  const ids = (shift) => ({
    ...form,
    data: Int32Array.from({ length: batch * context }, (_, i) => ((i + shift) * 7919) % vocabulary),
  });
  const before = process.memoryUsage.rss();
  const losses = [];
  const times = [];
  for (let i = 0; i < steps; i++) {
    const began = performance.now();
    const out = await program.run({ ...held, ...built.scalars(i), input_ids: ids(i), labels: ids(i + 1) }, { into });
    times.push(performance.now() - began);
    losses.push(out.loss.data[0]);
  }
  times.sort((a, b) => a - b);
  return {
    stepMegabytes: (process.resourceUsage().maxRSS * 1024 - before) / mebibyte,
    processMegabytes: (process.resourceUsage().maxRSS * 1024) / mebibyte,
    estimatedMegabytes: core.peakBytes(built.whole, {}) / mebibyte,
    matmulGigaflops: core.graphCost(built.whole, {}).matmul / 1e9,
    milliseconds: times[times.length >> 1],
    losses,
  };
}

/** Megabytes of text from which on a thread encodes it. */
const threadsFrom = 5;

/** Megabytes held per megabyte of streamed text: room for the collector's mood; text and ids of a whole file are ten times that. */
const mostGrowth = 0.5;

/** A training on one file: streamed, or read as a whole. */
async function data({ side, path, folder }) {
  const { training } = await libraries();
  const model = {
    model_type: 'gpt2',
    ...{ vocab_size: 300, n_positions: 64, n_embd: 32, n_layer: 1, n_head: 2 },
  };
  const recipe = training.parseRecipe({
    name: 'memory',
    // A small validation part: the text is to be held or not, evaluating it would take the time.
    data: { kind: 'text', files: [path], stream: side !== 'whole', trainShare: 0.999, shuffleRows: 4096 },
    tokenizer: { kind: 'file', path: join(folder, 'tokenizer.json') },
    ...{ model, batch: 8, steps: 20, evaluateEvery: 20, checkpointEvery: 20, device: 'cpu' },
  });
  const before = process.memoryUsage.rss();
  const began = performance.now();
  let tokens = 0;
  for await (const event of training.train(recipe, {
    folder: join(folder, 'run'),
    dataFolders: [folder],
    overwrite: true,
  }))
    if (event.kind === 'start') tokens = event.trainingTokens;
  return {
    megabytesHeld: peakMegabytes() - before / mebibyte,
    seconds: (performance.now() - began) / 1000,
    tokens,
  };
}

/** Byte-level BPE of the text that is generated: words of one are those of all. */
async function writeTokenizer(folder, sample) {
  const { trainByteLevelBpe } = await import(resolve(import.meta.dirname, '../packages/tokenizer/dist/index.js'));
  const tokenizer = await trainByteLevelBpe([readFileSync(sample, 'utf8').slice(0, 200_000)], { vocabularySize: 300 });
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer.toJson()));
}

/** A text of the given size: lines of words by a fixed sequence, paragraphs of twenty lines. */
async function writeText(path, megabytes) {
  const out = createWriteStream(path);
  let state = 1;
  const next = (n) => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
  const words = Array.from({ length: 5000 }, () =>
    String.fromCharCode(...Array.from({ length: 2 + next(8) }, () => 97 + next(26))),
  );
  for (let written = 0; written < megabytes * mebibyte; ) {
    const lines = Array.from({ length: 20 }, () => Array.from({ length: 12 }, () => words[next(5000)]).join(' '));
    const paragraph = `${lines.join('\n')}\n\n`;
    written += paragraph.length;
    if (!out.write(paragraph)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

/** What one process tells. @throws where it fails or takes too long */
function child(job, environment = {}) {
  const began = performance.now();
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [import.meta.filename, '--child', JSON.stringify(job)],
    {
      ...{ encoding: 'utf8', maxBuffer: 1 << 26, env: { ...process.env, ...environment } },
      ...{ timeout: 1000 * Number(values.limit), killSignal: 'SIGKILL' },
    },
  );
  const what = `${job.kind} ${job.name ?? job.side}`;
  if (error?.code === 'ETIMEDOUT') {
    console.error(
      `training-memory: ${what} took more than ${values.limit} s (load ${loadavg()[0].toFixed(1)}); give more by --limit`,
    );
    process.exit(1);
  }
  if (status !== 0) throw new Error(`${what}: ${stderr}`);
  const told = JSON.parse(stdout);
  const megabytes = told.stepMegabytes ?? told.megabytesHeld;
  console.log(`${what}: ${megabytes.toFixed(0)} MB (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return told;
}
const round = (x, digits = 1) => Number(x.toFixed(digits));

const { values } = parseArgs({
  options: {
    child: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '3' },
    only: { type: 'string' },
    threads: { type: 'string', default: String(availableParallelism()) },
    megabytes: { type: 'string', default: '5,50,200' },
    limit: { type: 'string', default: '900' },
    quick: { type: 'boolean' },
  },
});

function compareSteps() {
  const rounds = values.quick ? 1 : Number(values.rounds);
  const steps = Number(values.steps);
  const found = Object.fromEntries(sides.map((side) => [side, []]));
  for (let i = 0; i < rounds; i++)
    for (const side of sides) found[side].push(child({ kind: 'step', side, steps, threads: Number(values.threads) }));
  const expected = JSON.stringify(found.none[0].losses);
  return sides.map((side) => {
    const of = (field) => median(found[side].map((r) => r[field]));
    return {
      side,
      stepMegabytes: round(of('stepMegabytes')),
      estimatedMegabytes: round(of('estimatedMegabytes')),
      processMegabytes: round(of('processMegabytes')),
      milliseconds: round(of('milliseconds')),
      matmulGigaflops: round(of('matmulGigaflops'), 2),
      lossesEqual: found[side].every((r) => JSON.stringify(r.losses) === expected),
    };
  });
}

const textSides = { streamed: 'streamed', again: 'streamed, ids from the cache', whole: 'as a whole' };

async function compareTexts() {
  const folder = mkdtempSync(join(tmpdir(), 'yumo-memory-'));
  const texts = [];
  try {
    for (const megabytes of values.megabytes.split(',').map(Number)) {
      const path = join(folder, `${megabytes}.txt`);
      await writeText(path, megabytes);
      if (texts.length === 0) await writeTokenizer(folder, path);
      for (const [side, name] of Object.entries(textSides)) {
        const job = { kind: 'data', side, path, folder, name: `${megabytes} MB, ${name}` };
        const { megabytesHeld, seconds, tokens } = child(job, { YUMO_CACHE: folder });
        texts.push({
          ...{ megabytes, side: name, megabytesHeld: round(megabytesHeld) },
          heldPerMegabyte: round(megabytesHeld / megabytes, 2),
          ...{ seconds: round(seconds, 2), tokens },
        });
      }
      rmSync(path);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return texts;
}

/** How the peak grows from the smallest text that a thread encodes to the largest: megabytes for each megabyte of text, by side; null for one text. */
function growthOf(texts) {
  const slope = (name) => {
    const of = texts.filter((t) => t.side === name && t.megabytes >= threadsFrom);
    const [first, last] = [of[0], of.at(-1)];
    return of.length < 2
      ? null
      : round((last.megabytesHeld - first.megabytesHeld) / (last.megabytes - first.megabytes), 3);
  };
  return Object.values(textSides).map((side) => ({ side, megabytesPerMegabyte: slope(side) }));
}

if (values.child) {
  const job = JSON.parse(values.child);
  console.log(JSON.stringify(await (job.kind === 'step' ? step(job) : data(job))));
  process.exit(0);
}
const load = loadavg()[0];
if (load > 0.5) console.log(`the machine is loaded (${load.toFixed(1)}): this takes longer; memory is the same`);
const recomputation = values.only === 'texts' ? [] : compareSteps();
const texts = values.only === 'steps' ? [] : await compareTexts();
const growth = texts.length > 0 ? growthOf(texts) : [];
const machine = {
  processor: cpus()[0].model.trim(),
  processors: cpus().length,
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  threads: Number(values.threads),
  load: round(load, 2),
};
for (const rows of [recomputation, texts, growth]) if (rows.length > 0) console.table(rows);
const row = (what, unit, ours) => ({ row: what, unit, ours, peers: {}, ratio: null });
const rows = [
  ...recomputation.flatMap((r) => [
    row(`recompute ${r.side}: peak of a step beyond weights and optimizer`, 'MB', r.stepMegabytes),
    row(`recompute ${r.side}`, 'ms a step', r.milliseconds),
  ]),
  ...texts.map((t) => row(`text of ${t.megabytes} MB, ${t.side}: peak beyond the libraries`, 'MB', t.megabytesHeld)),
  ...growth.flatMap((g) =>
    g.megabytesPerMegabyte === null
      ? []
      : [
          row(
            `text ${g.side}: growth of the peak (at most ${mostGrowth} when streamed)`,
            'MB a MB of text',
            g.megabytesPerMegabyte,
          ),
        ],
  ),
];
console.log(JSON.stringify({ name: 'training-memory', machine, size, recomputation, texts, growth, rows }));
const grown = growth.filter((g) => g.side !== textSides.whole && g.megabytesPerMegabyte > mostGrowth);
if (grown.length > 0 || recomputation.some((r) => !r.lossesEqual)) {
  const what = grown.map((g) => `${g.side}: ${g.megabytesPerMegabyte} MB a MB of text, at most ${mostGrowth}`);
  console.error(`training-memory: ${what.join('; ') || 'recomputed losses differ from those without'}`);
  process.exit(1);
}
