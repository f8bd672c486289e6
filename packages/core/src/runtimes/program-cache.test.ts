// The cache of programs: one compilation a shape, a bound, and nothing left open.

import { expect, it } from 'vitest';
import { mul } from '../ops/build.ts';
import { type Graph, tensor } from '../tensor.ts';
import { ProgramCache } from './program-cache.ts';
import { referenceRuntime } from './reference.ts';
import type { Runtime } from './runtime.ts';

/** The reference, counting what is compiled and what is open. */
function counting(): Runtime & { compiled: number; open: number } {
  const runtime = {
    ...referenceRuntime,
    compiled: 0,
    open: 0,
    async compile(graph: Graph) {
      runtime.compiled++;
      const program = await referenceRuntime.compile(graph);
      runtime.open++;
      return {
        ...program,
        async dispose() {
          runtime.open--;
        },
      };
    },
  };
  return runtime;
}
const graphOf = (size: number) => (): Graph => {
  const x = tensor('x', 'float32', [size]);
  return { inputs: [x], outputs: { y: mul(x, 2) } };
};

it('compiles each shape once, also when two ask at the same time', async () => {
  const runtime = counting();
  const cache = new ProgramCache(runtime);
  const [a, b] = await Promise.all([cache.get('3', graphOf(3)), cache.get('3', graphOf(3))]);
  expect(a).toBe(b);
  await cache.get('4', graphOf(4));
  await cache.get('3', graphOf(3));
  expect(runtime.compiled).toBe(2);
  await cache.dispose();
  expect(runtime.open).toBe(0);
});

it('holds at most as many as it was told, and lets go of the one unused for longest', async () => {
  const runtime = counting();
  const cache = new ProgramCache(runtime, { most: 2 });
  for (const size of [1, 2, 1, 3]) await cache.get(String(size), graphOf(size));
  expect([cache.size, runtime.open, runtime.compiled]).toEqual([2, 2, 3]);
  await cache.get('1', graphOf(1)); // used again before 3 came, so it stayed
  expect(runtime.compiled).toBe(3);
  await cache.get('2', graphOf(2));
  expect(runtime.compiled).toBe(4);
  await cache.dispose();
  expect(runtime.open).toBe(0);
});

it('forgets a compilation that failed, and tries again', async () => {
  const cache = new ProgramCache(counting());
  const broken = (): Graph => {
    throw new Error('no graph for this shape');
  };
  await expect(cache.get('3', broken)).rejects.toThrow('no graph');
  expect(cache.size).toBe(0);
  expect((await cache.get('3', graphOf(3))).inputNames).toEqual(['x']);
  await cache.dispose();
});

it('refuses to give programs after it was disposed, and a bound that is none', async () => {
  const cache = new ProgramCache(counting());
  await cache.dispose();
  await expect(cache.get('3', graphOf(3))).rejects.toMatchObject({ code: 'RUNTIME' });
  expect(() => new ProgramCache(counting(), { most: 0 })).toThrow(/programCache.most: 0/);
});
