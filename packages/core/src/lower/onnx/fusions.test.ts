// Rewrites of this target, by the nodes that are written and by the numbers that come out.

import { expect, it } from 'vitest';
import { uniformAt } from '../../generate/sampling.ts';
import { gradient } from '../../graph/gradient.ts';
import { rotary, rotate } from '../../nn/position.ts';
import { add, concat, cos, iota, matmul, mul, reshape, scatterRows, sin, softmax, sum } from '../../ops/build.ts';
import { gelu, square, unsqueeze } from '../../ops/compose.ts';
import { onnxruntimeNode } from '../../runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../../runtimes/reference.ts';
import { type Graph, type Tensor, tensor } from '../../tensor.ts';
import { toFloat64, type Value, value } from '../../value.ts';
import { type OnnxOptions, onnxModel, toOnnx } from './model.ts';

const cpu = await onnxruntimeNode({ threads: 1 });
const draw = (salt: number, ...shape: number[]): Value<'float32'> => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => 2 * uniformAt(salt, i) - 1),
});
const operators = (graph: Graph, options?: OnnxOptions): string[] => onnxModel(graph, options).nodes.map((n) => n.op);

/** The largest difference between the file and the interpreter, over all outputs. */
async function difference(
  graph: Graph,
  feeds: Readonly<Record<string, Value>>,
  options: OnnxOptions = {},
): Promise<number> {
  const { constants = {} } = options;
  const program = await cpu.load(toOnnx(graph, options));
  const got = await program.run(feeds);
  await program.dispose();
  const wanted = await (await referenceRuntime.compile(graph, { constants })).run(feeds);
  const off = Object.keys(graph.outputs).map((name) => {
    const expected = toFloat64(wanted[name]!);
    expect(got[name]!.shape).toEqual(wanted[name]!.shape);
    return Math.max(...toFloat64(got[name]!).map((y, i) => Math.abs(y - expected[i]!)));
  });
  return Math.max(...off);
}

const x = tensor('x', 'float32', [3, 8]);
const graphOf = (outputs: Readonly<Record<string, Tensor>>, ...inputs: Tensor[]): Graph => ({
  inputs: [x, ...inputs],
  outputs,
});

it('the composed GELU is one kernel', async () => {
  const graph = graphOf({ y: gelu(x) });
  expect(operators(graph)).toEqual(['Gelu']);
  expect(await difference(graph, { x: draw(1, 3, 8) })).toBeLessThan(1e-6);
});

it('a GELU whose parts somebody else reads stays composed', async () => {
  const y = gelu(x);
  const inner = (y.node as { inputs: readonly Tensor[] }).inputs[1]!; // 1 + erf(x / √2)
  const graph = graphOf({ y, inner });
  expect(operators(graph)).toContain('Erf');
  expect(operators(graph)).not.toContain('Gelu');
  expect(await difference(graph, { x: draw(1, 3, 8) })).toBeLessThan(1e-6);
  // And what is nearly a GELU is none.
  expect(operators(graphOf({ y: mul(gelu(x), 1.01) }))).toContain('Gelu');
  expect(operators(graphOf({ y: mul(mul(x, 0.51), inner) }))).not.toContain('Gelu');
});

const w = tensor('w', 'float32', [8, 4]);
const bias = tensor('bias', 'float32', [4]);
const residual = tensor('residual', 'float32', [3, 4]);
const constants = { w: draw(2, 8, 4), bias: draw(3, 4) };

it('a bias goes into the 8-bit product', async () => {
  const graph = graphOf({ y: add(matmul(x, w), bias) }, w, bias);
  const options = { constants, weightBits: 8 } as const;
  const { nodes } = onnxModel(graph, options);
  expect(nodes.map((n) => n.op)).toEqual(['DynamicQuantizeMatMul']);
  expect(nodes[0]!.inputs).toEqual(['x', 'w_quantized', 'w_quantized_scale', '', 'bias']);
  const off = await difference(graph, { x: draw(1, 3, 8) }, options);
  expect(off).toBeLessThan(0.05);
  expect(off).toBeGreaterThan(1e-6);
  // Without the bias the numbers are off by it.
  const without = graphOf({ y: matmul(x, w) }, w);
  expect(await difference(without, { x: draw(1, 3, 8) }, options)).toBeLessThan(0.05);
  expect(Math.max(...constants.bias.data.map(Math.abs))).toBeGreaterThan(0.3);
});

it('a matrix that is added to an 8-bit product is added after it', async () => {
  const graph = graphOf({ y: add(matmul(x, w), residual) }, w, residual);
  const options = { constants: { w: constants.w }, weightBits: 8 } as const;
  expect(operators(graph, options)).toEqual(['DynamicQuantizeMatMul', 'Add']);
  expect(await difference(graph, { x: draw(1, 3, 8), residual: draw(4, 3, 4) }, options)).toBeLessThan(0.05);
});

