// The two sides of the inference benchmark: one process runs one case on one of them and prints what it measured.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { newsTexts, novelPrompts } from './models.mjs';

export const built = (path) => import(join(import.meta.dirname, '../../packages', path));
const median = (xs) => xs.toSorted((a, b) => a - b)[xs.length >> 1];

/** What is measured. `text in` to vectors, or to text, by the public calls of each side. */
export const cases = {
  'encoder-16': { model: 'encoder', texts: 16, tokens: 128, runs: 12, warmup: 3 },
  'encoder-1': { model: 'encoder', texts: 1, tokens: 128, runs: 60, warmup: 10 },
  decode: { model: 'gpt', prompt: 128, newTokens: 128, runs: 5, warmup: 1 },
  beam: { model: 'gpt', prompt: 128, newTokens: 64, beams: 4, runs: 5, warmup: 1 },
};
export const forms = {
  fp32: { file: 'onnx/model.onnx', dtype: 'fp32' },
  q8: { file: 'onnx/model_quantized.onnx', dtype: 'q8' },
};

async function loadOurs(kind, folder, form) {
  const core = await built('core/dist/index.node.js');
  const { Tokenizer } = await built('tokenizer/dist/index.js');
  const runtime = await core.onnxruntimeNode();
  const options = { tokenizer: (json) => Tokenizer.fromJson(json), file: forms[form].file };
  const source = core.diskSource(folder);
  const { texts, newTokens, beams } = kind;
  if (texts !== undefined) {
    const extractor = await core.FeatureExtractor.load(source, runtime, options);
    return {
      tokenizer: extractor.model.tokenizer,
      tokenize: (inputs) => inputs.map((t) => extractor.model.encode(t)),
      run: (inputs) => extractor.run(inputs),
      answer: (vectors) => [...vectors[0].slice(0, 4)],
    };
  }
  const generator = await core.TextGenerator.load(source, runtime, options);
  const { tokenizer, model } = generator;
  const greedy = async ([prompt]) => (await generator.run(prompt, { maxNewTokens: newTokens, temperature: 0 })).text;
  const search = async ([prompt]) => {
    const [[best]] = await model.beamSearch([[...tokenizer.encodeIds(prompt)]], { beams, maxNewTokens: newTokens });
    return tokenizer.decode(best.ids, { skipSpecialTokens: true });
  };
  return {
    tokenizer,
    tokenize: (inputs) => inputs.map((t) => tokenizer.encodeIds(t)),
    run: beams === undefined ? greedy : search,
    answer: (text) => text.slice(0, 60),
  };
}

async function loadTheirs(kind, folder, form) {
  const { env, pipeline } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  const { texts, newTokens, beams } = kind;
  const task = texts === undefined ? 'text-generation' : 'feature-extraction';
  const pipe = await pipeline(task, basename(folder), { dtype: forms[form].dtype, device: 'cpu' });
  // Only to make inputs of a known length, which is not measured.
  const { Tokenizer } = await built('tokenizer/dist/index.js');
  const tokenizer = Tokenizer.fromJson(JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')));
  const tokenize = (inputs) => pipe.tokenizer(inputs, { padding: true, truncation: true });
  if (texts !== undefined)
    return {
      tokenizer,
      tokenize,
      run: async (inputs) => (await pipe(inputs, { pooling: 'mean', normalize: true })).tolist(),
      answer: (vectors) => vectors[0].slice(0, 4),
    };
  const search = beams === undefined ? {} : { num_beams: beams };
  const options = { max_new_tokens: newTokens, do_sample: false, return_full_text: false, ...search };
  return {
    tokenizer,
    tokenize,
    run: async ([prompt]) => (await pipe(prompt, options))[0].generated_text,
    answer: (text) => text.slice(0, 60),
  };
}

/** Time spent in onnxruntime's run, of either side: both call the same package. */
async function watchSessions() {
  const { InferenceSession } = await import('onnxruntime-node');
  const { run } = InferenceSession.prototype;
  const spent = { seconds: 0 };
  InferenceSession.prototype.run = async function timed(...parameters) {
    const began = performance.now();
    try {
      return await run.apply(this, parameters);
    } finally {
      spent.seconds += (performance.now() - began) / 1000;
    }
  };
  return spent;
}

/** Peak resident memory of this process, megabytes. */
function peakMegabytes() {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS) / 1024;
}

/** Runs one case on one side and prints a line of JSON. */
export async function measure({ side, name, form, folder, watched }) {
  const kind = cases[name];
  const spent = watched ? await watchSessions() : { seconds: 0 };
  const began = performance.now();
  const loaded = await (side === 'ours' ? loadOurs : loadTheirs)(kind, folder, form);
  const secondsToLoad = (performance.now() - began) / 1000;
  const runs = kind.warmup + kind.runs;
  // Another prompt every time: of one that it has seen, ours would find keys and values in its prefix cache.
  const given =
    kind.texts === undefined
      ? novelPrompts(loaded.tokenizer, kind.prompt, runs).map((prompt) => [prompt])
      : new Array(runs).fill(newsTexts(loaded.tokenizer, kind.texts, kind.tokens));
  const seconds = [];
  const inSession = [];
  const inTokenizer = [];
  let answer;
  for (const [i, inputs] of given.entries()) {
    spent.seconds = 0;
    const start = performance.now();
    answer = loaded.answer(await loaded.run(inputs));
    const took = (performance.now() - start) / 1000;
    const before = performance.now();
    if (watched) loaded.tokenize(inputs);
    if (i < kind.warmup) continue;
    seconds.push(took);
    inSession.push(spent.seconds);
    inTokenizer.push((performance.now() - before) / 1000);
  }
  console.log(
    JSON.stringify({
      seconds: median(seconds),
      best: Math.min(...seconds),
      secondsToLoad,
      ...(watched ? { inSession: median(inSession), inTokenizer: median(inTokenizer) } : {}),
      peakMegabytes: peakMegabytes(),
      answer,
    }),
  );
}
