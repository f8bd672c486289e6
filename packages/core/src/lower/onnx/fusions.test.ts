// Rewrites of this target, by the nodes that are written and by the numbers that come out.

import { expect, it } from 'vitest';
import { uniformAt } from '../../generate/sampling.ts';
import { add, cos, matmul, mul, sin } from '../../ops/build.ts';
import { gelu } from '../../ops/compose.ts';
import { onnxruntimeNode } from '../../runtimes/onnxruntime.node.ts';
import { referenceRuntime } from '../../runtimes/reference.ts';
import { type Graph, type Tensor, tensor } from '../../tensor.ts';
import { toFloat64, type Value } from '../../value.ts';
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
