// The models of the inference benchmarks, made where they run: BERT-mini trained on AG News for a few minutes, GPT of 10 M parameters trained
// on two novels for a few steps, each exported with yumo's own exporter. Kept in a folder; made again only when that is empty.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const data = join(process.env.YUMO_SHARED ?? join(import.meta.dirname, '../../../shared'), 'data');
const unpacked = (path) => gunzipSync(readFileSync(join(data, path))).toString('utf8');

/** Rows `"class","title","description"`. */
function newsRows(split) {
  const rows = unpacked(`classification/ag-news/${split}.csv.gz`).trim().split('\n');
  return rows.map((row) => {
    const [label, title, text] = row.slice(1, -1).split('","');
    return { label: Number(label) - 1, text: `${title} ${text}`.replaceAll('\\', ' ').replaceAll('""', '"') };
  });
}
const classics = ['adventures-of-sherlock-holmes', 'pride-and-prejudice'];
const novels = () => classics.map((name) => unpacked(`lm/english-classics/${name}.txt.gz`)).join('\n');
/** What is trained on ends here; the rest is held out. */
const heldOut = 1_100_000;

export const bertMini = {
  model_type: 'bert',
  hidden_size: 256,
  num_hidden_layers: 4,
  num_attention_heads: 4,
  intermediate_size: 1024,
  max_position_embeddings: 512,
  pad_token_id: 0,
  id2label: { 0: 'World', 1: 'Sports', 2: 'Business', 3: 'Sci/Tech' },
  label2id: { World: 0, Sports: 1, Business: 2, 'Sci/Tech': 3 },
};
/** 6 blocks of 12 · 320² weights, and a table of 8,192 rows: 10.2 M. */
export const gpt10m = {
  model_type: 'gpt2',
  n_embd: 320,
  n_layer: 6,
  n_head: 5,
  n_positions: 512,
  // Never chosen: every generation has its full length.
  eos_token_id: 0,
  bos_token_id: 0,
};

const built = (path) => import(join(import.meta.dirname, '../../packages', path));
const float = (x) => ({ dtype: 'float32', shape: [], data: Float32Array.of(x) });
const integers = (rows) => ({
  dtype: 'int32',
  shape: [rows.length, rows[0].length],
  data: Int32Array.from(rows.flat()),
});

/** Trains with Adam (Kingma and Ba 2015) and a rate that falls to zero. @returns the parameters by name */
async function trained(core, { parameters, inputs, loss, batch, steps, rate }) {
  const { add, div, mul, scalar, sqrt, sub, tensor } = core;
  const { initialValues } = await built('train/dist/index.js');
  const tensors = parameters.map((p) => p.tensor);
  const gradients = core.gradient(loss, tensors);
  const step = tensor('rate', 'float32', []);
  const listed = [...inputs, step];
  const outputs = { loss };
  let held = { ...initialValues(parameters, 1) };
  for (const [i, { name, tensor: w, shape }] of parameters.entries()) {
    const [m, v] = ['m', 'v'].map((slot) => tensor(`${name}/${slot}`, 'float32', shape));
    const g = gradients[i];
    const m2 = add(mul(m, scalar(0.9)), mul(g, scalar(0.1)));
    const v2 = add(mul(v, scalar(0.98)), mul(mul(g, g), scalar(0.02)));
    listed.push(w, m, v);
    outputs[`next:${name}`] = sub(w, mul(step, div(m2, add(sqrt(v2), scalar(1e-8)))));
    outputs[`next:${name}/m`] = m2;
    outputs[`next:${name}/v`] = v2;
    const zeros = () => ({ dtype: 'float32', shape, data: new Float32Array(core.sizeOf(shape)) });
    held = { ...held, [`${name}/m`]: zeros(), [`${name}/v`]: zeros() };
  }
  const runtime = await core.onnxruntimeNode();
  const program = await runtime.compile({ inputs: listed, outputs }, { purpose: 'training' });
  for (let i = 0; i < steps; i++) {
    const share = Math.min(1, (i + 1) / 50) * (1 - i / steps);
    const correction = Math.sqrt(1 - 0.98 ** (i + 1)) / (1 - 0.9 ** (i + 1));
    const out = await program.run({ ...held, ...batch(i), rate: float(rate * share * correction) });
    held = Object.fromEntries(Object.keys(held).map((name) => [name, out[`next:${name}`]]));
    if (i % 100 === 99) console.log(`  step ${i + 1} of ${steps}: loss ${out.loss.data[0].toFixed(3)}`);
  }
  await program.dispose();
  return Object.fromEntries(parameters.map(({ name }) => [name, held[name]]));
}

