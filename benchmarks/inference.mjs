// Text in, vectors or text out: yumo against @huggingface/transformers on the same exported files, CPU through the same onnxruntime.
//
//   pnpm bench inference [--rounds 5] [--cases encoder-16,encoder-1,decode,beam] [--forms fp32,q8] [--models <folder>]
//
// Each measurement is a process of its own (so that its memory can be told), the sides take turns round by round, medians over runs and
// rounds. One more process a side tells where the time goes: inside onnxruntime's run, in the tokenizer, in the rest. The models are trained
// where the benchmark runs (a few minutes, the first time): BERT-mini (256 wide, 4 layers) on AG News, GPT of 10 M parameters on two novels.
// transformers.js takes num_beams and then searches greedily: its rows of `beam` are what that call costs there, no beam search.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { heldOutIds, makeModels, newsTest } from './inference/models.mjs';
import { built, cases, forms, measure } from './inference/sides.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    cases: { type: 'string', default: Object.keys(cases).join() },
    forms: { type: 'string', default: Object.keys(forms).join() },
    models: { type: 'string', default: join(tmpdir(), 'yumo-inference-models') },
    step: { type: 'string' },
    side: { type: 'string' },
    name: { type: 'string' },
    form: { type: 'string' },
    watched: { type: 'boolean', default: false },
  },
});
const folders = { encoder: 'bert-mini', news: 'bert-mini-news', gpt: 'gpt-10m' };
const folderOf = (model) => join(values.models, folders[model]);
const median = (xs) => xs.toSorted((a, b) => a - b)[xs.length >> 1];
const round4 = (x) => Number(x.toPrecision(4));
const sides = ['ours', 'theirs'];
const peer = 'transformers.js 4.3.1';

