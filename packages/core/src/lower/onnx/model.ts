// A graph as an ONNX file: names, initializers, named sizes, and the rewrites that only this target gains by.

import { YumoError } from '../../errors.ts';
import { simplify } from '../../graph/simplify.ts';
import { topological } from '../../graph/topological.ts';
import type { OpName } from '../../ops/signatures.ts';
import { type Graph, inputName, type Node, narrowed, type OpNode, show, type Tensor } from '../../tensor.ts';
import type { DType, Value } from '../../value.ts';
import { Emitter, isStatic, type Target, usualTarget } from './emitter.ts';
import { isHalvable, lowerHalfWeight } from './half.ts';
import { type At, type Lower, lowerings, lowerScatterOnto, lowerSumOfSquares, mostHotRows } from './ops.ts';
import {
  type CacheProduct,
  cacheProductOf,
  geluOf,
  gemmOf,
  scaledProductOf,
  scatterOf,
  squaresOf,
} from './patterns.ts';
import { type ModelProto, onnxType, serialise, type ValueInfo } from './proto.ts';
import { isQuantizable, lowerFourBitMatmul, lowerQuantizedGather, lowerQuantizedMatmul } from './quantize.ts';
import { type Rotation, rotationOf, rotationWriter } from './rotation.ts';

export interface OnnxOptions {
  /** Inputs whose numbers become part of the file: the weights. */
  readonly constants?: Readonly<Record<string, Value>>;
  /** Inputs that the file takes as int64 (what other programs feed) where the graph computes in int32. */
  readonly int64Inputs?: readonly string[];
  /** Weights of products as integers of so many bits; those of embeddings are stored in 8. */
  readonly weightBits?: 8 | 4 | undefined;
  /** Matrices are stored as half floats, and widened when the file is opened. */
  readonly halfWeights?: boolean;
  readonly target?: Partial<Target>;
  /**
   * Products with a cache. `split`: without a copy of the past, for processors (default). `joined`: with one joined matrix, as every engine runs them,
   * also of a past of 0 positions (WebGPU has no buffers for that). `both`: joined, the other form beside them as alternative nodes, for who opens
   * the file for a processor.
   */
  readonly cacheProducts?: 'split' | 'joined' | 'both';
  /** A second graph over the same weights, for who opens the file for a processor (lower/onnx/beside.ts). */
  readonly beside?: Graph;
  /** Key/value notes in the file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What the file calls named sizes: `{ batch: 'batch_size' }`. */
  readonly sizeNames?: Readonly<Record<string, string>>;
}

/** Calls one row of the table. */
function lower<K extends OpName>(e: Emitter, node: OpNode<K>, names: readonly string[]): readonly string[] {
  const y = node.results.map((form, result) => ({ ...form, node: node as unknown as Node, result }));
  const row = lowerings[node.op] as Lower<K>;
  // `names` and `y` have the lengths that K prescribes; `map` lost them.
  return row(e, { x: node.inputs, names, y, attrs: node.attrs } as unknown as At<K>);
}

/** @param names of the first matrix, and of the pieces of the second */
function lowerCacheProduct(
  e: Emitter,
  node: OpNode<'matmul'>,
  { pieces }: CacheProduct,
  [a, ...names]: readonly [string, string, string],
): string {
  const [left] = node.inputs;
  const product = (i: 0 | 1, name: string): string =>
    lower(e, { ...node, inputs: [left, pieces[i]] }, [name, names[i]!])[0]!;
  if (node.attrs.transposeB) return e.node('Concat', [product(0, a), product(1, a)], { axis: left.shape.length - 1 });
  const sizes = e.sizes(pieces.map((p) => p.shape.at(-2)!));
  const [before, own] = e.nodeWithOutputs('Split', [a, sizes], 2, { axis: left.shape.length - 1 }) as [string, string]; // two outputs
  return e.node('Add', [product(0, before), product(1, own)]);
}

/** The operator set of every file. */
export const opset = 21;

