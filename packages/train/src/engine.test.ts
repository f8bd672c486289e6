// The engine's graphs: compiled once for each shape of batch, a bounded number of them.

import { mul, ones, type Program, type Runtime, referenceRuntime, scalar, sum } from '@yumo/core';
import { expect, it } from 'vitest';
import { keptPrograms, trainingEngine } from './engine.ts';
import type { Batch } from './objectives/objective.ts';
import { parseRecipe } from './recipe-fields.ts';
import type { LossGraph } from './step.ts';

/** w Σ x, over x. */
const loss: LossGraph = (scope, { x }) => {
  const w = scope.param('w', [1], ones);
  return { sum: sum(mul(x!, w), [0, 1]), count: scalar(1) };
};
const recipe = parseRecipe({
  name: 'x',
  data: { kind: 'text', files: ['x.txt'] },
  tokenizer: { kind: 'characters' },
  model: { model_type: 'gpt2' },
  batch: 1,
  steps: 1,
});
const batchOf = (length: number): Batch => ({
  feeds: { x: { dtype: 'float32', shape: [1, length], data: new Float32Array(length).fill(2) } },
  tokens: length,
});

it('keeps so many graphs at once, those of the latest shapes, and none after the end', async () => {
  const counts = { compiled: 0, open: 0, most: 0 };
  const runtime: Runtime = {
    ...referenceRuntime,
    async compile(graph, options): Promise<Program> {
      const program = await referenceRuntime.compile(graph, options);
      counts.compiled++;
      counts.most = Math.max(counts.most, ++counts.open);
      return {
        ...program,
        async dispose() {
          counts.open--;
          await program.dispose();
        },
      };
    },
  };
  const w = { dtype: 'float32' as const, shape: [1], data: Float32Array.of(3) };
  const engine = await trainingEngine(runtime, recipe, loss, { x: { dtype: 'float32', shape: [1, 1] } }, (step) => ({
    parameters: { w },
    state: Object.fromEntries(
      step.state.map(({ name, shape }) => [
        name,
        { dtype: 'float32', shape, data: new Float32Array(shape.reduce((n, d) => n * d, 1)) },
      ]),
    ),
  }));
  const lengths = Array.from({ length: keptPrograms + 5 }, (_, i) => i + 1);
  expect(await engine.evaluate(lengths.map(batchOf))).toEqual({
    loss: lengths.reduce((total, n) => total + 6 * n, 0),
    labels: lengths.length,
  });
  expect(counts.compiled).toBe(lengths.length);
  expect(counts.open).toBe(keptPrograms);
  // One more is open only while it takes the place of the oldest.
  expect(counts.most).toBeLessThanOrEqual(keptPrograms + 1);
  await engine.evaluate([batchOf(lengths.length)]);
  expect(counts.compiled).toBe(lengths.length);
  await engine.evaluate([batchOf(1)]);
  expect(counts.compiled).toBe(lengths.length + 1);
  await engine.dispose();
  expect(counts.open).toBe(0);
});