/** Runs this file again and reads the last line as JSON. */
function itself(parameters) {
  const { status, stdout } = spawnSync(
    process.execPath,
    [import.meta.filename, '--models', values.models, ...parameters],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 2 ** 26,
    },
  );
  if (status !== 0) throw new Error(`inference ${parameters.join(' ')} ended with ${status}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Accuracy of the classifier and perplexity of the language model, by form. */
async function quality() {
  const core = await built('core/dist/index.node.js');
  const { Tokenizer } = await built('tokenizer/dist/index.js');
  const runtime = await core.onnxruntimeNode();
  const tokenizer = (json) => Tokenizer.fromJson(json);
  const rows = newsTest();
  const names = ['World', 'Sports', 'Business', 'Sci/Tech'];
  const result = {};
  for (const [form, { file }] of Object.entries(forms)) {
    const classifier = await core.TextClassifier.load(core.diskSource(folderOf('news')), runtime, { tokenizer, file });
    const answers = await classifier.run(rows.map((r) => r.text));
    const right = answers.filter(([best], i) => best.label === names[rows[i].label]).length;
    await classifier.dispose();
    const bytes = readFileSync(join(folderOf('gpt'), file));
    const program = await runtime.load(bytes);
    const ids = heldOutIds(tokenizer(readFileSync(join(folderOf('gpt'), 'tokenizer.json'), 'utf8'))).slice(0, 128 * 33);
    const { layers, keyValueHeads, headSize } = { layers: 6, keyValueHeads: 5, headSize: 64 };
    const none = { dtype: 'float32', shape: [1, keyValueHeads, 0, headSize], data: new Float32Array(0) };
    const past = Object.fromEntries(
      Array.from({ length: layers }, (_, i) => ['key', 'value'].map((p) => [`past_key_values.${i}.${p}`, none])).flat(),
    );
    let [nats, count] = [0, 0];
    const row = (f) => ({
      dtype: 'int64',
      shape: [1, 128],
      data: BigInt64Array.from({ length: 128 }, (_, i) => BigInt(f(i))),
    });
    for (let at = 0; at + 129 <= ids.length; at += 128) {
      const { logits } = await program.run(
        { ...past, input_ids: row((i) => ids[at + i]), attention_mask: row(() => 1), position_ids: row((i) => i) },
        { outputs: ['logits'] },
      );
      const width = logits.shape[2];
      for (let i = 0; i < 128; i++, count++)
        nats -= core.logProbabilityOf(logits.data.subarray(i * width, (i + 1) * width), ids[at + i + 1]);
    }
    await program.dispose();
    result[form] = { accuracy: (100 * right) / rows.length, perplexity: Math.exp(nats / count) };
  }
  console.log(JSON.stringify(result));
}

function compare() {
  const load = loadavg()[0];
  if (load > 0.5) console.log(`the machine is loaded (${load.toFixed(1)}): take these numbers for a look only`);
  itself(['--step', 'models']);
  const rows = [];
  const breakdown = [];
  const speeds = {};
  for (const name of values.cases.split(',')) {
    for (const form of values.forms.split(',')) {
      const results = { ours: [], theirs: [] };
      for (let round = 0; round < Number(values.rounds); round++) {
        for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
          const result = itself(['--step', 'measure', '--side', side, '--name', name, '--form', form]);
          results[side].push(result);
          console.log(
            `${name} ${form} round ${round + 1} ${side.padEnd(6)} ${(1000 * result.seconds).toFixed(2)} ms (best ${(1000 * result.best).toFixed(2)}), ${result.peakMegabytes.toFixed(0)} MB, ${JSON.stringify(result.answer).slice(0, 70)}`,
          );
        }
      }
      const of = (side, key) => median(results[side].map((r) => r[key]));
      const { texts, newTokens, tokens } = cases[name];
      const what = {
        'encoder-16': `encoder, 16 × ${tokens} tokens`,
        'encoder-1': `encoder, 1 × ${tokens} tokens`,
        decode: `greedy, prompt 128, ${newTokens} new tokens`,
        beam: `4 beams, prompt 128, ${newTokens} new tokens`,
      }[name];
      const seconds = results.ours.map((r) => r.seconds);
      const speed = (side) => (texts === undefined ? newTokens / of(side, 'seconds') : 1000 * of(side, 'seconds'));
      speeds[`${name} ${form}`] = of('ours', 'seconds');
      const note = name === 'beam' ? `${peer}, num_beams 4 (greedy)` : peer;
      const spread = [Math.min(...seconds), Math.max(...seconds)].map((s) => round4(texts ? 1000 * s : newTokens / s));
      rows.push({
        row: `${what}, ${form}`,
        unit: texts === undefined ? 'new tokens/s, text to text' : 'ms, text to vectors',
        ours: round4(speed('ours')),
        peers: { [note]: round4(speed('theirs')) },
        ratio: round4(of('theirs', 'seconds') / of('ours', 'seconds')),
        spread,
      });
      rows.push({
        row: `${what}, ${form}: peak memory of the process`,
        unit: 'MB',
        ours: round4(of('ours', 'peakMegabytes')),
        peers: { [note]: round4(of('theirs', 'peakMegabytes')) },
        ratio: round4(of('theirs', 'peakMegabytes') / of('ours', 'peakMegabytes')),
      });
      for (const side of sides) {
        const r = itself(['--step', 'measure', '--watched', '--side', side, '--name', name, '--form', form]);
        const rest = r.seconds - r.inSession - r.inTokenizer;
        const share = (x) => `${(1000 * x).toFixed(2)} ms (${((100 * x) / r.seconds).toFixed(0)} %)`;
        breakdown.push({
          name,
          form,
          side,
          seconds: r.seconds,
          inSession: r.inSession,
          inTokenizer: r.inTokenizer,
          rest,
        });
        console.log(
          `${name} ${form} ${side.padEnd(6)} where the time goes: session ${share(r.inSession)}, tokenizer ${share(r.inTokenizer)}, rest ${share(rest)}; loading ${(1000 * r.secondsToLoad).toFixed(0)} ms`,
        );
      }
    }
  }
  for (const name of values.cases.split(',')) {
    const [exact, small] = [speeds[`${name} fp32`], speeds[`${name} q8`]];
    if (exact && small)
      rows.push({
        row: `${name}: 8-bit against float32, ours`,
        unit: 'times as fast',
        ours: round4(exact / small),
        peers: {},
        ratio: null,
      });
  }
  const { fp32, q8 } = itself(['--step', 'quality']);
  rows.push(
    {
      row: 'AG News, BERT-mini: 8-bit (as peer: float32)',
      unit: '% of test rows right',
      ours: round4(q8.accuracy),
      peers: { 'yumo float32': round4(fp32.accuracy) },
      ratio: null,
    },
    {
      row: 'held-out novel, GPT 10 M: 8-bit (as peer: float32)',
      unit: 'perplexity',
      ours: round4(q8.perplexity),
      peers: { 'yumo float32': round4(fp32.perplexity) },
      ratio: null,
    },
  );
  const flags =
    /flags\s*:(.*)/.exec(process.platform === 'linux' ? readFileSync('/proc/cpuinfo', 'utf8') : '')?.[1] ?? '';
  const machine = {
    processor: cpus()[0].model.trim(),
    instructions:
      ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'amx_int8']
        .filter((f) => flags.split(' ').includes(f))
        .join(' ') || 'unknown',
    processors: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load: round4(load),
    rounds: Number(values.rounds),
  };
  console.log(JSON.stringify({ name: 'inference', machine, rows, breakdown }));
}

if (values.step === 'models') {
  await makeModels(values.models);
  console.log('{}');
} else if (values.step === 'quality') await quality();
else if (values.step === 'measure') {
  const { side, name, form, watched } = values;
  await measure({ side, name, form, watched, folder: folderOf(cases[name].model) });
} else compare();
