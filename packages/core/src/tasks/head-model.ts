// A model with a head, and its tokenizer: encoded texts in, the head's numbers out, batched by length.

import { type Bundle, openBundle } from '../checkpoint/folder.ts';
import { filesWithoutWeights, loadModelFile } from '../checkpoint/model-file.ts';
import { loadParameters } from '../checkpoint/parameters.ts';
import type { FileSource } from '../checkpoint/source.ts';
import { throwIfAborted, YumoError } from '../errors.ts';
import type { LoadOptions } from '../generate/decode.ts';
import { headGraph } from '../models/head-graph.ts';
import { causalLmTypes, modelFor } from '../models/index.ts';
import { computesOnProcessor, type Program, type Runtime, type Values } from '../runtimes/runtime.ts';
import { type Value, widened } from '../value.ts';
import type { EncodedText, EncodingTokenizer } from './tokenizer.ts';

export interface HeadModelOptions extends Omit<LoadOptions, 'states'> {
  /** Makes the tokenizer from the text of tokenizer.json: `(json) => Tokenizer.fromJson(json)`. */
  readonly tokenizer: (json: string) => EncodingTokenizer;
}

/** What every task that reads texts can be told. */
export interface BatchOptions {
  /** Texts, or windows of texts, that run together. 16 by default. */
  readonly batchSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Numbers of one text: `[tokens, …]` or `[…]`, without the batch axis and without padding. */
export type HeadOutputs = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }>>;

/** Most tokens of a text for models that have no limit of their own. */
const anyLength = 512;

/**
 * Tokens that a run on a processor should not exceed: the activations of more leave its caches, and fewer pay more often for what a run costs whatever
 * it holds. 16 texts of 128 tokens through BERT-mini are quickest in two runs (docs/log.md). Graphics processors want all they can get.
 */
const tokensPerRun = 1024;

export class HeadModel {
  /** The model's folder. */
  readonly name: string;
  readonly tokenizer: EncodingTokenizer;
  /** Most tokens that it reads at once. */
  readonly contextLength: number;
  /** Class names by number, from config.json. */
  readonly labels: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
  readonly #program: Program;
  readonly #idType: 'int32' | 'int64';
  readonly #padToken: number;
  /** False for decoders without a padding token: they read the class at the last position, and could not tell it from padding. */
  readonly #pads: boolean;
  readonly #mostTokens: number;

  private constructor(
    bundle: Bundle,
    tokenizer: EncodingTokenizer,
    program: Program,
    idType: 'int32' | 'int64',
    runtime: Runtime,
  ) {
    const { config } = bundle;
    const { architecture, config: read } = modelFor(config);
    this.name = bundle.source.name;
    this.tokenizer = tokenizer;
    this.config = config;
    this.contextLength = architecture.contextLength(read) ?? anyLength;
    this.labels = labelsOf(config);
    this.#program = program;
    this.#idType = idType;
    const padded = typeof config.pad_token_id === 'number';
    this.#padToken = padded ? Number(config.pad_token_id) : 0;
    this.#mostTokens = computesOnProcessor(runtime) ? tokensPerRun : Number.POSITIVE_INFINITY;
    this.#pads = padded || !causalLmTypes.includes(architecture.modelType);
  }

