// How well a language model predicts texts: loss per token, character and byte, with the probability of every token.

import {
  architectureFor,
  type Bundle,
  crossEntropyWithProbabilities,
  flattenRows,
  type Graph,
  loadParameters,
  type Parameter,
  type Program,
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
  { stride: asked, signal, onToken, onProgress }: LanguageEvaluationOptions = {},
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
  const architecture = architectureFor(bundle.config);
  const weights = await bundle.weights(signal ? { signal } : {});
  const constants = await loadParameters(weights, parameters, architecture, signal ? { signal } : {});
  const program = await runtime.compile(graph, { constants, ...(signal ? { signal } : {}) });
  const started = performance.now();
  let loss = 0;
  let done = 0;
  try {
    const windows = streams.flatMap((ids, text) => [...windowsOf(text, ids.length, context, stride)]);
    const rows = Math.max(1, Math.min(16, Math.floor(logitsAtOnce / (context * vocabulary))));
    for (let at = 0; at < windows.length; at += rows) {
      throwIfAborted(signal, 'evaluate');
      for (const prediction of await predict(program, windows.slice(at, at + rows), streams)) {
        loss -= prediction.logProbability;
        done++;
        onToken?.(prediction);
      }
      onProgress?.({ done, total: tokens, loss: loss / done });
    }
  } finally {
    await program.dispose();
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

/** Runs a batch of windows. Shorter rows are filled up on the right, where nothing looks. */
async function predict(
  program: Program,
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
  const shaped = (data: Int32Array): Value => ({ dtype: 'int32', shape: [windows.length, length], data });
  const { losses } = await program.run({ input_ids: shaped(inputIds), labels: shaped(labels) });
  return windows.flatMap(({ text, start, from, end }, row) =>
    Array.from({ length: end - from }, (_, i) => ({
      text,
      position: from + i + 1,
      id: streams[text]![from + i + 1]!,
      logProbability: -Number(losses!.data[row * length + from - start + i]),
    })),
  );
}
