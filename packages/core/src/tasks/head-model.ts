// A model with a head, and its tokenizer: encoded texts in, the head's numbers out, batched by length.

import { type Bundle, openBundle } from '../checkpoint/folder.ts';
import { loadParameters } from '../checkpoint/parameters.ts';
import type { FileSource } from '../checkpoint/source.ts';
import { throwIfAborted, YumoError } from '../errors.ts';
import type { LoadOptions } from '../generate/decode.ts';
import { headGraph } from '../models/head-graph.ts';
import { modelFor } from '../models/index.ts';
import type { Program, Runtime, Values } from '../runtimes/runtime.ts';
import { type Value, value } from '../value.ts';
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

  private constructor(bundle: Bundle, tokenizer: EncodingTokenizer, program: Program, idType: 'int32' | 'int64') {
    const { config } = bundle;
    const { architecture, config: read } = modelFor(config);
    this.name = bundle.source.name;
    this.tokenizer = tokenizer;
    this.config = config;
    this.contextLength = architecture.contextLength(read) ?? anyLength;
    this.labels = labelsOf(config);
    this.#program = program;
    this.#idType = idType;
    this.#padToken = typeof config.pad_token_id === 'number' ? config.pad_token_id : 0;
  }

  /**
   * Loads a model's folder: its weights, or the file `options.file`.
   * @param heads the ends of class names that the task can use, such as `ForTokenClassification`
   * @throws YumoError `CONFIG` for another head or unknown architectures, `TOKENIZER`, `CHECKPOINT`, `FILE`, `RUNTIME`, `ABORTED`.
   */
  static async load(
    source: FileSource,
    runtime: Runtime,
    heads: readonly string[],
    { tokenizer: make, signal, onProgress, file }: HeadModelOptions,
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
    if (file !== undefined) {
      const program = await runtime.load(await source.read(file, { ...stop, ...progress }), stop);
      return new HeadModel(bundle, tokenizer, program, 'int64');
    }
    const { graph, parameters } = headGraph(model);
    const weights = await bundle.weights(stop);
    const constants = await loadParameters(weights, parameters, model.architecture, { ...stop, ...progress });
    return new HeadModel(bundle, tokenizer, await runtime.compile(graph, { constants, ...stop }), 'int32');
  }

  /**
   * A text or pair, cut to what the model reads; with `stride` the rest follows as overlapping windows.
   * @param stride tokens that neighbouring windows share
   */
  encode(text: string, pair: string | null = null, { stride, ...more }: { stride?: number } & ParseOption = {}) {
    const truncation = {
      maxLength: this.contextLength,
      // Of a question and its context the context is cut.
      strategy: pair !== null && stride !== undefined ? ('OnlySecond' as const) : ('LongestFirst' as const),
      ...(stride === undefined ? {} : { stride }),
    };
    const encoded = this.tokenizer.encode(text, pair, { ...more, truncation, padding: null });
    return { first: encoded, windows: stride === undefined ? [encoded] : [encoded, ...encoded.overflowing] };
  }

  /**
   * Runs the head on each text. Texts of similar length run together; answers come in the order of the texts.
   * @param outputs those that are needed
   * @throws YumoError `CONFIG` for a batch size, `DATA` for a text without tokens, `RUNTIME`, `ABORTED`.
   */
  async run(
    texts: readonly EncodedText[],
    outputs: readonly string[],
    { batchSize = 16, signal }: BatchOptions = {},
  ): Promise<HeadOutputs[]> {
    if (!Number.isInteger(batchSize) || batchSize < 1)
      throw new YumoError('CONFIG', `batchSize: ${batchSize} is not a whole number above 0`, { batchSize });
    const empty = texts.findIndex((t) => t.ids.length === 0);
    if (empty >= 0) throw new YumoError('DATA', `${this.name}: text ${empty} has no tokens; give some text`, { empty });
    const results: HeadOutputs[] = new Array(texts.length);
    const order = texts.map((_, i) => i).sort((a, b) => texts[a]!.ids.length - texts[b]!.ids.length || a - b);
    for (let at = 0; at < order.length; at += batchSize) {
      throwIfAborted(signal, this.name);
      const batch = order.slice(at, at + batchSize);
      const lengths = batch.map((i) => texts[i]!.ids.length);
      const out = await this.#program.run(this.#feeds(batch.map((i) => texts[i]!)), {
        outputs,
        ...(signal ? { signal } : {}),
      });
      for (const [row, i] of batch.entries()) results[i] = rowOf(out, row, Math.max(...lengths), lengths[row]!);
    }
    return results;
  }

  /** What an abort leaves behind is taken by the garbage collector; what runs is finished first. */
  dispose(): Promise<void> {
    return this.#program.dispose();
  }

  #feeds(texts: readonly EncodedText[]): Values {
    const longest = Math.max(...texts.map((t) => t.ids.length));
    const column = (of: (t: EncodedText, i: number) => number, filler: number): Value =>
      value(
        this.#idType,
        [texts.length, longest],
        texts.flatMap((t) => Array.from({ length: longest }, (_, i) => (i < t.ids.length ? of(t, i) : filler))),
      );
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

interface ParseOption {
  readonly specialTokensInText?: 'plain' | 'parse';
}

/** One row of each output; where the second axis runs over tokens, without those of padding. */
function rowOf(out: Values, row: number, padded: number, length: number): HeadOutputs {
  return Object.fromEntries(
    Object.entries(out).map(([name, { shape, data }]) => {
      const [, ...rest] = shape;
      const size = rest.reduce((n, d) => n * d, 1);
      const tokens = rest[0] === padded && padded !== length;
      const kept = tokens ? (size / padded) * length : size;
      const numbers = (data as Float32Array).slice(row * size, row * size + kept); // heads answer in float32
      return [name, { shape: tokens ? [length, ...rest.slice(1)] : rest, data: numbers }];
    }),
  );
}

/** id2label in order; LABEL_i where it says nothing. */
function labelsOf(config: Readonly<Record<string, unknown>>): string[] {
  const named = config.id2label;
  const given: Readonly<Record<string, unknown>> = typeof named === 'object' && named !== null ? { ...named } : {};
  const count = typeof config.num_labels === 'number' ? config.num_labels : Math.max(Object.keys(given).length, 2);
  return Array.from({ length: count }, (_, i) => (typeof given[i] === 'string' ? given[i] : `LABEL_${i}`));
}
