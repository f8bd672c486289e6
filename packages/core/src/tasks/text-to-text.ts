// A text rewritten by an encoder-decoder model: what summaries and translations have in common.

import { type Bundle, openBundle } from '../checkpoint/folder.ts';
import type { FileSource } from '../checkpoint/source.ts';
import { isYumoError, YumoError } from '../errors.ts';
import type { BeamGenerateOptions } from '../generate/continue.ts';
import type { Grammar } from '../generate/grammar/grammar.ts';
import { checkGenerationOptions, checkOptionNames, fromHuggingFace } from '../generate/options.ts';
import { Seq2SeqLm, type Seq2SeqLoadOptions } from '../generate/seq2seq.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { Grammars } from './grammars.ts';
import type { TokenizerLike } from './tokenizer.ts';

/** How a target is written. What generation_config.json says holds where nothing is given. */
export interface TextToTextOptions
  extends Pick<
    BeamGenerateOptions,
    | 'maxNewTokens'
    | 'minNewTokens'
    | 'temperature'
    | 'topK'
    | 'topP'
    | 'repetitionPenalty'
    | 'noRepeatNgramSize'
    | 'lengthPenalty'
    | 'earlyStopping'
    | 'seed'
    | 'signal'
  > {
  /** Beams of a beam search; 1: none. */
  readonly beams?: number | undefined;
  /** What each target must be, whole. It is complete within `maxNewTokens`, or the call is refused. */
  readonly grammar?: Grammar | undefined;
  /** Texts that run together; 8 by default. */
  readonly batchSize?: number | undefined;
  /** What stands before each text, such as `translate English to German: `. By default what config.json says for the task. */
  readonly prefix?: string | undefined;
}

const optionNames: readonly (keyof TextToTextOptions)[] = [
  'maxNewTokens',
  'minNewTokens',
  'temperature',
  'topK',
  'topP',
  'repetitionPenalty',
  'noRepeatNgramSize',
  'lengthPenalty',
  'earlyStopping',
  'seed',
  'signal',
  'grammar',
  'beams',
  'batchSize',
  'prefix',
];

export interface TextToTextLoadOptions extends Seq2SeqLoadOptions {
  /** Makes the tokenizer from the text of tokenizer.json: `(json) => Tokenizer.fromJson(json)`. */
  readonly tokenizer: (json: string) => TokenizerLike;
  /** Name under `task_specific_params` in config.json whose prefix is used: `summarization`, `translation_en_to_de` … */
  readonly task?: string | undefined;
}

/** Tokens of a source for models without a limit of their own (T5 was trained on 512). */
const anyLength = 512;
const defaultNewTokens = 256;

export class TextToText {
  /** The model's folder. */
  readonly name: string;
  readonly tokenizer: TokenizerLike;
  readonly model: Seq2SeqLm;
  /** Most tokens of a source, prefix and special tokens counted. */
  readonly sourceLength: number;
  /** What stands before each text. */
  readonly prefix: string;
  readonly #defaults: Readonly<Record<string, unknown>>;
  readonly #grammars: Grammars;

  private constructor(
    name: string,
    tokenizer: TokenizerLike,
    model: Seq2SeqLm,
    prefix: string,
    defaults: Readonly<Record<string, unknown>>,
    grammars: Grammars,
  ) {
    this.#grammars = grammars;
    this.name = name;
    this.tokenizer = tokenizer;
    this.model = model;
    this.sourceLength = model.contextLength ?? anyLength;
    this.prefix = prefix;
    this.#defaults = defaults;
  }

  /** @throws YumoError as `Seq2SeqLm.load`, and `TOKENIZER` when the tokenizer belongs to another model. */
  static async load(source: FileSource, runtime: Runtime, options: TextToTextLoadOptions): Promise<TextToText> {
    const bundle = await openBundle(source);
    const tokenizer = options.tokenizer(await bundle.tokenizerJson());
    const defaults = defaultsOf(bundle, options.task);
    const model = await Seq2SeqLm.load(bundle, runtime, options);
    const { config } = bundle;
    const known = Math.max(model.vocabularySize, typeof config.vocab_size === 'number' ? config.vocab_size : 0);
    if (tokenizer.vocabularySize > known) {
      await model.dispose();
      throw new YumoError(
        'TOKENIZER',
        `${source.name}: tokenizer.json has ${tokenizer.vocabularySize} tokens, the model knows ${known}; they belong to different models`,
        { tokenizer: tokenizer.vocabularySize, model: known },
      );
    }
    const prefix = prefixOf(config, options.task);
    return new TextToText(source.name, tokenizer, model, prefix, defaults, new Grammars(bundle, { fromStart: true }));
  }

