// Outputs taken out of a file: the rest of it computes the same, with fewer nodes.

import { expect, it } from 'vitest';
import { add, concat, exp, matmul, mul } from '../../ops/build.ts';
import { onnxruntimeNode } from '../../runtimes/onnxruntime.node.ts';
import { type Graph, tensor } from '../../tensor.ts';
import type { Value } from '../../value.ts';
import { branchesModel } from './branches.ts';
import { onnxModel, toOnnx } from './model.ts';
import { dropOutputs } from './outputs.ts';
import { serialise } from './proto.ts';

const cpu = await onnxruntimeNode({ threads: 1 });
const x = tensor('x', 'float32', [2]);
const shared = mul(x, x);
const graph: Graph = { inputs: [x], outputs: { wanted: add(shared, 1), extra: exp(add(shared, 2)) } };
const feeds = { x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } } as const;

it('takes an output out, and the nodes that only it needs', async () => {
  const bytes = toOnnx(graph);
  const before = bytes.slice();
  expect(dropOutputs(bytes, (names) => names.filter((n) => n === 'extra'))).toBe(true);
  // One byte each: the output, its exponential and its sum; the product stays.
  expect(onnxModel(graph).nodes.map((n) => n.op)).toEqual(['Mul', 'Add', 'Add', 'Exp']);
  expect(bytes.filter((b, i) => b !== before[i]).length).toBe(3);
  const program = await cpu.load(bytes);
  expect(program.outputNames).toEqual(['wanted']);
  const { wanted } = await program.run(feeds);
  expect([...wanted!.data]).toEqual([2, 5]);
  await program.dispose();
});

it('runs the alternative nodes of a file, when told', async () => {
  const head = (name: string, length: 'past' | 'time') => tensor(name, 'float32', ['batch', 2, length, 4]);
  const [q, past, k] = [head('q', 'time'), head('past', 'past'), head('k', 'time')];
  const added = exp(k);
  const all = concat([past, added], 2);
  const scores = matmul(q, all, { transposeB: true });
  const cached: Graph = { inputs: [q, past, k], outputs: { read: matmul(scores, all), all, added } };
  const nodes = onnxModel(cached, { cacheProducts: 'both' }).nodes;
  expect(nodes.filter((n) => !n.alternative && n.inputs.includes('all'))).toHaveLength(2);
  expect(nodes.filter((n) => n.alternative && n.inputs.includes('all'))).toHaveLength(0);
  const numbers = (length: number, salt: number): Value => {
    const data = Float32Array.from({ length: 2 * length * 4 }, (_, i) => Math.sin(salt + i));
    return { dtype: 'float32', shape: [1, 2, length, 4], data };
  };
  const without = (names: readonly string[]): string[] => names.filter((n) => n === 'all');
  const [plain, alone] = [0, 1].map(() => toOnnx(cached, { cacheProducts: 'both' })) as [Uint8Array, Uint8Array];
  dropOutputs(plain, without);
  dropOutputs(alone, without, { alternatives: true });
  const [whole, joined, apart] = await Promise.all(
    [toOnnx(cached, { cacheProducts: 'both' }), plain, alone].map((bytes) => cpu.load(bytes)),
  );
  expect([joined!, apart!].map((p) => p.outputNames)).toEqual([
    ['read', 'added'],
    ['read', 'added'],
  ]);
  for (const length of [0, 3]) {
    const given = { q: numbers(2, 1), past: numbers(length, 2), k: numbers(2, 3) };
    const { read } = await whole!.run(given);
    expect((await joined!.run(given)).read!.data).toEqual(read!.data);
    const other = [...(await apart!.run(given)).read!.data].map(Number);
    for (const [i, x] of other.entries()) expect(x).toBeCloseTo(Number(read!.data[i]), 4);
  }
  await Promise.all([whole, joined, apart].map((p) => p!.dispose()));
});

it.each([
  ['nothing is unwanted', toOnnx(graph), (): string[] => []],
  ['everything is', toOnnx(graph), (names: readonly string[]): readonly string[] => names],
  ['it is no .onnx file', Uint8Array.of(1, 2, 3), (names: readonly string[]): readonly string[] => names],
  [
    'it has branches',
    serialise(branchesModel({ flag: 'flag', whenTrue: graph, whenFalse: graph })),
    (names: readonly string[]): readonly string[] => names.filter((n) => n === 'extra'),
  ],
])('leaves a file as it is where %s', (_, bytes, unwanted) => {
  const before = bytes.slice();
  expect(dropOutputs(bytes, unwanted)).toBe(false);
  expect(bytes).toEqual(before);
});
