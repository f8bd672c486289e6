// How encoding grows with the length of one text, 1 kB to 100 MB: megabytes per second stay level where the cost is linear.
//
//   pnpm bench tokenizer-growth [--models gpt2,bert-base-uncased,llama-2,t5-base] [--largest 100]
//
// One call of encodeIds on one text, each size in a fresh process after a short warm-up on other text. Two texts: English in words drawn
// at random from tinyshakespeare, and one word of letters without a space (up to 10 MB). Processor time, so that other work does not count.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const shared = process.env.YUMO_SHARED ?? join(root, '../shared');
const { values } = parseArgs({
  options: {
    models: { type: 'string', default: 'gpt2,bert-base-uncased,llama-2,t5-base' },
    largest: { type: 'string', default: '100' },
    model: { type: 'string' },
    text: { type: 'string' },
    bytes: { type: 'string' },
  },
});

/** Numbers without order, the same in every run (Numerical Recipes' congruence). */
function* draws() {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

const texts = {
  'English words': (bytes) => {
    const words = gunzipSync(readFileSync(join(root, 'recipes/data/tinyshakespeare.txt.gz')))
      .toString()
      .split(/\s+/);
    const parts = [];
    const drawn = draws();
    for (let length = 0; length < bytes; ) {
      const word = words[Math.floor(drawn.next().value * words.length)];
      parts.push(word);
      length += word.length + 1;
    }
    return parts.join(' ').slice(0, bytes);
  },
  'one word': (bytes) => {
    const drawn = draws();
    const letters = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i++) letters[i] = 97 + Math.floor(drawn.next().value * 26);
    return letters.toString('latin1');
  },
};

if (values.model) await measure(values.model, values.text, Number(values.bytes));
else compare();

async function measure(model, kind, bytes) {
  const { Tokenizer } = await import(join(root, 'packages/tokenizer/dist/index.js'));
  const file = join(shared, 'data/tokenizers', model, 'tokenizer.json');
  const tokenizer = Tokenizer.fromJson(readFileSync(file, 'utf8'), { file });
  const text = texts[kind](bytes);
  for (let i = 0; i < 20; i++)
    tokenizer.encodeIds(`${i} The quick brown fox jumps over the lazy dog, and again.`.repeat(20));
  const before = process.cpuUsage();
  const tokens = tokenizer.encodeIds(text, { addSpecialTokens: false }).length;
  const { user, system } = process.cpuUsage(before);
  console.log(
    JSON.stringify({ tokens, seconds: (user + system) / 1e6, megabytes: process.resourceUsage().maxRSS / 1024 }),
  );
}

function compare() {
  const models = values.models.split(',');
  const missing = models.filter((m) => !existsSync(join(shared, 'data/tokenizers', m, 'tokenizer.json')));
  if (missing.length > 0) {
    console.error(`tokenizer-growth: no tokenizer.json of ${missing.join(', ')} under ${shared}/data/tokenizers`);
    process.exit(2);
  }
  const rows = [];
  for (const model of models)
    for (const kind of Object.keys(texts))
      for (let bytes = 1000; bytes <= Number(values.largest) * 1e6; bytes *= 10) {
        if (kind === 'one word' && bytes > 1e7) continue;
        const flags = ['--model', model, '--text', kind, '--bytes', String(bytes)];
        const { status, stdout } = spawnSync(process.execPath, [import.meta.filename, ...flags], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        if (status !== 0) throw new Error(`${model}, ${kind}, ${bytes} bytes: ended with ${status}`);
        const { tokens, seconds, megabytes } = JSON.parse(stdout);
        const size = bytes >= 1e6 ? `${bytes / 1e6} MB` : `${bytes / 1e3} kB`;
        const speed = bytes / 1e6 / seconds;
        console.log(
          `${model}, ${kind}, ${size}: ${seconds.toFixed(4)} s, ${speed.toFixed(2)} MB/s, ${tokens} tokens, ${megabytes.toFixed(0)} MB resident`,
        );
        rows.push({
          row: `${model}, ${kind}, ${size} (${tokens} tokens, ${Math.round(megabytes)} MB resident at most)`,
          unit: 'MB of UTF-8 per second of processor time',
          ours: Number(speed.toPrecision(4)),
          peers: {},
          ratio: null,
        });
      }
  const machine = { processor: cpus()[0].model.trim(), node: process.version, load: Number(loadavg()[0].toFixed(2)) };
  console.log(JSON.stringify({ name: 'tokenizer-growth', machine, rows }));
}
