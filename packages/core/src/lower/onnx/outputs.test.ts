// Outputs taken out of a file: the rest of it computes the same, with fewer nodes.

import { expect, it } from 'vitest';
import { add, exp, mul } from '../../ops/build.ts';
import { onnxruntimeNode } from '../../runtimes/onnxruntime.node.ts';
import { type Graph, tensor } from '../../tensor.ts';
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
