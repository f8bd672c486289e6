// Collects ONNX nodes: fresh names, shared constants, and sizes that are known only at run time.

import { type Dim, termsOf } from '../../dimension.ts';
import { YumoError } from '../../errors.ts';
import type { Shape, Tensor } from '../../tensor.ts';
import type { DType, Value } from '../../value.ts';
import type { Attribute, NodeProto } from './proto.ts';

/** What the engine that will run the file can do. */
export interface Target {
  /** onnxruntime's own operators (com.microsoft) are available. */
  readonly contrib: boolean;
  /** Keep to what WebGPU kernels exist for: no arithmetic on int64, no OneHot; repeated indices may be added by ScatterND. */
  readonly webgpu: boolean;
  /** The file is run many times with other weights: passes over memory count more than the number of nodes. */
  readonly training: boolean;
}

/** onnxruntime on a processor, for answers. */
export const usualTarget: Target = { contrib: true, webgpu: false, training: false };

export class Emitter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: Map<string, Value>;
  readonly target: Target;
  /** How many nodes read a tensor, graph outputs included. */
  readonly readers: (t: Tensor) => number;
  #names: Set<string>;
  #constants: Map<string, string>;
  #place = '';
  #sizes = new Map<string, { input: string; axis: number }>();
  #sizeNames = new Map<Dim, string>();
  #shapeNames = new Map<string, string>();

  /** @param around the file that this is one branch of: names, weights and constants are shared, nodes are not. */
  constructor(target: Target, readers: (t: Tensor) => number, around?: Emitter) {
    this.target = target;
    this.readers = readers;
    this.initializers = around?.initializers ?? new Map();
    this.#names = around ? around.#names : new Set();
    this.#constants = around ? around.#constants : new Map();
  }

  /** A name not used before. */
  fresh(stem: string): string {
    let name = stem;
    for (let i = 1; this.#names.has(name); i++) name = `${stem}_${i}`;
    this.#names.add(name);
    return name;
  }

  reserve(name: string): void {
    this.#names.add(name);
  }

  /** The place in the model that the next nodes are named after. */
  at(place: string): void {
    this.#place = place;
  }

  /** Declares which input carries which named sizes. */
  declareInput(name: string, shape: Shape): void {
    shape.forEach((d, axis) => {
      if (typeof d === 'string' && /^[A-Za-z_]\w*$/.test(d) && !this.#sizes.has(d))
        this.#sizes.set(d, { input: name, axis });
    });
  }

  /** Adds a node and returns the names of its outputs. */
  nodeWithOutputs(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): string[] {
    const stem = `${this.#place === '' ? '' : `${this.#place}/`}${op}`;
    const name = this.fresh(stem);
    const results = Array.from({ length: outputs }, (_, i) => (i === 0 ? `${name}:0` : `${name}:${i}`));
    this.nodes.push({ op, domain, inputs, outputs: results, attributes, name });
    return results;
  }

  /** Gives tensors other names, wherever they are read. */
  rename(names: ReadonlyMap<string, string>): void {
    const of = (name: string): string => names.get(name) ?? name;
    const renamed = (n: NodeProto): NodeProto => ({
      ...n,
      inputs: n.inputs.map(of),
      outputs: n.outputs.map(of),
      attributes: Object.fromEntries(
        Object.entries(n.attributes).map(([name, a]) => [
          name,
          typeof a === 'object' && 'graph' in a ? { graph: { ...a.graph, nodes: a.graph.nodes.map(renamed) } } : a,
        ]),
      ),
    });
    this.nodes.forEach((n, i) => {
      this.nodes[i] = renamed(n);
    });
  }

  node(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}, domain = ''): string {
    return this.nodeWithOutputs(op, inputs, 1, attributes, domain)[0]!;
  }

  /** An initializer with these numbers; equal small ones are shared. */
  constant(v: Value, stem = 'constant'): string {
    const key = v.data.length <= 64 ? `${v.dtype}[${v.shape}]${v.data.join()}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known) return known;
    const name = this.fresh(stem);
    this.initializers.set(name, v);
    if (key !== undefined) this.#constants.set(key, name);
    return name;
  }

  int64s(xs: readonly number[]): string {
    return this.constant({ dtype: 'int64', shape: [xs.length], data: BigInt64Array.from(xs, BigInt) });
  }
  int64(x: number): string {
    return this.constant({ dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(x)) });
  }
  float(x: number): string {
    return this.constant({ dtype: 'float32', shape: [], data: Float32Array.of(x) });
  }
  zero(dtype: DType): string {
    return dtype === 'int32' ? this.constant({ dtype, shape: [], data: Int32Array.of(0) }) : this.float(0);
  }

  /** One size as int64 `[1]`. */
  size(d: Dim): string {
    if (typeof d === 'number') return this.int64s([d]);
    const known = this.#sizeNames.get(d);
    if (known) return known;
    let total: string | undefined;
    for (const [coefficient, names] of termsOf(d)) {
      let term = coefficient === 1 && names.length > 0 ? undefined : this.int64s([coefficient]);
      for (const name of names) {
        const source = this.#sizes.get(name);
        if (!source) throw new YumoError('GRAPH', `onnx: no input carries the size "${name}"`, { dim: d });
        const one = this.node('Shape', [source.input], { start: source.axis, end: source.axis + 1 });
        term = term === undefined ? one : this.node('Mul', [term, one]);
      }
      total = total === undefined ? term! : this.node('Add', [total, term!]);
    }
    this.#sizeNames.set(d, total!);
    return total!;
  }

  /** Sizes as one int64 vector. */
  sizes(shape: Shape): string {
    if (shape.every((d): d is number => typeof d === 'number')) return this.int64s(shape);
    if (shape.length === 1) return this.size(shape[0]!);
    const known = this.#shapeNames.get(shape.join());
    if (known) return known;
    const name = this.node(
      'Concat',
      shape.map((d) => this.size(d)),
      { axis: 0 },
    );
    this.#shapeNames.set(shape.join(), name);
    return name;
  }
}

/** True when every size is a number. */
export const isStatic = (shape: Shape): shape is readonly number[] => shape.every((d) => typeof d === 'number');
