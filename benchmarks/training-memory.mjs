// What a training holds: the peak of a step that keeps, or computes again, its activations; and of text that is read in pieces.
//
//   pnpm bench training-memory [--rounds 3] [--steps 5] [--threads 2] [--megabytes 32,64,128] [--quick]
//
// Every figure is of a process of its own, the sides in turn. The peak of a step is the largest resident set of the process, less what it
// holds before the first step (weights and optimizer in place, the graph compiled). Losses of all sides must be equal to the bit.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

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

/** One side of the data: a file read in pieces (made, then found in the cache), or as a whole. */
async function data({ side, path, cache }) {
  const { training } = await libraries();
  const tokenizers = await import(resolve(import.meta.dirname, '../packages/tokenizer/dist/index.js'));
  const { readFileSync } = await import('node:fs');
  const { gunzipSync } = await import('node:zlib');
  const sample = gunzipSync(
    readFileSync(join(import.meta.dirname, '../recipes/data/tinyshakespeare.txt.gz')),
  ).toString();
  const tokenizer = await tokenizers.trainByteLevelBpe([sample], { vocabularySize: 2000 });
  const before = process.memoryUsage.rss();
  const began = performance.now();
  let tokens;
  if (side === 'whole') {
    const [file] = await training.readTextFiles({ files: [path], field: 'text' }, ['/']);
    tokens = tokenizer.encodeIds(file.documents[0], { addSpecialTokens: false }).length;
  } else {
    const options = { unit: 'paragraph', field: 'text', separator: '\n\n', trainShare: 0.9, cache };
    const corpus = await training.streamedCorpus([path], tokenizer, 256, options);
    tokens = corpus.training.length + corpus.validation.length;
    await corpus.close();
  }
  return {
    megabytesHeld: (process.resourceUsage().maxRSS * 1024 - before) / mebibyte,
    seconds: (performance.now() - began) / 1000,
    tokens,
  };
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

const child = (job) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [import.meta.filename, '--child', JSON.stringify(job)],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  if (status !== 0) throw new Error(`${JSON.stringify(job)}: ${stderr}`);
  return JSON.parse(stdout);
};
const median = (xs) => [...xs].sort((a, b) => a - b)[xs.length >> 1];
const round = (x, digits = 1) => Number(x.toFixed(digits));

const { values } = parseArgs({
  options: {
    child: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
    megabytes: { type: 'string', default: '32,64,128' },
    quick: { type: 'boolean' },
  },
});
if (values.child) {
  const job = JSON.parse(values.child);
  console.log(JSON.stringify(await (job.kind === 'step' ? step(job) : data(job))));
} else {
  const rounds = values.quick ? 1 : Number(values.rounds);
  const steps = values.quick ? 3 : Number(values.steps);
  const found = Object.fromEntries(sides.map((side) => [side, []]));
  for (let i = 0; i < rounds; i++)
    for (const side of sides) found[side].push(child({ kind: 'step', side, steps, threads: Number(values.threads) }));
  const expected = JSON.stringify(found.none[0].losses);
  const recomputation = sides.map((side) => {
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
  const folder = mkdtempSync(join(tmpdir(), 'yumo-memory-'));
  const texts = [];
  try {
    for (const megabytes of values.megabytes.split(',').map(Number)) {
      const path = join(folder, `${megabytes}.txt`);
      if (!existsSync(path)) await writeText(path, megabytes);
      const cache = join(folder, 'cache');
      for (const side of ['pieces', 'again', 'whole']) {
        const { megabytesHeld, seconds, tokens } = child({ kind: 'data', side, path, cache });
        texts.push({
          ...{ megabytes, side: side === 'again' ? 'pieces, from the cache' : side },
          megabytesHeld: round(megabytesHeld),
          heldPerMegabyte: round(megabytesHeld / megabytes, 2),
          seconds: round(seconds, 2),
          megabytesPerSecond: round(megabytes / seconds),
          tokens,
        });
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
    load: round(loadavg()[0], 2),
  };
  console.table(recomputation);
  console.table(texts);
  console.log(JSON.stringify({ benchmark: 'training-memory', machine, size, recomputation, texts }));
}