  /**
   * Loads a model's folder: the file `options.file`, by default the weights, else `onnx/model.onnx`.
   * @param heads the ends of class names that the task can use, such as `ForTokenClassification`
   * @throws YumoError `CONFIG` for another head or unknown architectures, `TOKENIZER`, `CHECKPOINT`, `FILE`, `RUNTIME`, `ABORTED`.
   */
  static async load(
    source: FileSource,
    runtime: Runtime,
    heads: readonly string[],
    { tokenizer: make, signal, onProgress, file: given }: HeadModelOptions,
  ): Promise<HeadModel> {
    throwIfAborted(signal, `loading ${source.name}`);
    const bundle = await openBundle(source);
    const model = modelFor(bundle.config);
    if (!heads.some((head) => model.className.endsWith(head)))
      throw new YumoError(
        'CONFIG',
        `${source.name}: config.json names the head ${model.className}; this task needs one of ${heads.map((h) => `…${h}`).join(', ')}`,
        { className: model.className, heads },
      );
    const tokenizer = make(await bundle.tokenizerJson());
    const known = model.architecture.vocabularySize(model.config);
    if (tokenizer.vocabularySize > known)
      throw new YumoError(
        'TOKENIZER',
        `${source.name}: tokenizer.json has ${tokenizer.vocabularySize} tokens, the model knows ${known}; they belong to different models`,
        { tokenizer: tokenizer.vocabularySize, model: known },
      );
    const stop = signal ? { signal } : {};
    const progress = onProgress ? { onProgress } : {};
    const file = given ?? (await filesWithoutWeights(bundle, { model: 'onnx/model.onnx' }))?.model;
    if (file !== undefined) {
      const program = await loadModelFile(runtime, source, file, { ...stop, ...progress });
      return new HeadModel(bundle, tokenizer, program, 'int64', runtime);
    }
    const { graph, parameters } = headGraph(model);
    const weights = await bundle.weights(stop);
    const constants = await loadParameters(weights, parameters, model.architecture, { ...stop, ...progress });
    return new HeadModel(bundle, tokenizer, await runtime.compile(graph, { constants, ...stop }), 'int32', runtime);
  }

  /**
   * A text or pair, cut to what the model reads; with `stride` the rest follows as overlapping windows.
   * @param stride tokens that neighbouring windows share, at most half of what they have room for
   * @returns the stride that holds, too
   */
  encode(
    text: string,
    pair: string | null = null,
    { stride, ...parse }: { readonly stride?: number } & ParseOption = {},
  ): { readonly first: EncodedText; readonly windows: readonly EncodedText[]; readonly stride: number } {
    const { tokenizer, contextLength } = this;
    if (stride === undefined) {
      const truncation = { maxLength: contextLength, strategy: 'LongestFirst' as const };
      const first = tokenizer.encode(text, pair, { ...parse, truncation, padding: null });
      return { first, windows: [first], stride: 0 };
    }
    if (!(Number.isInteger(stride) && stride >= 0))
      throw new YumoError('CONFIG', `stride: ${stride} is not a whole number, 0 or more`, { stride });
    // Of a pair the second text is cut; what every window has is the first one and the special tokens.
    const [fixed, empty] = pair === null ? ['', null] : [text, ''];
    const frame = tokenizer.encode(fixed, empty, { ...parse, truncation: null, padding: null }).ids.length;
    const shared = Math.max(0, Math.min(stride, Math.floor((contextLength - frame) / 2)));
    const strategy = pair === null ? ('LongestFirst' as const) : ('OnlySecond' as const);
    const truncation = { maxLength: contextLength, strategy, stride: shared };
    const first = tokenizer.encode(text, pair, { ...parse, truncation, padding: null });
    return { first, windows: [first, ...first.overflowing], stride: shared };
  }

