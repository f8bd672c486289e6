// Text in, its continuation out, as it is made.

import { openBundle } from '../checkpoint/folder.ts';
import type { FileSource } from '../checkpoint/source.ts';
import { isYumoError, YumoError } from '../errors.ts';
import type { EndReason } from '../generate/continue.ts';
import { CausalLm, type LoadOptions } from '../generate/decode.ts';
import type { Grammar } from '../generate/grammar/grammar.ts';
import { checkGenerationOptions, checkOptionNames, fromHuggingFace } from '../generate/options.ts';
import { PrefixCache } from '../generate/prefix-cache.ts';
import { StopStrings } from '../generate/stop.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { Grammars } from './grammars.ts';
import type { TokenizerLike } from './tokenizer.ts';

export interface TextGenerationOptions {
  /** 256 by default, or as many as the context holds. */
  readonly maxNewTokens?: number | undefined;
  /** 0: the likeliest token each time. What generation_config.json says by default, else 0. */
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  readonly minP?: number | undefined;
  readonly typicalP?: number | undefined;
  readonly repetitionPenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly noRepeatNgramSize?: number | undefined;
  readonly minNewTokens?: number | undefined;
  /** Added to the scores of single ids. */
  readonly logitBias?: Readonly<Record<number, number>> | undefined;
  /** Texts that are not written, each as the tokens that it would be at the begin of a word and inside one. */
  readonly badWords?: readonly string[] | undefined;
  /** With each token the so many likeliest at its place; none by default. */
  readonly alternatives?: number | undefined;
  readonly seed?: number | undefined;
  /** What the new text must be, whole: JSON, JSON of a schema, a pattern, a grammar. It is complete within `maxNewTokens`, or the call is refused. */
  readonly grammar?: Grammar | undefined;
  /** Texts that end the generation; they are never shown, not even in part. */
  readonly stop?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

const optionNames: readonly (keyof TextGenerationOptions)[] = [
  'maxNewTokens',
  'temperature',
  'topK',
  'topP',
  'minP',
  'typicalP',
  'repetitionPenalty',
  'frequencyPenalty',
  'presencePenalty',
  'noRepeatNgramSize',
  'minNewTokens',
  'logitBias',
  'badWords',
  'alternatives',
  'seed',
  'grammar',
  'stop',
  'signal',
];

export type GenerationEvent =
  | { readonly kind: 'start'; readonly promptTokens: number; readonly contextLength: number; readonly runtime: string }
  | {
      readonly kind: 'token';
      readonly id: number;
      /** What may be shown now; empty while a character, or what may become a stop string, is incomplete. */
      readonly text: string;
      /** ln p by the model, before any processor. */
      readonly logProbability: number;
      /** The likeliest tokens, the likeliest first; where they were asked for. */
      readonly alternatives?: readonly {
        readonly id: number;
        readonly text: string;
        readonly logProbability: number;
      }[];
    }
  | {
      readonly kind: 'done';
      /** All new text: the joined texts of the tokens, and what was still held back. */
      readonly text: string;
      readonly reason: EndReason | 'stop' | 'aborted';
      readonly promptTokens: number;
      readonly newTokens: number;
      readonly secondsToFirstToken: number;
      /** After the first token; 0 when there was one at most. */
      readonly tokensPerSecond: number;
    };

export interface TextGeneratorOptions extends LoadOptions {
  /** Memory for what was read of earlier prompts, in bytes: a prompt that begins alike is not read again. 256 MiB by default; 0: none. */
  readonly prefixCacheBytes?: number | undefined;
  /** Makes the tokenizer from the text of tokenizer.json: `(json) => Tokenizer.fromJson(json)`. */
  readonly tokenizer: (json: string) => TokenizerLike;
}

const defaultNewTokens = 256;

/** A language model and its tokenizer. One generation runs at a time on a runtime; several streams take turns token by token. */
export class TextGenerator {
  /** The model's folder. */
  readonly name: string;
  readonly contextLength: number;
  readonly tokenizer: TokenizerLike;
  readonly model: CausalLm;
  /** What was read of earlier prompts. */
  readonly prefixes: PrefixCache;
  readonly #runtime: string;
  readonly #defaults: Readonly<Record<string, unknown>>;
  readonly #grammars: Grammars;

  private constructor(
    name: string,
    runtime: string,
    model: CausalLm,
    tokenizer: TokenizerLike,
    defaults: Readonly<Record<string, unknown>>,
    grammars: Grammars,
    prefixes: PrefixCache,
  ) {
    this.#grammars = grammars;
    this.prefixes = prefixes;
    this.name = name;
    this.contextLength = model.contextLength;
    this.tokenizer = tokenizer;
    this.model = model;
    this.#runtime = runtime;
    this.#defaults = defaults;
  }

