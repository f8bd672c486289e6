// An encoder-decoder model ready to write a target for a source: summaries, translations, answers.

import type { Bundle } from '../checkpoint/folder.ts';
import { filesWithoutWeights } from '../checkpoint/model-file.ts';
import { loadParameters } from '../checkpoint/parameters.ts';
import { throwIfAborted, YumoError } from '../errors.ts';
import { seq2seqFor } from '../models/index.ts';
import { crossDecoderGraph, encoderGraph } from '../models/seq2seq-graph.ts';
import type { Program, Runtime } from '../runtimes/runtime.ts';
import type { BeamResult } from './beam.ts';
import {
  type BeamGenerateOptions,
  continueRows,
  type GenerateOptions,
  type GenerationStep,
  type Start,
  searchRows,
} from './continue.ts';
import { type CrossFiles, openCrossFiles } from './cross-files.ts';
import { type CrossProgram, CrossRows } from './cross-rows.ts';
import type { LoadOptions } from './decode.ts';
import { checkPrompts } from './decoding.ts';
import { idsOf } from './options.ts';

export interface Seq2SeqLoadOptions extends Omit<LoadOptions, 'file' | 'states'> {
  /** Model files of the bundle; by default the weights, else onnx/encoder_model.onnx and onnx/decoder_model_merged.onnx. */
  readonly files?: CrossFiles | undefined;
}

const usualFiles = { encoder: 'onnx/encoder_model.onnx', decoder: 'onnx/decoder_model_merged.onnx' } as const;

export class Seq2SeqLm {
  /** Positions on either side; undefined where any number does. */
  readonly contextLength: number | undefined;
  readonly vocabularySize: number;
  readonly endTokens: readonly number[];
  readonly padToken: number;
  /** What every target begins with. */
  readonly startToken: number;
  readonly #model: CrossProgram;

  private constructor(model: CrossProgram, startToken: number, settings: Readonly<Record<string, unknown>>) {
    this.#model = model;
    this.contextLength = model.contextLength;
    this.vocabularySize = model.vocabularySize;
    this.endTokens = idsOf(settings.eos_token_id);
    this.padToken = idsOf(settings.pad_token_id)[0] ?? 0;
    this.startToken = idsOf(settings.decoder_start_token_id)[0] ?? startToken;
  }

  /** Loads a bundle's weights, or its ONNX files. @throws YumoError `CONFIG` for unknown architectures, `CHECKPOINT`, `FILE`, `RUNTIME`, `ABORTED`. */
  static async load(bundle: Bundle, runtime: Runtime, options: Seq2SeqLoadOptions = {}): Promise<Seq2SeqLm> {
    const { signal, onProgress } = options;
    throwIfAborted(signal, `loading ${bundle.source.name}`);
    const architecture = seq2seqFor(bundle.config);
    const config = architecture.readConfig(bundle.config);
    const stop = signal ? { signal } : {};
    const sizes = {
      ...architecture.cache(config),
      contextLength: architecture.contextLength(config),
      vocabularySize: architecture.vocabularySize(config),
    };
    const startToken = architecture.decoderStart(config);
    const settings = { ...bundle.config, ...bundle.generationConfig };
    const files = options.files ?? (await filesWithoutWeights(bundle, usualFiles));
    if (files) {
      const progress = onProgress ? { onProgress } : {};
      const programs = await openCrossFiles(runtime, bundle.source, files, { startToken, ...stop, ...progress });
      return new Seq2SeqLm({ ...programs, ...sizes }, startToken, settings);
    }
    const graphs = {
      encoder: encoderGraph(architecture, config, { cross: true }),
      decoder: crossDecoderGraph(architecture, config, { from: 'cache', logits: 'last', present: false, target: 1 }),
    };
    const parameters = new Map([...graphs.encoder.parameters, ...graphs.decoder.parameters].map((p) => [p.name, p]));
    const constants = await loadParameters(await bundle.weights(stop), [...parameters.values()], architecture, {
      ...stop,
      ...(onProgress ? { onProgress } : {}),
    });
    const compile = ({ graph, parameters: own }: typeof graphs.encoder): Promise<Program> =>
      runtime.compile(graph, { constants: Object.fromEntries(own.map((p) => [p.name, constants[p.name]!])), ...stop });
    const encoder = await compile(graphs.encoder);
    const decoder = await compile(graphs.decoder);
    return new Seq2SeqLm({ encoder, decoder, idType: 'int32', ...sizes }, startToken, settings);
  }

  /**
   * Writes a target for each source, all in one batch. Tokens come as they are chosen.
   * @throws YumoError `CONTEXT` when a source is longer than the context, `CONFIG`, `TOKENIZER`, `NUMERIC`, `ABORTED`.
   */
  async *generate(
    sources: readonly (readonly number[])[],
    options: GenerateOptions = {},
  ): AsyncGenerator<GenerationStep, void, undefined> {
    if (this.contextLength === undefined && options.maxNewTokens === undefined)
      throw new YumoError('CONFIG', 'generate: the model has no limit of its own; give maxNewTokens', {});
    yield* continueRows(this.#start(sources, options), this.#resolved(options));
  }

  /** The most probable targets by beam search; for each source the best first. @throws YumoError as {@link generate}. */
  beamSearch(sources: readonly (readonly number[])[], options: BeamGenerateOptions): Promise<BeamResult[][]> {
    return searchRows(this.#start(sources, options), this.#resolved(options));
  }

  async dispose(): Promise<void> {
    await this.#model.encoder.dispose();
    await this.#model.decoder.dispose();
  }

  #resolved<O extends GenerateOptions>(options: O): O & { endTokens: readonly number[]; padToken: number } {
    const { endTokens = this.endTokens, padToken = this.padToken } = options;
    return { ...options, endTokens, padToken };
  }

  #start(sources: readonly (readonly number[])[], { padToken = this.padToken, signal }: GenerateOptions): Start {
    const { startToken, vocabularySize, contextLength = Number.POSITIVE_INFINITY } = this;
    checkPrompts(sources, { vocabularySize, contextLength });
    const longest = Math.max(0, ...sources.map((s) => s.length));
    return {
      rows: sources.map(() => [startToken]),
      room: sources.map(() => contextLength - 1),
      // As the encoder reads them, padding included.
      encoderIds: sources.map((s) => [...s, ...new Array<number>(longest - s.length).fill(padToken)]),
      begin: () => CrossRows.start(this.#model, sources, { startToken, padToken, signal }),
    };
  }
}
