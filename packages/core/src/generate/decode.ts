// A language model ready to continue text: loaded from a bundle onto a runtime, decoding with a key/value cache.

import type { Bundle } from '../checkpoint/folder.ts';
import { filesWithoutWeights, loadModelFile } from '../checkpoint/model-file.ts';
import { loadParameters } from '../checkpoint/parameters.ts';
import { throwIfAborted, YumoError } from '../errors.ts';
import { decodingGraph } from '../models/decoder-graph.ts';
import { architectureFor } from '../models/index.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { BeamResult } from './beam.ts';
import {
  type BeamGenerateOptions,
  continueRows,
  type GenerateOptions,
  type GenerationStep,
  type Start,
  searchRows,
} from './continue.ts';
import { contrastiveSearch } from './contrastive.ts';
import { checkPrompts, type DecoderDecoding, type DecoderProgram, DecoderRows, type StartOptions } from './decoding.ts';
import { ConstrainedRows } from './grammar/constraint.ts';
import { checkGenerationOptions, idsOf, processorsFor } from './options.ts';
import type { PrefixCache } from './prefix-cache.ts';
import { chain, type Processor } from './processors.ts';
import { TreeRows } from './tree-rows.ts';

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes (of a file) or tensors (of a checkpoint) so far, and in all. */
  readonly onProgress?: ((loaded: number, total: number) => void) | undefined;
  /** A model file of the bundle, such as `onnx/model_quantized.onnx`; by default the weights, else `onnx/model.onnx`. */
  readonly file?: string | undefined;
  /** Compile for contrastive search too: hidden states leave the engine with the scores. */
  readonly states?: boolean | undefined;
}

export interface CausalGenerateOptions extends GenerateOptions {
  /** Where a single prompt's beginning may be known from earlier ones, and what is read now is kept. */
  readonly prefixes?: PrefixCache | undefined;
}

/** Runs the prompts. Where the program is told who sees whom, what rows have in common is kept once. */
const startRows = (
  model: DecoderProgram,
  prompts: readonly (readonly number[])[],
  options: StartOptions,
): Promise<DecoderDecoding> =>
  (model.program.inputNames.includes('attention_bias') ? TreeRows : DecoderRows).start(model, prompts, options);

export class CausalLm {
  readonly contextLength: number;
  readonly vocabularySize: number;
  /** From generation_config.json, else config.json. */
  readonly endTokens: readonly number[];
  readonly beginToken: number | undefined;
  readonly padToken: number;
  readonly #model: DecoderProgram;

  constructor(model: DecoderProgram, settings: Readonly<Record<string, unknown>> = {}) {
    this.#model = model;
    this.contextLength = model.contextLength;
    this.vocabularySize = model.vocabularySize;
    this.endTokens = idsOf(settings.eos_token_id);
    this.beginToken = idsOf(settings.bos_token_id)[0];
    this.padToken = idsOf(settings.pad_token_id)[0] ?? this.endTokens[0] ?? 0;
  }

  /**
   * Loads a bundle: its weights into a graph of ours compiled for the runtime, or a model file.
   * @throws YumoError `CONFIG` for unknown architectures, `CHECKPOINT`, `FILE`, `RUNTIME`, `ABORTED`.
   */
  static async load(bundle: Bundle, runtime: Runtime, options: LoadOptions = {}): Promise<CausalLm> {
    const { signal, onProgress } = options;
    throwIfAborted(signal, `loading ${bundle.source.name}`);
    const architecture = architectureFor(bundle.config);
    const config = architecture.readConfig(bundle.config);
    const sizes = {
      ...architecture.cache(config),
      contextLength: architecture.contextLength(config),
      vocabularySize: architecture.vocabularySize(config),
    };
    const settings = { ...bundle.config, ...bundle.generationConfig };
    const stop = signal ? { signal } : {};
    const progress = onProgress ? { onProgress } : {};
    const file = options.file ?? (await filesWithoutWeights(bundle, { model: 'onnx/model.onnx' }))?.model;
    if (file === undefined) {
      const { graph, parameters } = decodingGraph(architecture, config, { states: options.states === true });
      const constants = await loadParameters(await bundle.weights(stop), parameters, architecture, {
        ...stop,
        ...progress,
      });
      return new CausalLm({ program: await runtime.compile(graph, { constants, ...stop }), ...sizes }, settings);
    }
    // Who keeps the cache asks for what was added to it: the whole one is not even put together (lower/onnx/model.ts).
    const without = (outputs: readonly string[]): readonly string[] =>
      outputs.includes('new_key_values.0.key') ? outputs.filter((name) => name.startsWith('present.')) : [];
    const program = await loadModelFile(runtime, bundle.source, file, { ...stop, ...progress, without });
    return new CausalLm({ program, ...sizes }, settings);
  }

