// What a training holds: the peak of a step that keeps, or computes again, its activations; and of a training on text and on rows that are
// streamed.
//
//   pnpm bench training-memory [--only steps|texts|rows] [--sides streamed,again,whole] [--rounds 3] [--steps 3] [--threads 2] [--megabytes 5,50,200] [--limit 900] [--quick]
//   pnpm bench training-memory --join part.json,part.json …      the same table of parts that were run one by one
//
// Every figure is of a process of its own, the sides in turn. The peak of a step is the largest resident set of the process, less what it
// holds before the first step (weights and optimizer in place, the graph compiled). Losses of all sides must be equal to the bit.
// Texts: twenty steps of a tiny model on generated text; rows: of a tiny classifier on generated JSON lines. Both streamed (made, then found in
// the cache) and read as a whole; the peak is
// less what the process holds when the libraries are loaded. What is streamed must not be held: the peak may grow with it by no more
// than `mostGrowth` of it, or the benchmark ends with 1. So it does where a process takes longer than the limit (seconds). Growth is told
// between data that are encoded alike (`alikeFrom`): little text starts no thread and fills no heap.
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

/**
 * Megabytes of data from which on growth is told: so many start the thread that encodes, and fill the heaps of reading and encoding, which are
 * collected when they are full (sampled: the peak comes at a third of 50 MB, and half of it is free afterwards).
 */
const alikeFrom = 20;

/** Megabytes held per megabyte of streamed data: room for the collector's mood; text and ids of a whole file are ten times that. */
const mostGrowth = 0.5;

/** What is learnt of each kind of data. A small validation part: the data are to be held or not, evaluating them would take the time. */
const learnt = {
  texts: (path, stream) => ({
    data: { kind: 'text', files: [path], stream, trainShare: 0.999, shuffleRows: 4096 },
    model: { model_type: 'gpt2', n_positions: 64, n_embd: 32, n_layer: 1, n_head: 2 },
  }),
  rows: (path, stream) => ({
    data: { kind: 'rows', train: [{ files: [path] }], validationShare: 0.001, stream },
    model: {
      model_type: 'bert',
      ...{
        hidden_size: 32,
        num_hidden_layers: 1,
        num_attention_heads: 2,
        intermediate_size: 64,
        max_position_embeddings: 64,
      },
    },
    objective: { kind: 'sequence-classification' },
  }),
};

/** A training on one file: streamed, or read as a whole. */
async function data({ what, side, path, folder }) {
  const { training } = await libraries();
  const recipe = training.parseRecipe({
    name: 'memory',
    ...learnt[what](path, side !== 'whole'),
    tokenizer: { kind: 'file', path: join(folder, `${what}.tokenizer.json`) },
    ...{ batch: 8, steps: 20, evaluateEvery: 20, checkpointEvery: 20, device: 'cpu' },
  });
  const before = process.memoryUsage.rss();
  const began = performance.now();
  let tokens = 0;
  let [stepSeconds, waited] = [0, 0];
  for await (const event of training.train(recipe, {
    folder: join(folder, 'run'),
    dataFolders: [folder],
    overwrite: true,
  }))
    if (event.kind === 'start') tokens = event.trainingTokens;
    else if (event.kind === 'step') {
      stepSeconds += event.seconds;
      waited += event.dataSeconds;
    }
  return {
    waitedShare: waited / stepSeconds,
    megabytesHeld: peakMegabytes() - before / mebibyte,
    seconds: (performance.now() - began) / 1000,
    tokens,
  };
}

/** A tokenizer of the text that is generated: words of one are those of all. */
async function writeTokenizer(folder, what, sample) {
  const { trainByteLevelBpe, trainWordPiece } = await import(
    resolve(import.meta.dirname, '../packages/tokenizer/dist/index.js')
  );
  const texts = [readFileSync(sample, 'utf8').slice(0, 200_000)];
  const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const tokenizer =
    what === 'texts'
      ? await trainByteLevelBpe(texts, { vocabularySize: 300 })
      : await trainWordPiece(texts, { vocabularySize: 2000, specialTokens });
  writeFileSync(join(folder, `${what}.tokenizer.json`), JSON.stringify(tokenizer.toJson()));
}

