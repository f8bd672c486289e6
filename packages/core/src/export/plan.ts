// What is exported of a bundle: graphs under the names of transformers.js and Optimum, the files they go into, and their weights.

import type { Bundle } from '../checkpoint/folder.ts';
import { loadParameters } from '../checkpoint/parameters.ts';
import { branchesModel } from '../lower/onnx/branches.ts';
import { type OnnxOptions, onnxModel } from '../lower/onnx/model.ts';
import type { ModelProto } from '../lower/onnx/proto.ts';
import type { Architecture, InputForms } from '../models/architecture.ts';
import { decoderGraph, decodingGraph } from '../models/decoder-graph.ts';
import { headGraph } from '../models/head-graph.ts';
import { architectureFor, causalLmTypes, type Model, modelFor, seq2seqFor, seq2seqTypes } from '../models/index.ts';
import { crossDecoderGraph, encoderGraph } from '../models/seq2seq-graph.ts';
import type { Parameter } from '../nn/scope.ts';
import type { Values } from '../runtimes/runtime.ts';
import type { Graph } from '../tensor.ts';
import { value } from '../value.ts';

/** A graph that a file holds. */
export interface PartGraph {
  readonly graph: Graph;
  readonly parameters: readonly Parameter[];
  /** What the file is fed to choose this graph. */
  readonly choice: Values;
}

/** One file. */
export interface ExportPart {
  /** Of the file, without folder, form and ending: `model`, `encoder_model`, `decoder_model_merged` … */
  readonly name: string;
  readonly graphs: readonly PartGraph[];
  /** Inputs that the file takes as int64, as every other program feeds them. */
  readonly int64Inputs: readonly string[];
  /** Ids that every input of the file knows. */
  readonly vocabularySize: number;
  lower(options: OnnxOptions): ModelProto;
}

export interface ExportPlan {
  readonly parts: readonly ExportPart[];
  /** Of all parts, each once. */
  readonly parameters: readonly Parameter[];
  readonly weights: Values;
  /** Largest number of positions. */
  readonly contextLength: number;
}

