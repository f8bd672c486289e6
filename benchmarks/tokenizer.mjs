// Encoding speed, one thread: @yumo/tokenizer against tiktoken, gpt-tokenizer, the Rust library and @huggingface/tokenizers.
//
//   pnpm bench tokenizer [--rounds 5] [--megabytes 2] [--cpu] [--model gpt2]
//
// Each (engine, text) runs in a fresh process, taking turns round by round; medians. After a short warm-up on other text the
// whole text is encoded once (first pass) and once more by the same instance (second pass), in documents of about 8 kB, special
// tokens off. MB are millions of bytes of UTF-8. Wall time; with --cpu the processor time of the process, for a look while others
// use the machine. English and Chinese are those of ../shared/data/lm, code is the sources under node_modules.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const data = join(process.env.YUMO_SHARED ?? join(root, '../shared'), 'data');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    megabytes: { type: 'string', default: '2' },
    cpu: { type: 'boolean', default: false },
    engine: { type: 'string' },
    model: { type: 'string' },
    text: { type: 'string' },
  },
});

/** Engine to model to a function (document → number of tokens). */
const engines = {
  'ours, ids': async (model) => {
    const tokenizer = await ours(model);
    return (text) => tokenizer.encodeIds(text, { addSpecialTokens: false }).length;
  },
  'ours, with offsets': async (model) => {
    const tokenizer = await ours(model);
    const options = { addSpecialTokens: false, truncation: null, padding: null };
    return (text) => {
      const { ids, offsets, wordIds } = tokenizer.encode(text, null, options);
      return offsets.length === 2 * wordIds.length ? ids.length : 0;
    };
  },
  tiktoken: async () => {
    const { get_encoding } = await import('tiktoken');
    const encoding = get_encoding('gpt2');
    return (text) => encoding.encode_ordinary(text).length;
  },
  'gpt-tokenizer': async () => {
    const { encode } = await import('gpt-tokenizer/encoding/r50k_base');
    return (text) => encode(text, { disallowedSpecial: new Set() }).length;
  },
  'tokenizers (Rust)': async (model) => {
    const { Tokenizer } = (await import('tokenizers')).default;
    const tokenizer = Tokenizer.fromFile(fileOf(model));
    return async (text) => (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds().length;
  },
  '@huggingface/tokenizers': async (model) => {
    const { Tokenizer } = await import('@huggingface/tokenizers');
    const tokenizer = new Tokenizer(JSON.parse(readFileSync(fileOf(model), 'utf8')), {});
    return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids.length;
  },
};
const all = Object.keys(engines);
const withoutOpenAi = all.filter((engine) => engine !== 'tiktoken' && engine !== 'gpt-tokenizer');
const rows = [
  { model: 'gpt2', text: 'English', engines: all },
  { model: 'gpt2', text: 'code', engines: all },
  { model: 'gpt2', text: 'Chinese', engines: all },
  { model: 'bert-base-uncased', text: 'English', engines: withoutOpenAi },
  { model: 'bert-base-chinese', text: 'Chinese', engines: withoutOpenAi },
  { model: 't5-base', text: 'English', engines: withoutOpenAi },
  { model: 'llama-2', text: 'English', engines: withoutOpenAi },
  { model: 'clip', text: 'English', engines: withoutOpenAi },
].filter((row) => values.model === undefined || values.model === row.model);

if (values.engine === undefined) compare();
else await measure(values.engine, values.model, readFileSync(values.text, 'utf8'));

function compare() {
  if (!existsSync(join(data, 'tokenizers'))) throw new Error(`no vocabularies at ${data}: set YUMO_SHARED`);
  const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
  const load = loadavg()[0];
  if (load > 0.5 && !values.cpu)
    console.log(`the machine is loaded (${load.toFixed(1)}): take these numbers for a look only`);
  const results = new Map();
  try {
    const files = Object.fromEntries(Object.entries(texts()).map(([name, text]) => [name, saved(folder, name, text)]));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const row of rows) {
        for (const engine of row.engines) {
          const result = inProcess(['--engine', engine, '--model', row.model, '--text', files[row.text]]);
          const key = `${row.model} ${row.text} ${engine}`;
          results.set(key, [...(results.get(key) ?? []), result]);
        }
      }
      console.log(`round ${round + 1} of ${values.rounds}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  report(results, load);
}

function inProcess(parameters) {
  const cpu = values.cpu ? ['--cpu'] : [];
  const { stdout, status, stderr } = spawnSync(process.execPath, [import.meta.filename, ...parameters, ...cpu], {
    encoding: 'utf8',
    env: { ...process.env, RAYON_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false' },
  });
  if (status !== 0) throw new Error(`${parameters.join(' ')}: exit ${status}\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

async function measure(engine, model, text) {
  const encode = await engines[engine](model);
  const documents = [];
  for (let at = 0; at < text.length; ) {
    // Not within a surrogate pair.
    let end = Math.min(at + 8000, text.length);
    if ((text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end++;
    documents.push(text.slice(at, end));
    at = end;
  }
  const bytes = Buffer.byteLength(text);
  for (let i = 0; i < 100; i++)
    await encode(`${i} warm-up: some Words, 你好，世界。 const x = f(y)[3];\n\n`.repeat(40));
  const result = { tokens: 0, speeds: [] };
  for (let pass = 0; pass < 2; pass++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    let tokens = 0;
    for (const document of documents) tokens += await encode(document);
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    result.speeds.push(bytes / 1000 / (values.cpu ? (user + system) / 1000 : wall));
    result.tokens = tokens;
  }
  console.log(`\n${JSON.stringify(result)}`);
}

function report(results, load) {
  const printed = [];
  for (const row of rows) {
    const of = (engine) => results.get(`${row.model} ${row.text} ${engine}`);
    for (const engine of row.engines) {
      if (of(engine)[0].tokens !== of('ours, ids')[0].tokens)
        console.log(
          `${row.model}, ${row.text}: ${engine} gives ${of(engine)[0].tokens} tokens, ours ${of('ours, ids')[0].tokens}`,
        );
    }
    for (const own of ['ours, ids', 'ours, with offsets']) {
      for (const pass of [0, 1]) {
        const sorted = (engine) =>
          of(engine)
            .map((result) => result.speeds[pass])
            .sort((a, b) => a - b);
        const median = (engine) => rounded(sorted(engine)[sorted(engine).length >> 1]);
        const peers = Object.fromEntries(row.engines.filter((e) => !e.startsWith('ours')).map((e) => [e, median(e)]));
        printed.push({
          row: `${row.model}, ${row.text}, ${own.slice('ours, '.length)}, ${pass === 0 ? 'first' : 'second'} pass`,
          unit: `MB of UTF-8 per second${values.cpu ? ' of processor time' : ''}`,
          ours: median(own),
          peers,
          ratio: rounded(median(own) / Math.max(...Object.values(peers))),
          spread: [rounded(sorted(own)[0]), rounded(sorted(own).at(-1))],
        });
      }
    }
  }
  for (const { row, ours, peers, ratio } of printed)
    console.log(
      `${row}: ${ours} | ${Object.entries(peers)
        .map(([name, speed]) => `${name} ${speed}`)
        .join(', ')} | ${ratio}`,
    );
  const machine = {
    processor: cpus()[0].model,
    node: process.version,
    load: rounded(load),
    rounds: Number(values.rounds),
  };
  console.log(JSON.stringify({ name: 'tokenizer', machine, rows: printed }));
}

async function ours(model) {
  const { Tokenizer } = await import('@yumo/tokenizer');
  return Tokenizer.fromJson(readFileSync(fileOf(model), 'utf8'));
}

function fileOf(model) {
  return join(data, 'tokenizers', model, 'tokenizer.json');
}

function texts() {
  const classics = (folder, pattern) =>
    readdirSync(join(data, 'lm', folder))
      .filter((file) => pattern.test(file))
      .sort()
      .map((file) => gunzipSync(readFileSync(join(data, 'lm', folder, file))).toString('utf8'));
  const shakespeare = readFileSync(join(data, 'lm/tinyshakespeare/input.txt'), 'utf8');
  return {
    English: start(interleaved([shakespeare, ...classics('english-classics', /\.txt\.gz$/)])),
    Chinese: start(interleaved(classics('chinese-classics', /\.txt\.gz$/))),
    code: start(sources()),
  };
}

/** Equal shares of each text, so that no single book is the whole sample. */
function interleaved(list) {
  const share = Math.ceil((Number(values.megabytes) * 1e6) / list.length);
  return list.map((text) => text.slice(0, share)).join('\n');
}

function sources() {
  const folder = join(root, 'node_modules/.pnpm');
  let text = '';
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[mc]?[jt]s$/.test(entry.name) && !/\.min\./.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  // Every seventh file: many packages rather than the first few.
  for (let i = 0; i < files.length && text.length < Number(values.megabytes) * 1e6; i += 7)
    if (statSync(files[i]).size < 100_000) text += `${readFileSync(files[i], 'utf8')}\n`;
  return text;
}

/** So many megabytes from the start of a text, cut at a line. */
function start(text) {
  const bytes = Buffer.from(text);
  const size = Number(values.megabytes) * 1e6;
  if (bytes.length <= size) return text;
  return bytes.subarray(0, bytes.lastIndexOf(10, size) + 1).toString('utf8');
}

function saved(folder, name, text) {
  const file = join(folder, `${name}.txt`);
  writeFileSync(file, text);
  return file;
}

function rounded(value) {
  return Number(value.toPrecision(4));
}