/** Data of the given size by a fixed sequence: paragraphs of twenty lines of words, or rows of 8 to 47 words with one of four labels. */
async function writeData(path, what, megabytes) {
  const out = createWriteStream(path);
  let state = 1;
  const next = (n) => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return (state >>> 8) % n;
  };
  const words = Array.from({ length: 5000 }, () =>
    String.fromCharCode(...Array.from({ length: 2 + next(8) }, () => 97 + next(26))),
  );
  const line = (count) => Array.from({ length: count }, () => words[next(5000)]).join(' ');
  const pieceOf = {
    texts: () => `${Array.from({ length: 20 }, () => line(12)).join('\n')}\n\n`,
    rows: () => `${JSON.stringify({ text: line(8 + next(40)), label: `label ${next(4)}` })}\n`,
  }[what];
  for (let written = 0; written < megabytes * mebibyte; ) {
    const piece = pieceOf();
    written += piece.length;
    if (!out.write(piece)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

/** What one process tells; undefined where it runs out of memory, and may. @throws where it fails or takes too long */
function child(job, environment = {}, mayRunOut = false) {
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
  if (status !== 0 && mayRunOut && /heap out of memory|ERR_WORKER_OUT_OF_MEMORY|Array buffer allocation/.test(stderr)) {
    console.log(`${what}: out of memory`);
    return undefined;
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
    sides: { type: 'string', default: 'streamed,again,whole' },
    join: { type: 'string' },
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

const dataSides = { streamed: 'streamed', again: 'streamed, found in the cache', whole: 'as a whole' };

async function compareData(what) {
  const folder = mkdtempSync(join(tmpdir(), 'yumo-memory-'));
  const found = [];
  try {
    for (const megabytes of values.megabytes.split(',').map(Number)) {
      const path = join(folder, `${megabytes}.${what === 'texts' ? 'txt' : 'jsonl'}`);
      await writeData(path, what, megabytes);
      if (found.length === 0) await writeTokenizer(folder, what, path);
      for (const side of values.sides.split(',')) {
        const name = dataSides[side];
        const job = { kind: 'data', what, side, path, folder, name: `${what}, ${megabytes} MB, ${name}` };
        const told = child(job, { YUMO_CACHE: folder }, side === 'whole');
        if (!told) {
          found.push({ what, megabytes, side: name, megabytesHeld: null });
          continue;
        }
        const { megabytesHeld, seconds, tokens, waitedShare } = told;
        found.push({
          ...{ what, megabytes, side: name, megabytesHeld: round(megabytesHeld) },
          heldPerMegabyte: round(megabytesHeld / megabytes, 2),
          ...{ seconds: round(seconds, 2), tokens, waitedPercent: round(100 * waitedShare, 2) },
        });
      }
      rmSync(path);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return found;
}

/** How the peak grows from the smallest file that a thread encodes to the largest: megabytes for each megabyte of it, by side; null for one. */
function growthOf(what, all) {
  const slope = (name) => {
    const of = all.filter(
      (t) => t.what === what && t.side === name && t.megabytes >= alikeFrom && t.megabytesHeld !== null,
    );
    const [first, last] = [of[0], of.at(-1)];
    return of.length < 2
      ? null
      : round((last.megabytesHeld - first.megabytesHeld) / (last.megabytes - first.megabytes), 3);
  };
  return Object.values(dataSides).map((side) => ({ what, side, megabytesPerMegabyte: slope(side) }));
}

if (values.child) {
  const job = JSON.parse(values.child);
  console.log(JSON.stringify(await (job.kind === 'step' ? step(job) : data(job))));
  process.exit(0);
}
const load = loadavg()[0];
if (load > 0.5) console.log(`the machine is loaded (${load.toFixed(1)}): this takes longer; memory is the same`);
const asked = (part) => values.only === undefined || values.only === part;
const parts = values.join?.split(',').map((path) => JSON.parse(readFileSync(path, 'utf8')));
const kinds = ['texts', 'rows'].filter(asked);
const recomputation = parts ? parts.flatMap((p) => p.recomputation) : asked('steps') ? compareSteps() : [];
const held = parts ? parts.flatMap((p) => p.held) : [];
if (!parts) for (const what of kinds) held.push(...(await compareData(what)));
held.sort((a, b) => kinds.indexOf(a.what) - kinds.indexOf(b.what) || a.megabytes - b.megabytes);
const growth = kinds.flatMap((what) => growthOf(what, held));
const machine = {
  processor: cpus()[0].model.trim(),
  processors: cpus().length,
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  threads: Number(values.threads),
  load: parts ? Math.max(...parts.map((p) => p.machine.load)) : round(load, 2),
};
for (const rows of [recomputation, held, growth]) if (rows.length > 0) console.table(rows);
const row = (what, unit, ours) => ({ row: what, unit, ours, peers: {}, ratio: null });
const rows = [
  ...recomputation.flatMap((r) => [
    row(`recompute ${r.side}: peak of a step beyond weights and optimizer`, 'MB', r.stepMegabytes),
    row(`recompute ${r.side}`, 'ms a step', r.milliseconds),
  ]),
  ...held.map((t) =>
    row(
      `${t.what} of ${t.megabytes} MB, ${t.side}: ${t.megabytesHeld === null ? 'out of memory' : 'peak beyond the libraries'}`,
      'MB',
      t.megabytesHeld,
    ),
  ),
  ...growth.flatMap((g) =>
    g.megabytesPerMegabyte === null
      ? []
      : [
          row(
            `${g.what} ${g.side}: growth of the peak (at most ${mostGrowth} when streamed)`,
            'MB a MB of data',
            g.megabytesPerMegabyte,
          ),
        ],
  ),
];
console.log(JSON.stringify({ name: 'training-memory', machine, size, recomputation, held, growth, rows }));
const grown = growth.filter((g) => g.side !== dataSides.whole && g.megabytesPerMegabyte > mostGrowth);
if (grown.length > 0 || recomputation.some((r) => !r.lossesEqual)) {
  const what = grown.map(
    (g) => `${g.what} ${g.side}: ${g.megabytesPerMegabyte} MB a MB of data, at most ${mostGrowth}`,
  );
  console.error(`training-memory: ${what.join('; ') || 'recomputed losses differ from those without'}`);
  process.exit(1);
}