/** A graph in ONNX's terms. */
export interface Emitted {
  readonly emitter: Emitter;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** Sizes under the file's names: `past+sequence` → `past_sequence_length + sequence_length`. */
const renamed = (shape: ValueInfo['shape'], sizeNames: Readonly<Record<string, string>>): ValueInfo['shape'] =>
  shape.map((d) =>
    typeof d === 'number' ? d : d.replace(/\+/g, ' + ').replace(/[A-Za-z_]\w*/g, (name) => sizeNames[name] ?? name),
  );

/**
 * What an .onnx file that computes the graph says.
 * @throws YumoError `GRAPH` when a size cannot be told from the inputs.
 */
export function onnxModel(graph: Graph, options: OnnxOptions = {}): ModelProto {
  const { emitter, inputs, outputs } = emit(graph, options);
  const { nodes, initializers } = emitter;
  const model = { nodes, inputs, outputs, opset, metadata: options.metadata ?? {} };
  if (!options.beside) return { ...model, initializers };
  const own = new Map(initializers);
  const other = emit(
    options.beside,
    { ...options, int64Inputs: [], sizeNames: {}, cacheProducts: 'split' },
    { around: emitter, kind: 'beside' },
  );
  const added = new Map([...initializers].filter(([name]) => !own.has(name)));
  const beside = { nodes: other.emitter.nodes, inputs: other.inputs, outputs: other.outputs, initializers: added };
  return { ...model, initializers: own, beside };
}

/** The bytes of that file. @throws YumoError `GRAPH`, as {@link onnxModel}, and for more than 2 GiB. */
export const toOnnx = (graph: Graph, options: OnnxOptions = {}): Uint8Array => serialise(onnxModel(graph, options));

/**
 * Lowers a graph.
 * @param part of a file with several graphs: the emitter of the first, or of what is around it. A branch's outputs have names of its own.
 * @throws YumoError `GRAPH`, as {@link toOnnx}
 */
export function emit(
  graph: Graph,
  options: OnnxOptions,
  part?: { readonly around: Emitter } & (
    | { readonly kind: 'branch'; readonly prefix: string }
    | { readonly kind: 'beside' }
  ),
): Emitted {
  const { constants = {}, int64Inputs = [], weightBits, halfWeights = false, sizeNames = {} } = options;
  const { cacheProducts: form = 'split' } = options;
  const prefix = part?.kind === 'branch' ? part.prefix : '';
  const target: Target = { ...usualTarget, ...options.target };
  const { outputs } = simplify(graph);
  const order = topological(Object.values(outputs));

  const counts = new Map<Node, number[]>();
  const count = (t: Tensor): void => {
    const slots = counts.get(t.node) ?? [];
    slots[t.result] = (slots[t.result] ?? 0) + 1;
    counts.set(t.node, slots);
  };
  for (const node of order) if (node.kind === 'op') node.inputs.forEach(count);
  for (const t of Object.values(outputs)) {
    count(t);
    count(t); // a graph output is never fused away
  }
  const readers = (t: Tensor): number => counts.get(t.node)?.[t.result] ?? 0;

  const listed = new Set(graph.inputs.map((t) => t.node));
  for (const node of order) {
    if (node.kind === 'input' && !listed.has(node))
      throw new YumoError('GRAPH', `onnx: the outputs need the input "${node.name}", which the graph does not list`, {
        name: node.name,
      });
  }
  const clash = Object.keys(outputs).find((name) => graph.inputs.some((t) => inputName(t) === name));
  if (clash !== undefined)
    throw new YumoError('GRAPH', `onnx: "${clash}" names an input and an output; a file needs two names`, {
      name: clash,
    });
  const e = new Emitter(target, readers, part?.around);
  const names = new Map<Node, readonly string[]>();
  const nameOf = (t: Tensor): string => {
    // On first use: what only fused nodes read is left out.
    if (t.node.kind === 'constant' && !names.has(t.node)) names.set(t.node, [e.constant(narrowed(t.node))]);
    return names.get(t.node)![t.result]!;
  };
  for (const name of Object.keys(outputs)) e.reserve(prefix + name);
  for (const t of graph.inputs) e.reserve(inputName(t));

  const inputs: ValueInfo[] = [];
  const used = new Set(order);
  for (const t of graph.inputs) {
    const name = inputName(t);
    const bound = constants[name];
    if (bound) {
      if (bound.shape.join() !== t.shape.join())
        throw new YumoError('FEED', `constant "${name}": expected ${show(t.shape)}, got ${show(bound.shape)}`, {
          name,
        });
      continue; // emitted when it is read, as floats or as integers
    }
    const dtype: DType = int64Inputs.includes(name) ? 'int64' : t.dtype;
    inputs.push({ name, dtype, shape: renamed(t.shape, sizeNames) });
    e.declareInput(name, t.shape);
    if (used.has(t.node))
      names.set(t.node, [dtype === t.dtype ? name : e.node('Cast', [name], { to: onnxType(t.dtype) })]);
  }

  const fused = new Set<Node>();
  const gelus = new Map<Node, Tensor>();
  const squares = new Map<Node, Tensor>();
  const rotations = new Map<Node, Rotation>();
  const cacheProducts = new Map<Node, CacheProduct>();
  const scatters = new Map<Node, NonNullable<ReturnType<typeof scatterOf>>>();
  const scaledProducts = new Map<Node, NonNullable<ReturnType<typeof scaledProductOf>>>();
  const results = new Set(Object.values(outputs).map((t) => t.node));
  const joins = new Map<Node, number>();
  for (const node of order) {
    if (node.kind !== 'op') continue;
    // WebGPU has no buffers of size 0, as the past of a prompt is.
    const splits = form !== 'joined' && !target.webgpu;
    const split = node.op === 'matmul' && splits ? cacheProductOf(node, (t) => results.has(t.node)) : undefined;
    if (split) {
      const { joined } = split;
      cacheProducts.set(node, split);
      if (form === 'both') continue;
      joins.set(joined.node, (joins.get(joined.node) ?? 0) + 1);
      if (joins.get(joined.node) === readers(joined)) fused.add(joined.node);
    }
    const scatter = node.op === 'add' && !target.webgpu ? scatterOf(node, readers) : undefined;
    if (scatter && scatter.scatter.attrs.size > mostHotRows) {
      scatters.set(node, scatter);
      fused.add(scatter.scatter);
      continue;
    }
    if (node.op === 'add') {
      const gemm = gemmOf(node, readers);
      if (!gemm) continue;
      // Small weights take a vector along, no matrix. In float32 stacks of matrices whose size is not known stay as they are: reshaping them for
      // Gemm and back brings BERT nothing and costs a decoder 5 % (docs/log.md).
      const small = weightBits !== undefined && isQuantizable(gemm.matmul, constants);
      if (small ? gemm.other.shape.length === 1 : isStatic(gemm.product.shape)) fused.add(gemm.matmul);
    }
    const squared = target.training && node.op === 'sum' ? squaresOf(node, readers) : undefined;
    if (squared) {
      squares.set(node, squared);
      fused.add(node.inputs[0]!.node);
    }
    const turns = target.training && target.contrib && !target.webgpu;
    const rotation = turns && node.op === 'concat' ? rotationOf(node, readers) : undefined;
    if (rotation) {
      rotations.set(node, rotation);
      for (const part of rotation.parts) fused.add(part);
    }
    const gelu = node.op === 'mul' ? geluOf(node, readers) : undefined;
    if (gelu) {
      gelus.set(node, gelu.x);
      for (const part of gelu.parts) fused.add(part);
    }
    const scaled = target.training && node.op === 'mul' ? scaledProductOf(node, readers) : undefined;
    if (scaled) {
      scaledProducts.set(node, scaled);
      for (const part of scaled.parts) fused.add(part);
    }
  }

  /** A weight as an initializer, made on first use so that quantized ones leave no floats behind. */
  const weightName = (t: Tensor): string => {
    const name = inputName(t);
    if (halfWeights && isHalvable(constants[name]!))
      lowerHalfWeight(part?.kind === 'branch' ? part.around : e, name, constants[name]!);
    else if (!e.initializers.has(name)) e.initializers.set(name, constants[name]!);
    return name;
  };
  const resolve = (t: Tensor): string =>
    t.node.kind === 'input' && t.node.name in constants ? weightName(t) : nameOf(t);

  // Activations that several 8-bit products read (queries, keys and values; a gate and what it opens) are quantized once.
  const smallReaders = new Map<string, number>();
  const places = new Map(order.map((node, i) => [node, i]));
  const keyOf = ({ node, result }: Tensor): string => `${places.get(node)}.${result}`;
  const quantized = new Map<string, readonly string[]>();
  if (weightBits === 8)
    for (const node of order)
      if (node.kind === 'op' && node.op === 'matmul' && isQuantizable(node, constants)) {
        const key = keyOf(node.inputs[0]);
        smallReaders.set(key, (smallReaders.get(key) ?? 0) + 1);
      }
  const lowerSmallMatmul =
    weightBits &&
    ((node: OpNode<'matmul'>, bias?: string): string => {
      const x = resolve(node.inputs[0]);
      if (weightBits === 4) return lowerFourBitMatmul(e, node, x, constants, bias);
      const key = keyOf(node.inputs[0]);
      if (smallReaders.get(key)! > 1 && !quantized.has(key))
        quantized.set(key, e.nodeWithOutputs('DynamicQuantizeLinear', [x], 3));
      return lowerQuantizedMatmul(e, node, x, constants, bias, quantized.get(key));
    });
  const writeRotation = rotationWriter(e, resolve);
  for (const node of order) {
    if (node.kind !== 'op' || fused.has(node)) continue;
    e.at(node.place);
    if (node.op === 'add') {
      const gemm = gemmOf(node, readers);
      if (gemm && fused.has(gemm.matmul)) {
        const {
          matmul: {
            inputs: [a, b],
            attrs,
          },
          other,
          product,
        } = gemm;
        if (lowerSmallMatmul && isQuantizable(gemm.matmul, constants)) {
          names.set(node, [lowerSmallMatmul(gemm.matmul, resolve(other))]);
          continue;
        }
        const rows = a.shape.length > 2 ? e.node('Reshape', [resolve(a), e.sizes([-1, a.shape.at(-1)!])]) : resolve(a);
        const transposes = { transA: +attrs.transposeA, transB: +attrs.transposeB, alpha: { float: attrs.scale } };
        // The CPU kernel writes a bias into the result in one thread before it multiplies; Add takes all threads (docs/log.md).
        const apart = target.training && !target.webgpu && other.shape.length === 1;
        const flat = apart
          ? e.node('Add', [e.node('Gemm', [rows, resolve(b)], transposes), resolve(other)])
          : e.node('Gemm', [rows, resolve(b), resolve(other)], transposes);
        names.set(node, [a.shape.length > 2 ? e.node('Reshape', [flat, e.sizes(product.shape)]) : flat]);
        continue;
      }
    }
    const scatter = scatters.get(node);
    if (scatter) {
      const [rows, ids] = scatter.scatter.inputs;
      const flatRows = e.node('Reshape', [resolve(rows), e.sizes([-1, rows.shape.at(-1)!])]);
      names.set(node, [lowerScatterOnto(e, resolve(scatter.onto), resolve(ids), flatRows)]);
      continue;
    }
    const scaled = scaledProducts.get(node);
    if (scaled) {
      const matmul = scaled.product.node as OpNode<'matmul'>; // as scaledProductOf has seen
      const attrs = { ...matmul.attrs, scale: matmul.attrs.scale * scaled.factor };
      const [product] = lower(e, { ...matmul, attrs }, matmul.inputs.map(resolve));
      const { shape } = node.results[0]!;
      names.set(node, [
        shape.length === scaled.product.shape.length ? product! : e.node('Reshape', [product!, e.sizes(shape)]),
      ]);
      continue;
    }
    const gelu = gelus.get(node);
    const squared = squares.get(node);
    const split = cacheProducts.get(node);
    if (squared && node.op === 'sum') names.set(node, lowerSumOfSquares(e, resolve(squared), node.attrs));
    else if (rotations.has(node)) names.set(node, [writeRotation(rotations.get(node)!)]);
    else if (split && node.op === 'matmul') {
      const [past, added] = split.pieces;
      const from = [resolve(node.inputs[0]), resolve(past), resolve(added)] as const;
      const product = form === 'both' ? lower(e, node, node.inputs.map(resolve))[0]! : undefined;
      if (product !== undefined) e.sizes(split.pieces.map((p) => p.shape.at(-2)!)); // nodes that others may read too
      const before = e.nodes.length;
      const other = lowerCacheProduct(e, node, split, from);
      names.set(node, [product ?? other]);
      if (product === undefined) continue;
      for (let i = before; i < e.nodes.length; i++) {
        const outputs = e.nodes[i]!.outputs.map((name) => (name === other ? product : name));
        e.nodes[i] = { ...e.nodes[i]!, outputs, alternative: true };
      }
    } else if (gelu) names.set(node, [e.node('Gelu', [resolve(gelu)])]);
    else if (lowerSmallMatmul && node.op === 'matmul' && isQuantizable(node, constants))
      names.set(node, [lowerSmallMatmul(node)]);
    else if (weightBits && node.op === 'gather' && isQuantizable(node, constants))
      names.set(node, [lowerQuantizedGather(e, node, resolve(node.inputs[1]), constants)]);
    else names.set(node, lower(e, node, node.inputs.map(resolve)));
  }

  // Outputs keep the caller's names. What a node computes is named so; the rest (inputs, weights, the second name of one tensor) takes a copy,
  // which the engine would keep for whatever other nodes read too.
  e.at('');
  const computed = new Set(e.nodes.flatMap((n) => n.outputs));
  const final = new Map<string, string>();
  const infos: ValueInfo[] = Object.entries(outputs).map(([name, t]) => {
    const from = resolve(t);
    const to = prefix + name;
    if (computed.has(from) && !final.has(from)) final.set(from, to);
    else
      e.nodes.push({
        op: 'Identity',
        domain: '',
        inputs: [from],
        outputs: [to],
        attributes: {},
        name: e.fresh(`output/${to}`),
      });
    return { name: to, dtype: t.dtype, shape: renamed(t.shape, sizeNames) };
  });
  e.rename(final);
  return { emitter: e, inputs, outputs: infos };
}