async function trainBert(core, tokenizer, config) {
  const [rows, length] = [32, 64];
  const model = core.modelFor(config);
  const names = Object.keys(model.head.inputs(model.config)).filter((n) => n !== 'position_ids');
  const inputs = Object.fromEntries(names.map((n) => [n, core.tensor(n, 'int32', [rows, length])]));
  const labels = core.tensor('labels', 'int32', [rows]);
  const scope = core.parameterScope();
  const { loss } = model.head.build(scope, { ...inputs, labels }, model.config);
  const news = newsRows('train').map(({ label, text }) => {
    const { ids } = tokenizer.encode(text, null, { truncation: { maxLength: length }, padding: null });
    return { label, ids: [...ids] };
  });
  const padded = (ids, filler) => [...ids, ...new Array(length - ids.length).fill(filler)];
  const batch = (i) => {
    const chosen = Array.from({ length: rows }, (_, r) => news[Math.floor(core.uniformAt(2, i, r) * news.length)]);
    const columns = {
      input_ids: chosen.map(({ ids }) => padded(ids, 0)),
      attention_mask: chosen.map(({ ids }) =>
        padded(
          ids.map(() => 1),
          0,
        ),
      ),
      token_type_ids: chosen.map(() => new Array(length).fill(0)),
    };
    return {
      ...Object.fromEntries(names.map((n) => [n, integers(columns[n])])),
      labels: { dtype: 'int32', shape: [rows], data: Int32Array.from(chosen, (c) => c.label) },
    };
  };
  const { parameters } = scope;
  return trained(core, { parameters, inputs: [...Object.values(inputs), labels], loss, batch, steps: 600, rate: 5e-4 });
}

async function trainGpt(core, tokenizer, config) {
  const [rows, length] = [4, 128];
  const architecture = core.architectureFor(config);
  const ids = [...tokenizer.encodeIds(novels().slice(0, heldOut))];
  const inputIds = core.tensor('input_ids', 'int32', [rows, length]);
  const labels = core.tensor('labels', 'int32', [rows, length]);
  const scope = core.parameterScope();
  const { logits } = architecture.causalLm(scope, { inputIds }, architecture.readConfig(config));
  const batch = (i) => {
    const starts = Array.from({ length: rows }, (_, r) =>
      Math.floor(core.uniformAt(3, i, r) * (ids.length - length - 1)),
    );
    return {
      input_ids: integers(starts.map((s) => ids.slice(s, s + length))),
      labels: integers(starts.map((s) => ids.slice(s + 1, s + length + 1))),
    };
  };
  const loss = core.crossEntropy(logits, labels);
  return trained(core, {
    parameters: scope.parameters,
    inputs: [inputIds, labels],
    loss,
    batch,
    steps: 200,
    rate: 1e-3,
  });
}

/** Changes when the recipes above do. */
const version = '1';

/**
 * Makes what is missing in the folder; files of onnx/ always anew, for they are what is measured.
 * @returns the folders of `news` (BERT-mini with its classifier), `encoder` (the same without) and `gpt`
 */
