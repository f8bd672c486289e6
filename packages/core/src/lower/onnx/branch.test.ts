// A branch taken out of a file: it computes what the file computes when told so, with fewer nodes, weights and inputs.

import { expect, it } from 'vitest';
import { add, exp, matmul, mul } from '../../ops/build.ts';
import { onnxruntimeNode } from '../../runtimes/onnxruntime.node.ts';
import { type Graph, tensor } from '../../tensor.ts';
import { value } from '../../value.ts';
import { branchFile } from './branch.ts';
import { branchesModel } from './branches.ts';
import { toOnnx } from './model.ts';
import { serialise } from './proto.ts';

const cpu = await onnxruntimeNode({ threads: 1 });
const form = ['batch', 2] as const;
const [x, first, later] = ['x', 'first', 'later'].map((name) => tensor(name, 'float32', form)) as [
  ReturnType<typeof tensor>,
  ReturnType<typeof tensor>,
  ReturnType<typeof tensor>,
];
const [shared, own] = [tensor('shared', 'float32', [2, 2]), tensor('own', 'float32', [2, 2])];
const product = matmul(x, shared);
const whenTrue: Graph = {
  inputs: [x, later, shared],
  outputs: { answer: add(product, later), whole: exp(mul(product, later)) },
};
const whenFalse: Graph = {
  inputs: [x, first, shared, own],
  outputs: { answer: add(product, first), source: matmul(first, own) },
};
const constants = {
  shared: value('float32', [2, 2], [1, 2, 3, 4]),
  own: value('float32', [2, 2], [5, 6, 7, 8]),
};
const file = (halfWeights = false): Uint8Array =>
  serialise(branchesModel({ flag: 'flag', whenTrue, whenFalse }, { constants, halfWeights }));
const row = value('float32', [1, 2], [1, -1]);
const all = { x: value('float32', [1, 2], [2, 3]), first: row, later: row };

it.each([
  ['then', true, ['answer'], ['x', 'later']],
  ['then', true, ['whole', 'answer'], ['x', 'later']],
  ['else', false, ['answer'], ['x', 'first']],
  ['else', false, ['source'], ['first']],
] as const)('%s: computes %s %j from what it reads alone', async (_, condition, wanted, inputs) => {
  const flag = value('bool', [1], [+condition]);
  for (const model of [file(), file(true)]) {
    const outer = await cpu.load(model);
    const expected = await outer.run({ ...all, flag }, { outputs: wanted });
    await outer.dispose();
    const { bytes, outputs } = branchFile(model, condition, (names) => wanted.filter((name) => names.includes(name)))!;
    expect([...outputs.keys()]).toEqual(wanted);
    const program = await cpu.load(bytes);
    expect(program.inputNames).toEqual(inputs);
    const got = await program.run(Object.fromEntries(inputs.map((name) => [name, all[name]])));
    for (const name of wanted) expect(got[outputs.get(name)!]!.data).toEqual(expected[name]!.data);
    await program.dispose();
  }
});

it('leaves the weights of the other branch behind', () => {
  const length = (wanted: string): number => branchFile(file(), false, () => [wanted])!.bytes.length;
  const text = (wanted: string): string =>
    Buffer.from(branchFile(file(), false, () => [wanted])!.bytes).toString('latin1');
  expect(text('source')).toContain('own');
  expect(text('source')).not.toContain('shared');
  expect(length('source')).toBeLessThan(file().length / 2);
});

it.each([
  ['has no branches', toOnnx(whenTrue, { constants })],
  ['is no .onnx file', Uint8Array.of(1, 2, 3)],
])('finds none where a file %s', (_, bytes) => {
  expect(branchFile(bytes, true, (names) => names)).toBeUndefined();
});