it('a bias is added to a 4-bit product', async () => {
  const graph = graphOf({ y: add(matmul(x, w), bias) }, w, bias);
  const options = { constants, weightBits: 4 } as const;
  expect(operators(graph, options)).toEqual(['MatMulNBits', 'Add']);
  expect(await difference(graph, { x: draw(1, 3, 8) }, options)).toBeLessThan(0.5);
});

const training = { target: { training: true } } as const;

it('a training adds the bias after the product, in all threads', async () => {
  const graph = graphOf({ y: add(matmul(x, w), bias) }, w, bias);
  expect(operators(graph)).toEqual(['Gemm']);
  expect(operators(graph, training)).toEqual(['Gemm', 'Add']);
  const feeds = { x: draw(1, 3, 8), ...constants };
  expect(await difference(graph, feeds, training)).toBeLessThan(1e-6);
  // Of stacks too, and a matrix is still taken along.
  const stack = tensor('stack', 'float32', [2, 3, 8]);
  const of = { inputs: [stack, w, bias], outputs: { y: add(matmul(stack, w), bias) } };
  expect(operators(of, training)).toEqual(['Reshape', 'Gemm', 'Add', 'Reshape']);
  expect(await difference(of, { stack: draw(1, 2, 3, 8), ...constants }, training)).toBeLessThan(1e-6);
  expect(operators(graphOf({ y: add(matmul(x, w), residual) }, w, residual), training)).toEqual(['Gemm']);
});

it('a training sums squares without writing them down', async () => {
  const graph = graphOf({ all: sum(square(x)), each: sum(square(add(x, 1)), [-1], true) });
  expect(operators(graph, training).filter((op) => op !== 'Add')).toEqual(['ReduceSumSquare', 'ReduceSumSquare']);
  expect(await difference(graph, { x: draw(1, 3, 8) }, training)).toBeLessThan(1e-5);
  // Squares that somebody else reads are written down anyway; sums over rows are products with ones; x · y is no square.
  const y = square(x);
  expect(operators(graphOf({ y, total: sum(y) }), training)).not.toContain('ReduceSumSquare');
  expect(operators(graphOf({ rows: sum(square(x), [0]) }), training)).toContain('Gemm');
  expect(operators(graphOf({ dot: sum(mul(x, add(x, 1))) }), training)).not.toContain('ReduceSumSquare');
});

it('activations that several 8-bit products read are quantized once, to the same numbers', async () => {
  const v = tensor('v', 'float32', [8, 6]);
  const outputs = { y: add(matmul(x, w), bias), z: matmul(x, v) };
  const options = { constants: { ...constants, v: draw(5, 8, 6) }, weightBits: 8 } as const;
  const both = graphOf(outputs, w, bias, v);
  expect(operators(both, options)).toEqual(['DynamicQuantizeLinear', 'MatMulIntegerToFloat', 'MatMulIntegerToFloat']);
  expect(await difference(both, { x: draw(1, 3, 8) }, options)).toBeLessThan(0.05);
  const run = async (graph: Graph): Promise<Readonly<Record<string, Value>>> => {
    const program = await cpu.load(toOnnx(graph, options));
    const got = await program.run({ x: draw(1, 3, 8) });
    await program.dispose();
    return got;
  };
  const [together, alone] = [await run(both), await run(graphOf({ z: outputs.z }, v))];
  const off = toFloat64(together.z!).map((z, i) => Math.abs(z - toFloat64(alone.z!)[i]!));
  expect(Math.max(...off)).toBeLessThan(1e-6);
});

// One layer's cache: keys and values that were there, and those of the positions just read.
const cached = (name: string): Tensor => tensor(name, 'float32', ['batch', 2, 'past', 4]);
const fresh = (name: string): Tensor => tensor(name, 'float32', ['batch', 2, 'time', 4]);
const [pastKey, pastValue, query, ownKey, ownValue] = [cached('pk'), cached('pv'), fresh('q'), fresh('k'), fresh('v')];
const [keys, valuesOf] = [concat([pastKey, ownKey], 2), concat([pastValue, ownValue], 2)];
const attended = matmul(softmax(matmul(query, keys, { transposeB: true, scale: 0.5 })), valuesOf);
const cacheGraph = (outputs: Readonly<Record<string, Tensor>>): Graph => ({
  inputs: [pastKey, pastValue, query, ownKey, ownValue],
  outputs: { y: attended, ...outputs },
});
const added = { newKey: add(ownKey, 0), newValue: add(ownValue, 0) };

it.each([0, 1, 5])('a cache of %i positions is not copied where what was added is an output', async (past) => {
  const graph = cacheGraph(added);
  const joined = onnxModel(graph).nodes.filter((n) => n.op === 'Concat' && n.inputs[0]!.startsWith('p'));
  expect(joined).toEqual([]);
  const feeds = {
    pk: draw(1, 2, 2, past, 4),
    pv: draw(2, 2, 2, past, 4),
    ...{ q: draw(3, 2, 2, 3, 4), k: draw(4, 2, 2, 3, 4), v: draw(5, 2, 2, 3, 4) },
  };
  expect(await difference(graph, feeds)).toBeLessThan(1e-6);
});

