// The public names of @yumo/core that run anywhere.

export * from './checkpoint/folder.ts';
export { type HubOptions, isModelId, type ModelId, parseModelId } from './checkpoint/hub.ts';
export { loadModelFile } from './checkpoint/model-file.ts';
export * from './checkpoint/parameters.ts';
export * from './checkpoint/safetensors.ts';
export { readShards, type WeightFile, weightFiles } from './checkpoint/shards.ts';
export * from './checkpoint/source.ts';
export * from './checkpoint/url.ts';
export * from './checkpoint/verified.ts';
export * from './dimension.ts';
export * from './errors.ts';
export * from './export/export.ts';
export type { ProbeDifference } from './export/probe.ts';
export * from './generate/beam.ts';
export type {
  BeamGenerateOptions,
  EndReason,
  GenerateOptions,
  GenerationStep,
} from './generate/continue.ts';
export type { CrossFiles } from './generate/cross-files.ts';
export * from './generate/decode.ts';
export * from './generate/decoding.ts';
export { Constraint } from './generate/grammar/constraint.ts';
export { compileGrammar, type Grammar } from './generate/grammar/grammar.ts';
export { type TokenVocabulary, tokenVocabulary, vocabularyOf } from './generate/grammar/vocabulary.ts';
export {
  checkGenerationOptions,
  fromHuggingFace,
  processorsFor,
  type ScoreContext,
  type ScoreOptions,
} from './generate/options.ts';
export { PrefixCache, type PrefixCacheOptions } from './generate/prefix-cache.ts';
export type { Processor, Row, Scores, SequenceBias } from './generate/processors.ts';
export * from './generate/sampling.ts';
export * from './generate/seq2seq.ts';
export * from './generate/stop.ts';
export { type GraphCost, graphCost, peakBytes } from './graph/cost.ts';
export { evaluateTensors } from './graph/evaluate.ts';
export { gradient } from './graph/gradient.ts';
export { blocksInTurn, lossInBlocks } from './graph/loss-blocks.ts';
export { countOperations, print } from './graph/print.ts';
export { type Recompute, recompute } from './graph/recompute.ts';
export { simplify } from './graph/simplify.ts';
export { topological } from './graph/topological.ts';
export { type OnnxOptions, toOnnx } from './lower/onnx/model.ts';
export * from './models/architecture.ts';
export { type DecoderGraph, decoderGraph, decodingGraph } from './models/decoder-graph.ts';
export { type HeadGraph, type HeadGraphOptions, headGraph } from './models/head-graph.ts';
export {
  architectureFor,
  causalLmTypes,
  familyFor,
  type Model,
  modelFor,
  modelTypes,
  seq2seqFor,
  seq2seqTypes,
} from './models/index.ts';
export { crossDecoderGraph, encoderGraph, type Seq2SeqGraph } from './models/seq2seq-graph.ts';
export * from './nn/dropout.ts';
export * from './nn/losses.ts';
export * from './nn/scope.ts';
export * from './ops/build.ts';
export * from './ops/compose.ts';
export type { AttrsOf, InputsOf, OpName, ResultsOf } from './ops/signatures.ts';
export { checkRuntime, type RuntimeCheck } from './runtimes/check.ts';
export * from './runtimes/choose.ts';
export { ProgramCache, type ProgramCacheOptions } from './runtimes/program-cache.ts';
export { referenceRuntime } from './runtimes/reference.ts';
export * from './runtimes/runtime.ts';
export { type TensorFlowModule, type TfjsOptions, tfjs } from './runtimes/tfjs.ts';
export * from './tasks/chat.ts';
export { type Chunk, chunksOf } from './tasks/chunks.ts';
export * from './tasks/feature-extraction.ts';
export * from './tasks/fill-mask.ts';
export * from './tasks/head-model.ts';
export * from './tasks/label-path.ts';
export { streamLongText } from './tasks/long-text.ts';
export * from './tasks/question-answering.ts';
export * from './tasks/summarization.ts';
export * from './tasks/text-classification.ts';
export * from './tasks/text-generation.ts';
export * from './tasks/text-to-text.ts';
export * from './tasks/token-classification.ts';
export * from './tasks/tokenizer.ts';
export * from './tasks/translation.ts';
export * from './tasks/zero-shot-classification.ts';
export * from './tensor.ts';
export * from './value.ts';