  /**
   * Loads a model's folder.
   * @throws YumoError `TOKENIZER` when the tokenizer has ids that the model lacks; and as `CausalLm.load`.
   */
  static async load(source: FileSource, runtime: Runtime, options: TextGeneratorOptions): Promise<TextGenerator> {
    const prefixes = new PrefixCache({ bytes: options.prefixCacheBytes });
    const bundle = await openBundle(source);
    const tokenizer = options.tokenizer(await bundle.tokenizerJson());
    const defaults = fromHuggingFace(bundle.generationConfig);
    const model = await CausalLm.load(bundle, runtime, options);
    if (tokenizer.vocabularySize > model.vocabularySize) {
      await model.dispose();
      throw new YumoError(
        'TOKENIZER',
        `${source.name}: tokenizer.json has ${tokenizer.vocabularySize} tokens, the model knows ${model.vocabularySize}; they belong to different models`,
        { tokenizer: tokenizer.vocabularySize, model: model.vocabularySize },
      );
    }
    return new TextGenerator(
      source.name,
      runtime.name,
      model,
      tokenizer,
      defaults,
      new Grammars(bundle, { fromStart: false }),
      prefixes,
    );
  }

  /**
   * Continues a text, or ids. An abort ends the stream with a `done` event of reason `aborted`; everything else that goes wrong is thrown.
   * @throws YumoError `CONTEXT` when the prompt is longer than the context, `CONFIG` for options, `DATA` for an empty prompt.
   */
  async *stream(
    prompt: string | readonly number[],
    options: TextGenerationOptions = {},
  ): AsyncGenerator<GenerationEvent, void, undefined> {
    checkOptionNames(options, optionNames);
    checkGenerationOptions(options);
    const { stop = [], signal, grammar, badWords, ...rest } = options;
    const given = Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== undefined));
    const ids = typeof prompt === 'string' ? this.#promptIds(prompt) : prompt;
    const { contextLength } = this;
    if (ids.length > contextLength)
      throw new YumoError(
        'CONTEXT',
        `${this.name}: the prompt has ${ids.length} tokens, the model's context holds ${contextLength}; shorten it`,
        {
          promptTokens: ids.length,
          contextLength,
        },
      );
    const constraint = grammar === undefined ? undefined : await this.#grammars.compiled(grammar);
    const started = performance.now();
    yield { kind: 'start', promptTokens: ids.length, contextLength, runtime: this.#runtime };

    const decoder = this.tokenizer.decodeStream({ skipSpecialTokens: true });
    for (const id of ids) decoder.push(id); // what a token looks like may depend on those before it
    const stops = new StopStrings(stop);
    let text = '';
    let newTokens = 0;
    let firstToken = started;
    let reason: (GenerationEvent & { kind: 'done' })['reason'] = 'length';
    try {
      const steps = this.model.generate([ids], {
        maxNewTokens: defaultNewTokens,
        ...this.#defaults,
        ...given,
        constraint,
        badWords: badWords?.flatMap((word) => this.#spellings(word)),
        prefixes: this.prefixes,
        signal,
      });
      for await (const step of steps) {
        if (step.kind === 'end') {
          reason = step.reason;
          break;
        }
        if (newTokens++ === 0) firstToken = performance.now();
        const shown = this.model.endTokens.includes(step.id) ? '' : stops.push(decoder.push(step.id));
        text += shown;
        yield {
          kind: 'token',
          id: step.id,
          text: shown,
          logProbability: step.logProbability,
          ...(step.alternatives
            ? { alternatives: step.alternatives.map((a) => ({ ...a, text: this.tokenizer.decode([a.id]) })) }
            : {}),
        };
        if (stops.stopped) {
          reason = 'stop';
          break;
        }
      }
    } catch (error) {
      if (!isYumoError(error) || error.code !== 'ABORTED') throw error;
      reason = 'aborted';
    }
    text += stops.push(decoder.end()) + stops.end();
    if (stops.stopped) reason = 'stop';
    const seconds = (performance.now() - firstToken) / 1000;
    yield {
      kind: 'done',
      text,
      reason,
      promptTokens: ids.length,
      newTokens,
      secondsToFirstToken: newTokens > 0 ? (firstToken - started) / 1000 : 0,
      tokensPerSecond: newTokens > 1 && seconds > 0 ? (newTokens - 1) / seconds : 0,
    };
  }

  /** The last event of {@link stream}. */
  async run(
    prompt: string | readonly number[],
    options: TextGenerationOptions = {},
  ): Promise<GenerationEvent & { kind: 'done' }> {
    for await (const event of this.stream(prompt, options)) if (event.kind === 'done') return event;
    throw new Error('internal: the stream ended without a done event');
  }

  dispose(): Promise<void> {
    return this.model.dispose();
  }

  /** The ids of a word where it stands alone, and behind a space. */
  #spellings(word: string): number[][] {
    return [word, ` ${word}`].map((text) => [...this.tokenizer.encodeIds(text, { addSpecialTokens: false })]);
  }

  /** The prompt's ids; the begin token stands for an empty prompt. */
  #promptIds(prompt: string): number[] {
    const ids = [...this.tokenizer.encodeIds(prompt)];
    if (ids.length > 0) return ids;
    const { beginToken } = this.model;
    // Another beginning in place of letters that were lost would answer a question that nobody asked.
    if (prompt !== '')
      throw new YumoError(
        'DATA',
        `${this.name}: the tokenizer knows no character of ${JSON.stringify(prompt.slice(0, 20))}; write in the model's own alphabet`,
        { prompt: prompt.slice(0, 20) },
      );
    if (beginToken === undefined)
      throw new YumoError(
        'DATA',
        `${this.name}: the prompt is empty, and the model has no begin token; give some text`,
        {},
      );
    return [beginToken];
  }
}