  /**
   * Runs the head on each text. Texts of similar length run together; answers come in the order of the texts.
   * @param outputs those that are needed, and whether they have a row for each token or one for the text
   * @throws YumoError `CONFIG` for a batch size, `DATA` for a text without tokens, `NUMERIC` when the model answers with NaN, `RUNTIME`, `ABORTED`.
   */
  async run(
    texts: readonly EncodedText[],
    outputs: Readonly<Record<string, 'token' | 'text'>>,
    { batchSize = 16, signal }: BatchOptions = {},
  ): Promise<HeadOutputs[]> {
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new YumoError('CONFIG', `batchSize: ${batchSize} is not a whole number above 0`, { batchSize });
    const empty = texts.findIndex((t) => t.ids.length === 0);
    if (empty >= 0) throw new YumoError('DATA', `${this.name}: text ${empty} has no tokens; give some text`, { empty });
    const results: HeadOutputs[] = new Array(texts.length);
    for (const batch of this.#batches(texts, batchSize)) {
      throwIfAborted(signal, this.name);
      const lengths = batch.map((i) => texts[i]!.ids.length);
      const out = await this.#program.run(this.#feeds(batch.map((i) => texts[i]!)), {
        outputs: Object.keys(outputs),
        ...(signal ? { signal } : {}),
      });
      for (const [row, i] of batch.entries())
        results[i] = this.#finite(
          Object.fromEntries(
            Object.entries(outputs).map(([name, per]) => [
              name,
              rowOf(out[name]!, row, per === 'token' ? lengths[row]! : undefined),
            ]),
          ),
        );
    }
    return results;
  }

  /** Whether the model answers with such an output. */
  answers(output: string): boolean {
    return this.#program.outputNames.includes(output);
  }

  /** What an abort leaves behind is taken by the garbage collector; what runs is finished first. */
  dispose(): Promise<void> {
    return this.#program.dispose();
  }

  /** Indices of texts that run together, the shortest first. */
  #batches(texts: readonly EncodedText[], batchSize: number): number[][] {
    const length = (i: number): number => texts[i]!.ids.length;
    const fits = (open: readonly number[], i: number): boolean =>
      open.length < batchSize &&
      (open.length + 1) * length(i) <= this.#mostTokens &&
      (this.#pads || length(open[0]!) === length(i));
    const batches: number[][] = [];
    for (const i of texts.map((_, i) => i).sort((a, b) => length(a) - length(b) || a - b)) {
      const open = batches.at(-1);
      if (open && fits(open, i)) open.push(i);
      else batches.push([i]);
    }
    return batches;
  }

  #finite(outputs: HeadOutputs): HeadOutputs {
    for (const [name, { data }] of Object.entries(outputs))
      if (holdsNaN(data))
        throw new YumoError(
          'NUMERIC',
          `${this.name}: the model's ${name} are not numbers; its weights may be damaged`,
          {
            name,
          },
        );
    return outputs;
  }

  #feeds(texts: readonly EncodedText[]): Values {
    const longest = Math.max(...texts.map((t) => t.ids.length));
    const shape = [texts.length, longest];
    const column = (of: (t: EncodedText, i: number) => number, filler: number): Value => {
      const ids = new Int32Array(texts.length * longest);
      texts.forEach((t, row) => {
        for (let i = 0; i < longest; i++) ids[row * longest + i] = i < t.ids.length ? of(t, i) : filler;
      });
      return this.#idType === 'int32' ? { dtype: 'int32', shape, data: ids } : widened(ids, shape);
    };
    const columns: Record<string, () => Value> = {
      input_ids: () => column((t, i) => t.ids[i]!, this.#padToken),
      attention_mask: () => column(() => 1, 0),
      token_type_ids: () => column((t, i) => t.typeIds[i]!, 0),
      position_ids: () => column((_, i) => i, 0),
    };
    return Object.fromEntries(
      this.#program.inputNames.map((name) => {
        const make = columns[name];
        if (!make)
          throw new YumoError('FEED', `${this.name}: the model asks for "${name}", which a text lacks`, { name });
        return [name, make()];
      }),
    );
  }
}

export interface ParseOption {
  /** `parse`: control tokens such as `[MASK]` written in a text are meant. */
  readonly specialTokensInText?: 'plain' | 'parse';
}

function holdsNaN(data: Float32Array): boolean {
  // Indexed: half a million numbers a batch, and a callback for each takes longer than the smallest models.
  for (let i = 0; i < data.length; i++) if (Number.isNaN(data[i])) return true;
  return false;
}

/** One row of an output; of one with a row for each token the first `tokens`, for the others are padding. */
function rowOf({ shape, data }: Value, row: number, tokens: number | undefined): HeadOutputs[string] {
  const [, ...rest] = shape;
  const size = rest.reduce((n, d) => n * d, 1);
  const kept = tokens === undefined ? rest : [tokens, ...rest.slice(1)];
  const length = kept.reduce((n, d) => n * d, 1);
  const numbers = (data as Float32Array).subarray(row * size, row * size + length); // heads answer in float32
  return { shape: kept, data: numbers };
}

/** id2label in order; LABEL_i where it says nothing. */
function labelsOf(config: Readonly<Record<string, unknown>>): string[] {
  const named = config.id2label;
  const given: Readonly<Record<string, unknown>> = typeof named === 'object' && named !== null ? { ...named } : {};
  const count = typeof config.num_labels === 'number' ? config.num_labels : Object.keys(given).length || 2;
  return Array.from({ length: count }, (_, i) => (typeof given[i] === 'string' ? given[i] : `LABEL_${i}`));
}