export async function makeModels(folder) {
  const core = await built('core/dist/index.node.js');
  const tokenizers = await built('tokenizer/dist/index.js');
  const runtime = await core.onnxruntimeNode();
  const [encoder, news, gpt] = ['bert-mini', 'bert-mini-news', 'gpt-10m'].map((name) => join(folder, name));
  const isMade = (path) => existsSync(join(path, 'made')) && readFileSync(join(path, 'made'), 'utf8') === version;
  const write = (to, config, weights, tokenizer, settings) => {
    rmSync(to, { recursive: true, force: true });
    mkdirSync(to, { recursive: true });
    writeFileSync(join(to, 'config.json'), JSON.stringify(config));
    writeFileSync(join(to, 'model.safetensors'), core.writeSafetensors(weights));
    writeFileSync(join(to, 'tokenizer.json'), JSON.stringify(tokenizer.toJson()));
    writeFileSync(join(to, 'tokenizer_config.json'), JSON.stringify(settings));
    writeFileSync(join(to, 'made'), version);
  };
  if (![encoder, news].every(isMade)) {
    console.log(`${folder}: training BERT-mini on AG News`);
    const texts = newsRows('train').map((r) => r.text);
    const pieces = await tokenizers.trainWordPiece(texts, { vocabularySize: 8192 });
    const config = { ...bertMini, vocab_size: pieces.vocabularySize, architectures: ['BertForSequenceClassification'] };
    const weights = await trainBert(core, pieces, config);
    const marks = {
      unk_token: '[UNK]',
      sep_token: '[SEP]',
      pad_token: '[PAD]',
      cls_token: '[CLS]',
      mask_token: '[MASK]',
    };
    const settings = { tokenizer_class: 'BertTokenizer', ...marks, model_max_length: 512 };
    write(news, config, weights, pieces, settings);
    const own = Object.entries(weights).filter(([name]) => name.startsWith('bert.') && !name.includes('pooler'));
    const bare = Object.fromEntries(own.map(([name, v]) => [name.slice('bert.'.length), v]));
    write(encoder, { ...config, architectures: ['BertModel'] }, bare, pieces, settings);
  }
  if (!isMade(gpt)) {
    console.log(`${folder}: training GPT of 10 M parameters on two novels`);
    const specialTokens = ['<|endoftext|>'];
    const bytes = await tokenizers.trainByteLevelBpe([novels()], { vocabularySize: 8192, specialTokens });
    const config = { ...gpt10m, vocab_size: bytes.vocabularySize, architectures: ['GPT2LMHeadModel'] };
    const weights = await trainGpt(core, bytes, config);
    write(gpt, config, weights, bytes, { tokenizer_class: 'GPT2Tokenizer', model_max_length: 512 });
  }
  for (const path of [encoder, news, gpt]) {
    rmSync(join(path, 'onnx'), { recursive: true, force: true });
    await core.exportFolder(path, { runtime, forms: ['float32', 'int8'] });
  }
  return { encoder, news, gpt };
}

/** Texts of AG News of exactly `tokens` tokens each, special tokens included, made of whole words. */
export function newsTexts(tokenizer, count, tokens) {
  const words = newsRows('test')
    .flatMap((r) => r.text.split(/\s+/))
    .filter((w) => w !== '');
  const sizeOf = (word) => tokenizer.encodeIds(word, { addSpecialTokens: false }).length;
  let at = 0;
  return Array.from({ length: count }, () => {
    const chosen = [];
    for (let left = tokens - 2; left > 0; at++) {
      const size = sizeOf(words[at % words.length]);
      if (size > left) continue;
      chosen.push(words[at % words.length]);
      left -= size;
    }
    return chosen.join(' ');
  });
}

/** Pieces of the held-out text, each of exactly `tokens` tokens. */
export function novelPrompts(tokenizer, tokens, count) {
  const ids = tokenizer.encodeIds(novels().slice(heldOut, heldOut + 200_000));
  const prompts = [];
  for (let start = 0; start + tokens < ids.length && prompts.length < count; ) {
    const text = tokenizer.decode(ids.slice(start, start + tokens));
    const fits = tokenizer.encodeIds(text).length === tokens;
    if (fits) prompts.push(text);
    start += fits ? tokens : 1;
  }
  if (prompts.length < count) throw new Error(`only ${prompts.length} prompts of ${tokens} tokens`);
  return prompts;
}

/** `{ label, text }` of the test rows. */
export const newsTest = () => newsRows('test');
/** Ids that the GPT was not trained on. */
export const heldOutIds = (tokenizer) => tokenizer.encodeIds(novels().slice(heldOut));
