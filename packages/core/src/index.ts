// The public names of @yumo/core that run anywhere.

export * from './checkpoint/folder.ts';
export * from './checkpoint/parameters.ts';
export * from './checkpoint/safetensors.ts';
export { readShards } from './checkpoint/shards.ts';
export * from './checkpoint/source.ts';
export * from './checkpoint/url.ts';
export * from './dimension.ts';
export * from './errors.ts';
export { evaluateTensors } from './graph/evaluate.ts';
export { gradient } from './graph/gradient.ts';
export { countOperations, print } from './graph/print.ts';
export { simplify } from './graph/simplify.ts';
export { topological } from './graph/topological.ts';
export { type OnnxOptions, toOnnx } from './lower/onnx/model.ts';
export * from './models/architecture.ts';
export { type DecoderGraph, decoderGraph } from './models/decoder-graph.ts';
export { architectureFor, causalLmTypes } from './models/index.ts';
export * from './nn/dropout.ts';
export * from './nn/scope.ts';
export * from './ops/build.ts';
export * from './ops/compose.ts';
export type { AttrsOf, InputsOf, OpName, ResultsOf } from './ops/signatures.ts';
export { referenceRuntime } from './runtimes/reference.ts';
export * from './runtimes/runtime.ts';
export * from './tensor.ts';
export * from './value.ts';
