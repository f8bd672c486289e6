// Symbolic tensors: the nodes of a graph. Immutable; nothing is computed when they are made.

import type { Dim } from './dimension.ts';
import type { AttrsOf, InputsOf, OpName } from './ops/signatures.ts';
import type { DType, Value } from './value.ts';

export type Shape = readonly Dim[];

/** One result of a node. Elementwise builders, layers and models map these to these. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly node: Node;
  /** Which result of the node: 0 but for operations with several. */
  readonly result: number;
}

/** Something fed when the program runs: data, or a parameter. */
export interface InputNode {
  readonly kind: 'input';
  readonly name: string;
}

/** Numbers known when the graph is built. */
export interface ConstantNode {
  readonly kind: 'constant';
  /** The element type in the graph. float32 numbers may be stored as float64, so that the interpreter sees 1/3 and not its rounding. */
  readonly dtype: DType;
  readonly value: Value;
}

/** An operation applied to tensors. Generic in the operation, so that tables dispatch without casts. */
export type OpNode<K extends OpName = OpName> = {
  [P in K]: {
    readonly kind: 'op';
    readonly op: P;
    readonly inputs: InputsOf<P, Tensor>;
    readonly attrs: AttrsOf<P>;
    /** Type and shape of each result. */
    readonly results: readonly { readonly dtype: DType; readonly shape: Shape }[];
    /** Where in the model it was made (`transformer.h.0.attn`), for messages and listings. */
    readonly place: string;
  };
}[K];

export type Node = InputNode | ConstantNode | OpNode;

/** A graph ready to be run, trained or exported: named inputs, named outputs. */
export interface Graph {
  readonly inputs: readonly Tensor[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** Declares an input: `tensor('input_ids', 'int32', ['batch', 'sequence'])`. */
export function tensor(name: string, dtype: DType, shape: Shape): Tensor {
  return { dtype, shape, node: { kind: 'input', name }, result: 0 };
}

/** A tensor of known numbers. Doubles stand for float32 numbers not yet rounded. */
export function constant(value: Value): Tensor {
  const dtype = value.dtype === 'float64' ? 'float32' : value.dtype;
  return { dtype, shape: value.shape, node: { kind: 'constant', dtype, value }, result: 0 };
}

/** The numbers of a constant in the type that the graph computes with. */
export function narrowed({ dtype, value }: ConstantNode): Value {
  return value.dtype === 'float64' && dtype === 'float32'
    ? { dtype, shape: value.shape, data: Float32Array.from(value.data as Float64Array) }
    : value;
}

/** A float32 number without axes. */
export function scalar(x: number): Tensor {
  return constant({ dtype: 'float64', shape: [], data: Float64Array.of(x) });
}

/** An int32 number without axes. */
export function integer(x: number): Tensor {
  return constant({ dtype: 'int32', shape: [], data: new Int32Array([x]) });
}

/** `[2, batch, 8]`, for messages. */
export const show = (shape: Shape): string => `[${shape.join(', ')}]`;

/** The name of an input tensor. */
export function inputName(t: Tensor): string {
  if (t.node.kind !== 'input') throw new Error('internal: not an input');
  return t.node.name;
}
