// How well a language model predicts texts: loss per token, character and byte, with the probability of every token.

import {
  architectureFor,
  type Bundle,
  crossEntropyWithProbabilities,
  flattenRows,
  type Graph,
  loadModelFile,
  loadParameters,
  type Parameter,
  parameterScope,
  productOfDims,
  type Runtime,
  reshape,
  simplify,
  tensor,
  throwIfAborted,
  type Value,
  YumoError,
} from '@yumo/core';

/** What the evaluation needs of a tokenizer. */
export interface EvaluationTokenizer {
  encodeIds(text: string, options?: { addSpecialTokens?: boolean }): Int32Array;
  decode(ids: ArrayLike<number>): string;
  readonly vocabularySize: number;
}

export interface LanguageEvaluationOptions {
  /** Tokens a window moves on, at most the context (the default). Smaller: every token sees more text before it, and more is computed. */
  readonly stride?: number;
  /** A model file of the bundle, such as `onnx/model_quantized.onnx`, instead of its weights. */
  readonly file?: string;
  readonly signal?: AbortSignal;
  /** Called for each predicted token, text by text, in order. */
  readonly onToken?: (prediction: TokenPrediction) => void;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly loss: number }) => void;
}

/** One token and how likely the model found it. */
export interface TokenPrediction {
  /** Which text, and which token of it; the first token of a text is not predicted. */
  readonly text: number;
  readonly position: number;
  readonly id: number;
  /** ln p, nats. */
  readonly logProbability: number;
}

/** Losses are in nats. */
export interface LanguageEvaluation {
  readonly texts: number;
  /** Texts of fewer than two tokens: nothing in them is predicted. */
  readonly skippedTexts: number;
  /** Predicted tokens, and the characters (code points) and UTF-8 bytes that they stand for. */
  readonly tokens: number;
  readonly characters: number;
  readonly bytes: number;
  readonly lossPerToken: number;
  readonly lossPerCharacter: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
  /** False: the tokenizer drops or changes something of the texts, and what it drops costs nothing. */
  readonly lossless: boolean;
  readonly contextLength: number;
  readonly stride: number;
  readonly seconds: number;
}

/** Numbers of logits in memory at once. */
const logitsAtOnce = 2 ** 25;

/** Token ids that enter, and what is asked of them: `from` is the first position whose next token counts. */
interface Window {
  readonly text: number;
  readonly start: number;
  readonly from: number;
  readonly end: number;
}

/** Windows over a text of `length` tokens: together they predict every token but the first, once. */
export function* windowsOf(text: number, length: number, context: number, stride: number): Generator<Window> {
  const predictions = length - 1;
  for (let from = 0; from < predictions; ) {
    // The first window counts all that it sees; each later one the last `stride` positions.
    const end = Math.min(predictions, from === 0 ? context : from + stride);
    // Without overlap the windows are the trainer's rows, so that both give the same loss.
    yield { text, start: stride < context ? Math.max(0, end - context) : from, from, end };
    from = end;
  }
}

/** input_ids and labels int32 `[batch, sequence]` → the loss of each label, `[batch · sequence]`. */
function lossGraph(config: Bundle['config']): { graph: Graph; parameters: readonly Parameter[]; context: number } {
  const architecture = architectureFor(config);
  const read = architecture.readConfig(config);
  const scope = parameterScope();
  const inputIds = tensor('input_ids', 'int32', ['batch', 'sequence']);
  const labels = tensor('labels', 'int32', ['batch', 'sequence']);
  const { logits } = architecture.causalLm(scope, { inputIds }, read);
  const [losses] = crossEntropyWithProbabilities(flattenRows(logits), reshape(labels, [productOfDims(labels.shape)]));
  const inputs = [...scope.parameters.map((p) => p.tensor), inputIds, labels];
  return {
    graph: simplify({ inputs, outputs: { losses } }),
    parameters: scope.parameters,
    context: architecture.contextLength(read),
  };
}

const characterCount = (text: string): number => [...text].length;
const byteCount = (text: string): number => new TextEncoder().encode(text).length;

/**
 * Evaluates a model on texts. Every text starts anew: nothing is known before its first token, which is not predicted.
 * @throws YumoError `TOKENIZER` when the tokenizer has ids that the model lacks, `DATA` when no text has two tokens, `CHECKPOINT`.
 */