  /** Ids of a text with its prefix. */
  sourceIds(text: string, prefix: string = this.prefix): number[] {
    return [...this.tokenizer.encodeIds(prefix + text)];
  }

  /**
   * A target for each text.
   * @throws YumoError `CONTEXT` when a text is longer than `sourceLength`, `CONFIG` for options, `DATA`, `NUMERIC`, `ABORTED`.
   */
  async run(texts: readonly string[], options: TextToTextOptions = {}): Promise<string[]> {
    const { batchSize = 8, prefix, ...given } = await this.#checked(options);
    const written: string[] = [];
    for (let at = 0; at < texts.length; at += batchSize) {
      const sources = texts.slice(at, at + batchSize).map((text) => this.#fitting(text, prefix));
      const rows = given.beams > 1 ? await this.#search(sources, given) : await this.#continue(sources, given);
      written.push(...rows.map((ids) => this.tokenizer.decode(ids, { skipSpecialTokens: true })));
    }
    return written;
  }

  /**
   * The target of one text as it is written, piece by piece. Beams are not used. An abort ends the stream.
   * @throws YumoError as {@link run}, except `ABORTED`.
   */
  async *stream(text: string, options: TextToTextOptions = {}): AsyncGenerator<string, void, undefined> {
    const { batchSize: _, prefix, beams: __, ...given } = await this.#checked(options);
    const decoder = this.tokenizer.decodeStream({ skipSpecialTokens: true });
    try {
      for await (const step of this.model.generate([this.#fitting(text, prefix)], given)) {
        const piece = step.kind === 'token' ? decoder.push(step.id) : decoder.end();
        if (piece !== '') yield piece;
      }
    } catch (error) {
      if (!isYumoError(error) || error.code !== 'ABORTED') throw error;
    }
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }

  async #checked({ grammar, ...options }: TextToTextOptions) {
    checkOptionNames(options, optionNames);
    checkGenerationOptions(options);
    const { batchSize } = options;
    if (batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize >= 1))
      throw new YumoError('CONFIG', `batchSize: ${batchSize} is not a whole number above 0`, { batchSize });
    const given = Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined));
    const constraint = grammar === undefined ? undefined : await this.#grammars.compiled(grammar);
    const all = { maxNewTokens: defaultNewTokens, beams: 1, ...this.#defaults, ...given, constraint };
    return all as Omit<TextToTextOptions, 'grammar'> & {
      readonly beams: number; // from the defaults just given
      readonly constraint: typeof constraint;
    };
  }

  #fitting(text: string, prefix: string | undefined): number[] {
    const ids = this.sourceIds(text, prefix);
    if (ids.length > this.sourceLength)
      throw new YumoError(
        'CONTEXT',
        `${this.name}: the text has ${ids.length} tokens, the model reads ${this.sourceLength}; shorten it`,
        { tokens: ids.length, sourceLength: this.sourceLength },
      );
    return ids;
  }

  async #search(sources: readonly number[][], options: TextToTextOptions & { beams: number }): Promise<number[][]> {
    const found = await this.model.beamSearch(sources, { ...options, returnSequences: 1 });
    return found.map((best) => [...best[0]!.ids]); // one sequence each
  }

  async #continue(sources: readonly number[][], options: TextToTextOptions): Promise<number[][]> {
    const rows: number[][] = sources.map(() => []);
    for await (const step of this.model.generate(sources, options))
      if (step.kind === 'token') rows[step.row]!.push(step.id);
    return rows;
  }
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (x: unknown): x is Json => typeof x === 'object' && x !== null;

/** What config.json says for one task. */
function settingsOf({ task_specific_params: params }: Json, task: string | undefined): Json {
  const own: unknown = task !== undefined && isObject(params) && Object.hasOwn(params, task) ? params[task] : {};
  return isObject(own) ? own : {};
}

/** `prefix`, and that of the task, as config.json has them. */
function prefixOf(config: Json, task: string | undefined): string {
  const text = (x: unknown): string => (typeof x === 'string' ? x : '');
  return text(settingsOf(config, task).prefix) + text(config.prefix);
}

/** Settings of generation_config.json, in older folders of config.json, and over them those of the task. `max_length` counts the start token. */
function defaultsOf({ config, generationConfig }: Bundle, task: string | undefined): Json {
  const settings = {
    ...(Object.keys(generationConfig).length > 0 ? generationConfig : config),
    ...settingsOf(config, task),
  };
  const most = settings.max_length;
  const length = typeof most === 'number' && most > 1 ? { maxNewTokens: most - 1 } : {};
  return { ...length, ...fromHuggingFace(settings) };
}
