// A language model ready to continue text: loaded from a bundle onto a runtime, decoding with a key/value cache.

import type { Bundle } from '../checkpoint/folder.ts';
import { loadParameters } from '../checkpoint/parameters.ts';
import { throwIfAborted, YumoError } from '../errors.ts';
import { decoderGraph } from '../models/decoder-graph.ts';
import { architectureFor } from '../models/index.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { type BeamOptions, type BeamResult, beamSearch } from './beam.ts';
import { type DecoderProgram, DecoderRows } from './decoding.ts';
import { checkGenerationOptions, idsOf, processorsFor, type ScoreOptions } from './options.ts';
import { chain, checkScores, type Processor, type Scores } from './processors.ts';
import { argmaxOf, drawAt, logProbabilityOf, uniformAt } from './sampling.ts';

/** Why a row ended: an end token, enough new tokens, or the model's context is full. */
export type EndReason = 'end' | 'length' | 'context';

export interface GenerateOptions extends ScoreOptions {
  /** As many as the context holds by default. */
  readonly maxNewTokens?: number | undefined;
  /** Drawn tokens depend on it, the row and the step only. 0 by default. */
  readonly seed?: number | undefined;
  /** The model's own by default. */
  readonly endTokens?: readonly number[] | undefined;
  readonly padToken?: number | undefined;
  /** Applied after those that the options mean. */
  readonly processors?: readonly Processor[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BeamGenerateOptions
  extends GenerateOptions,
    Pick<
      BeamOptions,
      'beams' | 'beamGroups' | 'diversityPenalty' | 'lengthPenalty' | 'earlyStopping' | 'returnSequences'
    > {}

/** What happens to a row, as it happens. */
export type GenerationStep =
  | {
      readonly kind: 'token';
      /** Index of the prompt. */
      readonly row: number;
      readonly id: number;
      /** ln p by the model, before any processor. */
      readonly logProbability: number;
    }
  | { readonly kind: 'end'; readonly row: number; readonly reason: EndReason };

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes (of a file) or tensors (of a checkpoint) so far, and in all. */
  readonly onProgress?: ((loaded: number, total: number) => void) | undefined;
  /** A model file of the bundle, such as `onnx/model_quantized.onnx`; by default the weights, else `onnx/model.onnx`. */
  readonly file?: string | undefined;
}

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
    const file = options.file ?? (await weightless(bundle));
    if (file === undefined) {
      const { graph, parameters } = decoderGraph(architecture, config, { logits: 'last' });
      const constants = await loadParameters(await bundle.weights(stop), parameters, architecture, {
        ...stop,
        ...progress,
      });
      return new CausalLm(
        { program: await runtime.compile(graph, { constants, ...stop }), idType: 'int32', ...sizes },
        settings,
      );
    }
    const bytes = await bundle.source.read(file, { ...stop, ...progress });
    return new CausalLm({ program: await runtime.load(bytes, stop), idType: 'int64', ...sizes }, settings);
  }

  /**
   * Continues prompts, all in one batch. Tokens come as they are chosen, row by row within a step; a row ends with its `end` step.
   * When a row's context is full it ends with reason `context`; nothing slides.
   * @throws YumoError `CONTEXT` when a prompt is longer than the context, `CONFIG`, `TOKENIZER`, `NUMERIC`, `ABORTED`.
   */
  async *generate(
    prompts: readonly (readonly number[])[],
    options: GenerateOptions = {},
  ): AsyncGenerator<GenerationStep, void, undefined> {
    checkGenerationOptions(options);
    const { signal, seed = 0, endTokens = this.endTokens, padToken = this.padToken, temperature } = options;
    const longest = Math.max(0, ...prompts.map((p) => p.length));
    const maxNewTokens = options.maxNewTokens ?? Number.POSITIVE_INFINITY;
    throwIfAborted(signal, 'generate');
    if (prompts.length === 0) return;
    const processors = this.#processors(options, { endTokens, promptLength: longest, maxNewTokens });
    const process = processors.length > 0 ? chain(processors) : undefined;
    const rows = prompts.map((p) => [...new Array<number>(longest - p.length).fill(padToken), ...p]);
    let alive = prompts.map((_, row) => row);
    if (maxNewTokens === 0) {
      for (const row of alive) yield { kind: 'end', row, reason: 'length' };
      return;
    }
    const decoding = await DecoderRows.start(this.#model, prompts, { padToken, signal });
    for (let step = 0; ; step++) {
      const going: number[] = []; // places in the batch
      for (const [place, row] of alive.entries()) {
        const ids = rows[row]!;
        const raw = decoding.scores[place]!;
        const id = choose(
          raw,
          process,
          { ids, promptLength: longest },
          temperature === 0 ? undefined : uniformAt(seed, row, step),
        );
        ids.push(id);
        yield { kind: 'token', row, id, logProbability: logProbabilityOf(raw, id) };
        throwIfAborted(signal, 'generate');
        const reason: EndReason | undefined = endTokens.includes(id)
          ? 'end'
          : step + 1 === maxNewTokens
            ? 'length'
            : prompts[row]!.length + step + 1 > this.contextLength
              ? 'context'
              : undefined;
        if (reason) yield { kind: 'end', row, reason };
        else going.push(place);
      }
      if (going.length === 0) return;
      decoding.select(going);
      alive = going.map((place) => alive[place]!);
      await decoding.advance(
        alive.map((row) => rows[row]!.at(-1)!),
        signal,
      );
    }
  }

  /**
   * The most probable continuations by beam search; for each prompt the best first.
   * @throws YumoError as {@link generate}, and `CONFIG` when beams do not divide into groups.
   */
  async beamSearch(prompts: readonly (readonly number[])[], options: BeamGenerateOptions): Promise<BeamResult[][]> {
    checkGenerationOptions(options);
    const {
      beams,
      beamGroups = 1,
      returnSequences = 1,
      signal,
      endTokens = this.endTokens,
      padToken = this.padToken,
    } = options;
    if (beams % beamGroups !== 0)
      throw new YumoError('CONFIG', `beam search: ${beams} beams do not divide into ${beamGroups} groups`, {
        beams,
        beamGroups,
      });
    if (returnSequences > beams)
      throw new YumoError(
        'CONFIG',
        `beam search: ${returnSequences} sequences were asked for, ${beams} beams are kept; raise beams`,
        { beams, returnSequences },
      );
    if (prompts.length === 0) return [];
    const longest = Math.max(...prompts.map((p) => p.length));
    const room = this.contextLength - longest + 1;
    const maxNewTokens = Math.min(options.maxNewTokens ?? room, Math.max(room, 1));
    const processors = this.#processors(
      { ...options, temperature: options.temperature || undefined },
      { endTokens, promptLength: longest, maxNewTokens },
    );
    const rows = prompts.map((p) => [...new Array<number>(longest - p.length).fill(padToken), ...p]);
    const decoding = await DecoderRows.start(this.#model, prompts, { padToken, signal });
    return beamSearch(decoding, rows, { ...options, maxNewTokens, endTokens, padToken, processors });
  }

  dispose(): Promise<void> {
    return this.#model.program.dispose();
  }

  #processors(options: GenerateOptions, context: Parameters<typeof processorsFor>[1]): Processor[] {
    return [...processorsFor(options, context), ...(options.processors ?? [])];
  }
}

/** `onnx/model.onnx` when the bundle has it and no weights of its own. */
async function weightless({ source }: Bundle): Promise<string | undefined> {
  for (const weights of ['model.safetensors', 'model.safetensors.index.json'])
    if (await source.exists(weights)) return undefined;
  return (await source.exists('onnx/model.onnx')) ? 'onnx/model.onnx' : undefined;
}

/** The next id: the likeliest, or drawn at `u`. Processors work on a copy. */
function choose(
  raw: Scores,
  process: Processor | undefined,
  row: Parameters<Processor>[1],
  u: number | undefined,
): number {
  checkScores(raw, 'generate');
  let scores = raw;
  if (process) {
    scores = raw.slice();
    process(scores, row);
    checkScores(scores, 'generate');
  }
  return u === undefined ? argmaxOf(scores) : drawAt(scores, u);
}
