// What is exported of a bundle: the graph under the names of transformers.js and Optimum, and its weights.

import type { Bundle } from '../checkpoint/folder.ts';
import { loadParameters } from '../checkpoint/parameters.ts';
import { YumoError } from '../errors.ts';
import { decoderGraph } from '../models/decoder-graph.ts';
import { headGraph } from '../models/head-graph.ts';
import { architectureFor, causalLmTypes, modelFor, seq2seqTypes } from '../models/index.ts';
import type { Parameter } from '../nn/scope.ts';
import type { Values } from '../runtimes/runtime.ts';
import type { Graph } from '../tensor.ts';

export interface ExportPlan {
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  readonly weights: Values;
  /** Inputs that the file takes as int64, as every other program feeds them. */
  readonly int64Inputs: readonly string[];
  /** The highest id is one less. */
  readonly vocabularySize: number;
  /** Largest number of positions. */
  readonly contextLength: number;
  /** Reads a past and returns a present. */
  readonly cached: boolean;
}

/**
 * A language model with its key/value cache, or another head with its outputs.
 * @throws YumoError `CONFIG` for architectures that are not ours, `CHECKPOINT`, `FILE`.
 */
export async function planExport(
  bundle: Bundle,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ExportPlan> {
  const stop = signal ? { signal } : {};
  const { config: json } = bundle;
  const isLm =
    causalLmTypes.includes(String(json.model_type)) && !/Classification$/.test(String(json.architectures ?? ''));
  const weights = await bundle.weights(stop);
  const number = (name: string, fallback: number): number => (typeof json[name] === 'number' ? json[name] : fallback);
  if (isLm) {
    const architecture = architectureFor(json);
    const config = architecture.readConfig(json);
    const { graph, parameters } = decoderGraph(architecture, config);
    return {
      graph,
      parameters,
      weights: await loadParameters(weights, parameters, architecture, stop),
      int64Inputs: ['input_ids', 'attention_mask', 'position_ids'],
      vocabularySize: architecture.vocabularySize(config),
      contextLength: architecture.contextLength(config),
      cached: true,
    };
  }
  if (seq2seqTypes.includes(String(json.model_type)))
    throw new YumoError(
      'CONFIG',
      `${bundle.source.name}: encoder-decoder models (${json.model_type}) cannot be exported yet; decoder-only models and encoders can`,
      { modelType: json.model_type },
    );
  const model = modelFor(json);
  const { graph, parameters } = headGraph(model);
  const forms = model.head.inputs(model.config);
  return {
    graph,
    parameters,
    weights: await loadParameters(weights, parameters, model.architecture, stop),
    int64Inputs: Object.keys(forms).filter((name) => forms[name]!.dtype === 'int32'),
    vocabularySize: number('vocab_size', 1),
    contextLength: number('max_position_embeddings', 512),
    cached: false,
  };
}
