// Results of trainings in Node: in the arrays given for them, and in no others.

import { expect, it } from 'vitest';
import { add, gather, mul } from '../ops/build.ts';
import { constant, tensor } from '../tensor.ts';
import { allocate, value } from '../value.ts';
import { onnxruntimeNode } from './onnxruntime.node.ts';

const size = 1 << 20;

it('a training writes its outputs into the given arrays and copies none of them; what no array was given for is there too', async () => {
  const runtime = await onnxruntimeNode({ threads: 1 });
  const x = tensor('x', 'float32', [size]);
  const graph = {
    inputs: [x],
    outputs: { 'next:x': add(x, 1), last: gather(mul(x, 2), constant(value('int32', [1], [size - 1])), 0) },
  };
  const program = await runtime.compile(graph, { purpose: 'training' });
  const held = { dtype: 'float32', shape: [size], data: allocate('float32', size).fill(3) } as const;
  for (let i = 0; i < 3; i++) {
    const before = process.memoryUsage().arrayBuffers;
    const out = await program.run({ x: held }, { into: { 'next:x': held } });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(held.data.byteLength);
    expect(out['next:x']).toBe(held);
    expect([...out.last!.data]).toEqual([2 * (3 + i)]);
  }
  expect(held.data.every((n) => n === 6)).toBe(true);
  await program.dispose();
});

it('a training that the engine cannot run says so', async () => {
  const runtime = await onnxruntimeNode({ threads: 1 });
  const x = tensor('x', 'float32', [2]);
  const at = tensor('at', 'int32', [1]);
  const program = await runtime.compile({ inputs: [x, at], outputs: { y: gather(x, at, 0) } }, { purpose: 'training' });
  const feeds = (i: number) => ({ x: value('float32', [2], [1, 2]), at: value('int32', [1], [i]) });
  await expect(program.run(feeds(7))).rejects.toMatchObject({
    code: 'RUNTIME',
    message: expect.stringMatching(/the run failed: .*out of data bounds/),
  });
  expect([...(await program.run(feeds(1))).y!.data]).toEqual([2]);
  await program.dispose();
});
