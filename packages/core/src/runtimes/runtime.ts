// What executes graphs. One interface for every engine; a program is a graph compiled for one of them.

import type { Graph } from '../tensor.ts';
import type { Value } from '../value.ts';

/** Named numbers. */
export type Values = Readonly<Record<string, Value>>;

export interface CompileOptions {
  /** Inputs fixed to these numbers: the weights of a model that will not change. They are not fed again. */
  readonly constants?: Values;
  /** The graph updates state or has gradients: weights are inputs, so folding and packing them is wasted time. */
  readonly purpose?: 'inference' | 'training';
  /**
   * Outputs whose numbers may stay on the device when a run writes them `into` arrays: later runs take these arrays' feeds from there, and
   * {@link Runtime.settle} brings the numbers back. Engines that compute in the processor's memory ignore it.
   */
  readonly resident?: readonly string[];
  readonly signal?: AbortSignal;
}

export interface RunOptions {
  /** Only these outputs are computed; all by default. */
  readonly outputs?: readonly string[];
  /**
   * Where results are written, by output name: arrays of the caller's, of the right type and size. An array may also be the feed of the
   * same run (state updated in place); then every reader of the old numbers must come before the writer in the graph.
   */
  readonly into?: Values;
  readonly signal?: AbortSignal;
}

/** A compiled graph. Runs of one program are queued, never concurrent. */
export interface Program {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** @throws YumoError `FEED` when an input is missing, unknown, or of the wrong type or size. */
  run(feeds: Values, options?: RunOptions): Promise<Record<string, Value>>;
  /**
   * Brings back what it left on the device, and frees everything.
   * @throws YumoError `RUNTIME` when the device was lost with numbers that nobody has, and no run has said so before.
   */
  dispose(): Promise<void>;
}

export interface LoadFileOptions {
  /** Of a file given as bytes: the files beside it that hold its tensors, by name. A path's are found by the engine. */
  readonly data?: Readonly<Record<string, Uint8Array>>;
  readonly signal?: AbortSignal;
}

export interface Runtime {
  /** `reference`, `cpu`, `webgpu`, `wasm`, `cuda` … : what `--device` takes. */
  readonly name: string;
  /** A line for people: engine, version, device, threads. */
  readonly description: string;
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
  /** Makes arrays hold the numbers that were left on the device, see {@link CompileOptions.resident}. Absent: they always do. */
  settle?(values: Values): Promise<void>;
  /**
   * Loads a model file (ONNX) made here or elsewhere: its bytes, or in Node its path. Engines that cannot throw `RUNTIME`.
   */
  load(model: Uint8Array | string, options?: LoadFileOptions): Promise<Program>;
}

/** Whether onnxruntime's kernels for processors do the work. */
export const computesOnProcessor = ({ name }: Runtime): boolean => name === 'cpu' || name === 'wasm';
