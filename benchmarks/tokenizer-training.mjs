// Training a byte-level BPE on 50 MB of text, one thread: ours against the Rust library (npm tokenizers).
//
//   pnpm bench tokenizer-training [--text file] [--megabytes 50] [--rounds 3]
//
// Both sides read the same file in a fresh process each round, taking turns; medians. The Rust library's binding trains
// with its default settings only (30,000 tokens); ours is measured at 30,000, where the merges must be equal, and at 8,192.
// Without --text the text is what lies at hand: English of ../shared/data/lm and the sources under node_modules.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    text: { type: 'string' },
    megabytes: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '3' },
    side: { type: 'string' },
    vocabulary: { type: 'string', default: '30000' },
  },
});

if (values.side === 'ours') await trainOurs(values.text, Number(values.vocabulary));
else if (values.side === 'rust') await trainRust(values.text);
else compare();

function compare() {
  const folder = mkdtempSync(join(tmpdir(), 'tokenizer-training-'));
  try {
    const file = values.text ?? gather(join(folder, 'text.txt'), Number(values.megabytes) * 1e6);
    const megabytes = statSync(file).size / 1e6;
    const load = loadavg()[0];
    if (load > 0.5) console.log(`the machine is loaded (${load.toFixed(1)}): take these numbers for a look only`);
    console.log(`${megabytes.toFixed(1)} MB of text, ${values.rounds} rounds`);
    const sides = [
      ['ours, 8,192', ['--side', 'ours', '--vocabulary', '8192']],
      ['ours, 30,000', ['--side', 'ours']],
      ['Rust, 30,000', ['--side', 'rust']],
    ];
    const results = new Map(sides.map(([name]) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, parameters] of sides) {
        const result = inProcess([...parameters, '--text', file]);
        results.get(name).push(result);
        console.log(`${name}: ${result.seconds.toFixed(2)} s, ${result.residentMegabytes.toFixed(0)} MB resident`);
      }
    }
    const digest = (name) => results.get(name)[0].sha256;
    if (digest('ours, 30,000') !== digest('Rust, 30,000')) throw new Error('the merges of the two sides differ');
    console.log('merges at 30,000: equal');
    report(results, megabytes, load);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function inProcess(parameters) {
  const { stdout, status, stderr } = spawnSync(process.execPath, [import.meta.filename, ...parameters], {
    encoding: 'utf8',
    env: { ...process.env, RAYON_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false' },
  });
  if (status !== 0) throw new Error(`${parameters.join(' ')}: exit ${status}\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

function report(results, megabytes, load) {
  const values = (name, field) =>
    results
      .get(name)
      .map((r) => r[field])
      .sort((a, b) => a - b);
  const median = (name, field) => values(name, field)[values(name, field).length >> 1];
  const rows = [];
  for (const ours of ['ours, 8,192', 'ours, 30,000']) {
    const size = ours.slice('ours, '.length);
    const speed = (name) => megabytes / median(name, 'seconds');
    rows.push({
      row: `byte-level BPE, ${size} tokens (the peer always 30,000)`,
      unit: 'MB of text per second',
      ours: rounded(speed(ours)),
      peers: { 'tokenizers (Rust, one thread)': rounded(speed('Rust, 30,000')) },
      ratio: rounded(speed(ours) / speed('Rust, 30,000')),
      seconds: { ours: values(ours, 'seconds').map(rounded), rust: values('Rust, 30,000', 'seconds').map(rounded) },
    });
    rows.push({
      row: `memory of the same, ${size} tokens (ratio: the peer's over ours)`,
      unit: 'MB resident at most, Node included',
      ours: rounded(median(ours, 'residentMegabytes')),
      peers: { 'tokenizers (Rust, one thread)': rounded(median('Rust, 30,000', 'residentMegabytes')) },
      ratio: rounded(median('Rust, 30,000', 'residentMegabytes') / median(ours, 'residentMegabytes')),
    });
  }
  for (const { row, unit, ours, peers, ratio } of rows) {
    console.log(`${row}: ${ours} against ${Object.values(peers)[0]} ${unit} (${ratio})`);
  }
  const machine = {
    processor: cpus()[0].model,
    node: process.version,
    load: rounded(load),
    textMegabytes: rounded(megabytes),
  };
  console.log(JSON.stringify({ name: 'tokenizer-training', machine, rows }));
}

async function trainOurs(file, vocabularySize) {
  const { textLines, trainByteLevelBpe } = await import(join(root, 'packages/tokenizer/dist/index.js'));
  const start = performance.now();
  const texts = textLines(createReadStream(file, { highWaterMark: 1 << 18 }));
  const tokenizer = await trainByteLevelBpe(texts, { vocabularySize, initialAlphabet: [] });
  done(start, tokenizer.toJson());
}

async function trainRust(file) {
  const require = createRequire(join(root, 'packages/tokenizer/package.json'));
  let Tokenizer;
  try {
    ({ Tokenizer } = require('tokenizers'));
  } catch (cause) {
    throw new Error('the peer is not installed: pnpm --filter @yumo/tokenizer add -D tokenizers@0.23.2', { cause });
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const model = { type: 'BPE', dropout: null, unk_token: null, vocab: {}, merges: [] };
  const empty = { version: '1.0', added_tokens: [], pre_tokenizer: byteLevel, decoder: byteLevel, model };
  const tokenizer = Tokenizer.fromString(JSON.stringify(empty));
  const start = performance.now();
  tokenizer.train([file]);
  const seconds = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'tokenizer-training-rust-'));
  tokenizer.save(join(folder, 'tokenizer.json'));
  const json = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));
  rmSync(folder, { recursive: true });
  done(start, json, seconds);
}

function done(start, { model }, end = performance.now()) {
  const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  const residentMegabytes = process.resourceUsage().maxRSS / 1000;
  const sha256 = createHash('sha256').update(merges.join('\n')).digest('hex');
  console.log(
    `\n${JSON.stringify({ seconds: (end - start) / 1000, residentMegabytes, merges: merges.length, sha256 })}`,
  );
}

/** Writes English and source code to a file, in the order of names, up to `size` bytes; gives the file. */
function gather(to, size) {
  const shared = join(process.env.YUMO_SHARED ?? join(root, '../shared'), 'data/lm');
  const english = ['english-classics', 'state-of-the-union', 'wikitext-2-raw', 'tinyshakespeare'].flatMap((f) =>
    filesUnder(join(shared, f)),
  );
  const sources = filesUnder(join(root, 'node_modules/.pnpm')).filter(
    (f) => /\.(?:[mc]?[jt]s|md)$/.test(f) && statSync(f).size < 150_000,
  );
  const out = openSync(to, 'w');
  let written = 0;
  for (const file of [...english, ...sources]) {
    if (written >= size) break;
    const bytes = file.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file);
    const text = bytes.toString('utf8');
    if (text.includes('\ufffd') || (!file.endsWith('.gz') && !/\.(?:txt|[mc]?[jt]s|md)$/.test(file))) continue;
    written += writeSync(out, text.endsWith('\n') ? text : `${text}\n`);
  }
  closeSync(out);
  return to;
}

function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return found.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
}

function rounded(value) {
  return Number(value.toPrecision(4));
}