it('a cache is put together where it is an output, where nothing else tells what was added, and on WebGPU', async () => {
  const joins = (graph: Graph, options?: OnnxOptions): number =>
    onnxModel(graph, options).nodes.filter((n) => n.op === 'Concat' && ['pk', 'pv'].includes(n.inputs[0]!)).length;
  expect(joins(cacheGraph({ ...added, present: keys }))).toBe(1);
  expect(joins(cacheGraph({}))).toBe(2);
  expect(joins(cacheGraph(added), { target: { webgpu: true } })).toBe(2);
});

it('a training turns heads by rotary positions in one kernel, ahead and back', async () => {
  const q = tensor('q', 'float32', [2, 3, 5, 8]);
  const weights = tensor('weights', 'float32', [2, 3, 5, 8]);
  const turn = rotary(unsqueeze(iota(5), 0), 5, { base: 10, size: 8 });
  const y = rotate(q, turn);
  const graph = { inputs: [q, weights], outputs: { y, dq: gradient(sum(mul(y, weights)), [q])[0]! } };
  const written = operators(graph, training);
  expect(written.filter((op) => op === 'RotaryEmbedding')).toHaveLength(2);
  expect(written).not.toContain('Concat');
  expect(written).not.toContain('Slice');
  expect(operators(graph)).not.toContain('RotaryEmbedding');
  const feeds = { q: draw(1, 2, 3, 5, 8), weights: draw(2, 2, 3, 5, 8) };
  expect(await difference(graph, feeds, training)).toBeLessThan(1e-6);
  // Turning both ways gives back what was there.
  const back = gradient(sum(mul(y, q)), [q])[0]!;
  expect(await difference({ inputs: [q], outputs: { back } }, { q: feeds.q }, training)).toBeLessThan(1e-6);
});

it('a training leaves rotations composed that the kernel does not know', async () => {
  const q = tensor('q', 'float32', [2, 3, 5, 8]);
  const positions = tensor('positions', 'int32', [2, 5]);
  // Positions of rows of their own, and a part of each head.
  const ofRows = { inputs: [q, positions], outputs: { y: rotate(q, rotary(positions, 5, { base: 10, size: 8 })) } };
  const part = { inputs: [q], outputs: { y: rotate(q, rotary(unsqueeze(iota(5), 0), 5, { base: 10, size: 4 })) } };
  for (const graph of [ofRows, part]) expect(operators(graph, training)).not.toContain('RotaryEmbedding');
  const rows: Value = { dtype: 'int32', shape: [2, 5], data: Int32Array.of(0, 1, 2, 3, 4, 4, 3, 2, 1, 0) };
  expect(await difference(ofRows, { q: draw(1, 2, 3, 5, 8), positions: rows }, training)).toBeLessThan(1e-6);
  expect(await difference(part, { q: draw(1, 2, 3, 5, 8) }, training)).toBeLessThan(1e-6);
});

it('angles are brought within ±π for shaders, without losing a digit', async () => {
  const n = 4096;
  const angle = tensor('angle', 'float32', [n]);
  const graph: Graph = { inputs: [angle], outputs: { s: sin(angle), c: cos(angle) } };
  const data = Float32Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) * (i + uniformAt(1, i)) * 50); // up to 205,000
  const target = { webgpu: true };
  expect(operators(graph, { target }).filter((op) => op === 'Floor')).toHaveLength(1);
  expect(operators(graph)).toEqual(['Sin', 'Cos']);
  expect(await difference(graph, { angle: { dtype: 'float32', shape: [n], data } }, { target })).toBeLessThan(3e-7);
});

it('a training scales a product in its kernel, also where it is reshaped in between', async () => {
  const w = tensor('w', 'float32', [8, 4]);
  const product = matmul(x, w, { scale: 3 });
  const graph = graphOf({ y: mul(reshape(product, [3, 2, 2]), -2) }, w);
  const training = { target: { training: true } };
  expect(operators(graph, training)).toEqual(['Gemm', 'Reshape']);
  expect(await difference(graph, { x: draw(1, 3, 8), w: draw(2, 8, 4) }, training)).toBeLessThan(1e-5);
  expect(operators(graphOf({ y: mul(product, -2), product }, w), training)).toContain('Mul'); // somebody else reads it
});

it('rows of a gradient are added onto the other gradient of a large table', async () => {
  const table = tensor('table', 'float32', [600, 2]);
  const rows = tensor('rows', 'float32', [4, 2]);
  const ids = tensor('ids', 'int32', [4]);
  const graph = { inputs: [table, rows, ids], outputs: { y: add(mul(table, 2), scatterRows(rows, ids, 600)) } };
  expect(operators(graph).filter((op) => op === 'Add')).toEqual([]);
  const feeds = { table: draw(1, 600, 2), rows: draw(2, 4, 2), ids: value('int32', [4], [599, 3, 3, 0]) };
  expect(await difference(graph, feeds)).toBeLessThan(1e-6);
});