export interface PlanOptions {
  /** How an encoder-decoder model's decoder is stored: one file with a branch for the first step, or two files. */
  readonly decoder?: 'merged' | 'pair' | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Positions that probes go up to where a model has no limit of its own. */
const anyLength = 512;

/**
 * A language model with its key/value cache, an encoder-decoder model as encoder and decoder, or another head with its outputs.
 * @throws YumoError `CONFIG` for architectures that are not ours, `CHECKPOINT`, `FILE`.
 */
export async function planExport(bundle: Bundle, options: PlanOptions = {}): Promise<ExportPlan> {
  const { config: json } = bundle;
  const type = String(json.model_type);
  const className = Array.isArray(json.architectures) ? String(json.architectures[0]) : undefined;
  const generates = (types: readonly string[], own: string): boolean =>
    types.includes(type) && (className === undefined || className === own);
  if (causalLmTypes.includes(type) && generates(causalLmTypes, architectureFor(json).className))
    return languageModel(bundle, options);
  if (seq2seqTypes.includes(type) && generates(seq2seqTypes, seq2seqFor(json).className))
    return encoderDecoder(bundle, options);
  return head(bundle, options);
}

async function plan(
  bundle: Bundle,
  architecture: Architecture,
  config: unknown,
  parts: readonly ExportPart[],
  { signal }: PlanOptions,
): Promise<ExportPlan> {
  const stop = signal ? { signal } : {};
  const all = parts.flatMap((part) => part.graphs.flatMap((g) => g.parameters));
  const parameters = [...new Map(all.map((p) => [p.name, p])).values()];
  const weights = await loadParameters(await bundle.weights(stop), parameters, architecture, stop);
  return { parts, parameters, weights, contextLength: architecture.contextLength(config) ?? anyLength };
}

function languageModel(bundle: Bundle, options: PlanOptions): Promise<ExportPlan> {
  const architecture = architectureFor(bundle.config);
  const config = architecture.readConfig(bundle.config);
  const built = decoderGraph(architecture, config);
  const { graph: beside } = decodingGraph(architecture, config);
  const part = {
    name: 'model',
    graphs: [{ ...built, choice: {} }],
    int64Inputs: ['input_ids', 'attention_mask', 'position_ids'],
    vocabularySize: architecture.vocabularySize(config),
    lower: (o: OnnxOptions) => onnxModel(built.graph, { ...o, sizeNames: textSizes, cacheProducts: 'joined', beside }),
  };
  return plan(bundle, architecture, config, [part], options);
}

const textSizes = {
  batch: 'batch_size',
  sequence: 'sequence_length',
  past: 'past_sequence_length',
  choices: 'num_choices',
  source: 'sequence_length',
};
const decoderSizes = {
  batch: 'batch_size',
  source: 'encoder_sequence_length',
  target: 'decoder_sequence_length',
  past: 'past_decoder_sequence_length',
};

/** Name of the input that says whether the caches hold anything. */
const cacheFlag = 'use_cache_branch';

function encoderDecoder(bundle: Bundle, options: PlanOptions): Promise<ExportPlan> {
  const architecture = seq2seqFor(bundle.config);
  const config = architecture.readConfig(bundle.config);
  const source = Number(bundle.config.vocab_size ?? Number.POSITIVE_INFINITY);
  const vocabularySize = architecture.vocabularySize(config);
  const encoder = encoderGraph(architecture, config);
  const first = crossDecoderGraph(architecture, config, { from: 'states' });
  // One position at a time, as Optimum's files do.
  const next = crossDecoderGraph(architecture, config, { from: 'cache', target: 1 });
  const int64Inputs = ['input_ids', 'attention_mask', 'encoder_attention_mask'];
  const alone = (name: string, built: typeof encoder, sizeNames: Record<string, string>): ExportPart => ({
    name,
    graphs: [{ ...built, choice: {} }],
    int64Inputs,
    vocabularySize: Math.min(source, vocabularySize),
    lower: (o) => onnxModel(built.graph, { ...o, sizeNames, cacheProducts: 'both' }),
  });
  const flag = (on: 0 | 1): Values => ({ [cacheFlag]: value('bool', [1], [on]) });
  const merged: ExportPart = {
    name: 'decoder_model_merged',
    graphs: [
      { ...first, choice: flag(0) },
      { ...next, choice: flag(1) },
    ],
    int64Inputs,
    vocabularySize,
    lower: (o) =>
      branchesModel(
        { flag: cacheFlag, whenTrue: next.graph, whenFalse: first.graph },
        { ...o, sizeNames: decoderSizes, cacheProducts: 'both' },
      ),
  };
  const decoders =
    options.decoder === 'pair'
      ? [alone('decoder_model', first, decoderSizes), alone('decoder_with_past_model', next, decoderSizes)]
      : [merged];
  return plan(bundle, architecture, config, [alone('encoder_model', encoder, textSizes), ...decoders], options);
}

function head(bundle: Bundle, options: PlanOptions): Promise<ExportPlan> {
  const model = asOthersCall(modelFor(bundle.config));
  const { graph, parameters } = headGraph(model);
  const shown = { ...graph, outputs: withoutStates(graph.outputs) };
  const forms = model.head.inputs(model.config);
  const part: ExportPart = {
    name: 'model',
    graphs: [{ graph: shown, parameters, choice: {} }],
    int64Inputs: Object.keys(forms).filter((name) => forms[name]!.dtype === 'int32'),
    vocabularySize: model.architecture.vocabularySize(model.config),
    lower: (o) => onnxModel(shown, { ...o, sizeNames: textSizes }),
  };
  return plan(bundle, model.architecture, model.config, [part], options);
}

/** Positions are fed to language models only: classifiers count them from the first token. */
function asOthersCall(model: Model): Model {
  const inputs = (config: unknown): InputForms => {
    const { position_ids: _, ...rest } = model.head.inputs(config);
    return rest;
  };
  return { ...model, head: { ...model.head, inputs } };
}

/** Hidden states are what encoders alone are asked for; other heads answer with what stands on them. */
function withoutStates(outputs: Graph['outputs']): Graph['outputs'] {
  const answers = Object.entries(outputs).filter(([name]) => !name.endsWith('last_hidden_state'));
  const isEncoder = answers.every(([name]) => name === 'sentence_embedding');
  return isEncoder ? outputs : Object.fromEntries(answers);
}