export async function evaluateLanguageModel(
  bundle: Bundle,
  tokenizer: EvaluationTokenizer,
  texts: readonly string[],
  runtime: Runtime,
  { stride: asked, file, signal, onToken, onProgress }: LanguageEvaluationOptions = {},
): Promise<LanguageEvaluation> {
  const { graph, parameters, context } = lossGraph(bundle.config);
  const stride = Math.min(asked ?? context, context);
  const vocabulary = architectureFor(bundle.config).vocabularySize(
    architectureFor(bundle.config).readConfig(bundle.config),
  );
  if (tokenizer.vocabularySize > vocabulary)
    throw new YumoError(
      'TOKENIZER',
      `${bundle.source.name}: tokenizer.json has ${tokenizer.vocabularySize} tokens, the model knows ${vocabulary}; they belong to different models`,
      { tokenizer: tokenizer.vocabularySize, model: vocabulary },
    );
  const streams = texts.map((text) => tokenizer.encodeIds(text, { addSpecialTokens: false }));
  const predicted = streams.map((ids, i) =>
    ids.length < 2 ? '' : texts[i]!.slice(tokenizer.decode([ids[0]!]).length),
  );
  const lossless = streams.every((ids, i) => tokenizer.decode(ids) === texts[i]);
  const tokens = streams.reduce((n, ids) => n + Math.max(0, ids.length - 1), 0);
  if (tokens === 0)
    throw new YumoError('DATA', `the ${texts.length} texts have no two tokens in a row: there is nothing to predict`, {
      texts: texts.length,
    });
  const stop = signal ? { signal } : {};
  const costs =
    file === undefined
      ? await ownCosts(bundle, graph, parameters, runtime, stop)
      : await fileCosts(bundle, file, runtime, stop);
  const started = performance.now();
  let loss = 0;
  let done = 0;
  try {
    const windows = streams.flatMap((ids, text) => [...windowsOf(text, ids.length, context, stride)]);
    const rows = Math.max(1, Math.min(16, Math.floor(logitsAtOnce / (context * vocabulary))));
    for (let at = 0; at < windows.length; at += rows) {
      throwIfAborted(signal, 'evaluate');
      for (const prediction of await predict(costs, windows.slice(at, at + rows), streams)) {
        loss -= prediction.logProbability;
        done++;
        onToken?.(prediction);
      }
      onProgress?.({ done, total: tokens, loss: loss / done });
    }
  } finally {
    await costs.dispose();
  }
  const characters = predicted.reduce((n, text) => n + characterCount(text), 0);
  const bytes = predicted.reduce((n, text) => n + byteCount(text), 0);
  return {
    texts: texts.length,
    skippedTexts: streams.filter((ids) => ids.length < 2).length,
    tokens,
    characters,
    bytes,
    lossPerToken: loss / tokens,
    lossPerCharacter: loss / characters,
    perplexity: Math.exp(loss / tokens),
    bitsPerByte: loss / bytes / Math.LN2,
    lossless,
    contextLength: context,
    stride,
    seconds: (performance.now() - started) / 1000,
  };
}

/** What each label of `[batch, sequence]` costs, in nats; a program with its inputs and outputs put in order. */
interface Costs {
  run(inputIds: Int32Array, labels: Int32Array, shape: readonly [number, number]): Promise<ArrayLike<number>>;
  dispose(): Promise<void>;
}

async function ownCosts(
  bundle: Bundle,
  graph: Graph,
  parameters: readonly Parameter[],
  runtime: Runtime,
  stop: { signal?: AbortSignal },
): Promise<Costs> {
  const weights = await bundle.weights(stop);
  const constants = await loadParameters(weights, parameters, architectureFor(bundle.config), stop);
  const program = await runtime.compile(graph, { constants, ...stop });
  return {
    async run(inputIds, labels, shape) {
      const shaped = (data: Int32Array): Value => ({ dtype: 'int32', shape, data });
      const { losses } = await program.run({ input_ids: shaped(inputIds), labels: shaped(labels) });
      return losses!.data as Float32Array; // a loss is float32
    },
    dispose: () => program.dispose(),
  };
}

/** The same from a file that other programs run: ids of 64 bits, an empty cache, logits out. */
async function fileCosts(
  bundle: Bundle,
  file: string,
  runtime: Runtime,
  stop: { signal?: AbortSignal },
): Promise<Costs> {
  const architecture = architectureFor(bundle.config);
  const { keyValueHeads, headSize } = architecture.cache(architecture.readConfig(bundle.config));
  const program = await loadModelFile(runtime, bundle.source, file, stop);
  const numbers = (shape: readonly number[], of: (i: number) => number): Value => ({
    dtype: 'int64',
    shape,
    data: BigInt64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => BigInt(of(i))),
  });
  return {
    async run(inputIds, labels, [rows, length]) {
      const feeds = Object.fromEntries(
        program.inputNames.map((name): [string, Value] => {
          if (name === 'input_ids') return [name, numbers([rows, length], (i) => inputIds[i]!)];
          if (name === 'attention_mask') return [name, numbers([rows, length], () => 1)];
          if (name === 'position_ids') return [name, numbers([rows, length], (i) => i % length)];
          if (name === 'use_cache_branch') return [name, { dtype: 'bool', shape: [1], data: Uint8Array.of(0) }];
          return [name, { dtype: 'float32', shape: [rows, keyValueHeads, 0, headSize], data: new Float32Array(0) }];
        }),
      );
      const { logits } = await program.run(feeds, { outputs: ['logits'], ...stop });
      const data = logits!.data as Float32Array; // heads answer in float32
      const size = data.length / labels.length;
      return Float64Array.from(labels, (label, i) =>
        label < 0 ? 0 : costOf(data.subarray(i * size, (i + 1) * size), label),
      );
    },
    dispose: () => program.dispose(),
  };
}

/** −ln softmax(logits)[label]. */
function costOf(logits: Float32Array, label: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const x of logits) largest = Math.max(largest, x);
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - largest);
  return Math.log(sum) + largest - logits[label]!;
}

/** Runs a batch of windows. Shorter rows are filled up on the right, where nothing looks. */
async function predict(
  costs: Costs,
  windows: readonly Window[],
  streams: readonly Int32Array[],
): Promise<TokenPrediction[]> {
  const length = Math.max(...windows.map((w) => w.end - w.start));
  const inputIds = new Int32Array(windows.length * length);
  const labels = new Int32Array(windows.length * length).fill(-100);
  windows.forEach(({ text, start, from, end }, row) => {
    const ids = streams[text]!;
    inputIds.set(ids.subarray(start, end), row * length);
    labels.set(ids.subarray(from + 1, end + 1), row * length + from - start);
  });
  const losses = await costs.run(inputIds, labels, [windows.length, length]);
  return windows.flatMap(({ text, start, from, end }, row) =>
    Array.from({ length: end - from }, (_, i) => ({
      text,
      position: from + i + 1,
      id: streams[text]![from + i + 1]!,
      logProbability: -Number(losses[row * length + from - start + i]),
    })),
  );
}