  /**
   * Continues prompts, all in one batch. Tokens come as they are chosen, row by row within a step; a row ends with its `end` step.
   * When a row's context is full it ends with reason `context`; nothing slides.
   * @throws YumoError `CONTEXT` when a prompt is longer than the context, `CONFIG`, `TOKENIZER`, `NUMERIC`, `ABORTED`.
   */
  async *generate(
    prompts: readonly (readonly number[])[],
    options: CausalGenerateOptions = {},
  ): AsyncGenerator<GenerationStep, void, undefined> {
    const { prefixes } = options;
    const start = this.#start(prompts, options);
    if (!prefixes) return yield* continueRows(start, this.#resolved(options));
    let decoding: DecoderDecoding | undefined;
    const read = [...(prompts[0] ?? [])];
    try {
      const begin = async (): Promise<DecoderDecoding> => {
        decoding = await start.begin();
        return decoding;
      };
      for await (const step of continueRows({ ...start, begin }, this.#resolved(options))) {
        if (step.kind === 'token') read.push(step.id);
        yield step;
      }
    } finally {
      // Also when the caller stops: what was read is read.
      const known = decoding?.known;
      if (known) prefixes.keep(read.slice(0, known.length), known.values);
    }
  }

  /**
   * The most probable continuations by beam search; for each prompt the best first.
   * @throws YumoError as {@link generate}, and `CONFIG` when beams do not divide into groups.
   */
  beamSearch(
    prompts: readonly (readonly number[])[],
    options: BeamGenerateOptions & Pick<CausalGenerateOptions, 'prefixes'>,
  ): Promise<BeamResult[][]> {
    const { prefixes } = options;
    const start = this.#start(prompts, options);
    const begin = async (): Promise<DecoderDecoding> => {
      const decoding = await start.begin();
      const known = prefixes && decoding.known;
      if (known) prefixes.keep([...prompts[0]!], known.values);
      return decoding;
    };
    return searchRows({ ...start, begin }, this.#resolved(options));
  }

  /**
   * Continues prompts by contrastive search. Needs a model loaded with `states: true`.
   * @returns the new ids of each prompt, end token included.
   */
  contrastiveSearch(
    prompts: readonly (readonly number[])[],
    options: GenerateOptions & { readonly alpha: number; readonly topK: number },
  ): Promise<number[][]> {
    checkGenerationOptions(options);
    const { topK, alpha, ...scoring } = options;
    const { rows, room } = this.#start(prompts, options);
    const longest = rows[0]?.length ?? 0;
    const left = Math.min(...room); // every candidate is read, the last one too
    const maxNewTokens = Math.min(options.maxNewTokens ?? left, left);
    const { endTokens, padToken } = this.#resolved(options);
    const plain = (row: number): readonly Processor[] => [
      // Candidates are taken from the whole distribution: nothing is drawn.
      ...processorsFor(
        { ...scoring, temperature: undefined },
        { endTokens, promptLength: longest, maxNewTokens, encoderIds: rows[row]! },
      ),
      ...(options.processors ?? []),
    ];
    const { constraint } = options;
    if (constraint && endTokens.length === 0)
      throw new YumoError('CONFIG', 'contrastive search under a grammar needs an end token; give endTokens', {});
    const constrained = constraint && new ConstrainedRows(constraint, endTokens, maxNewTokens);
    const processorsOf = (row: number): readonly Processor[] =>
      constrained ? [constrained.around(chain(plain(row)))] : plain(row);
    const begin = (): Promise<DecoderDecoding> => startRows(this.#model, prompts, { padToken, signal: options.signal });
    return contrastiveSearch(begin, rows, {
      alpha,
      topK,
      maxNewTokens,
      endTokens,
      processorsOf,
      signal: options.signal,
    });
  }

  dispose(): Promise<void> {
    return this.#model.program.dispose();
  }

  #resolved<O extends GenerateOptions>(options: O): O & { endTokens: readonly number[]; padToken: number } {
    const { endTokens = this.endTokens, padToken = this.padToken } = options;
    return { ...options, endTokens, padToken };
  }

  #start(
    prompts: readonly (readonly number[])[],
    { padToken = this.padToken, signal, prefixes }: CausalGenerateOptions,
  ): Omit<Start, 'begin'> & { begin(): Promise<DecoderDecoding> } {
    checkPrompts(prompts, this.#model);
    prefixes?.claim(this);
    const longest = Math.max(0, ...prompts.map((p) => p.length));
    return {
      rows: prompts.map((p) => [...new Array<number>(longest - p.length).fill(padToken), ...p]),
      room: prompts.map((p) => this.contextLength - p.length),
      begin: () => {
        const known = prompts.length === 1 ? prefixes?.find(prompts[0]!) : undefined;
        return startRows(this.#model, prompts, { padToken, signal, known });
      },
    };
  }
}
