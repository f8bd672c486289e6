// Small parameters updated together: the numbers of one update after another, in fewer operations.

import { evaluateTensors, type Tensor, tensor, topological, value } from '@yumo/core';
import { expect, it } from 'vitest';
import { updateJoined } from './joined-updates.ts';
import { type OptimizerKind, type OptionsOf, optimizers, type Updated, type UpdateInputs } from './optimizers.ts';
import { randomNormal } from './random.ts';
import { parseRecipe } from './recipe-fields.ts';

const shapes = [[5], [], [3, 2], [64, 80], [7]];
const scalars = ['rate', 'keep', 'epsilon', 'share', 'gradientRate', 'meanRate', 'plainRate', 'rectifiedRate'];
const kinds = (Object.keys(optimizers) as OptimizerKind[]).filter((kind) => !optimizers[kind].whole);
const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

it.each(kinds)('%s: as one after another, to the bit', (kind) => {
  const recipe = parseRecipe({
    ...{ name: 'x', data: { kind: 'text', files: ['x.txt'] }, tokenizer: { kind: 'characters' } },
    ...{ model: { model_type: 'gpt2' }, batch: 1, steps: 1, optimizer: { kind } },
  });
  const optimizer = optimizers[kind];
  const options = recipe.optimizer as OptionsOf<never>;
  const all = shapes.map((shape, i): UpdateInputs => {
    const named = (name: string): Tensor => tensor(`${name}${i}`, 'float32', shape);
    return {
      parameter: named('p'),
      gradient: named('g'),
      state: Object.fromEntries(Object.keys(optimizer.state(options, shape)).map((slot) => [slot, named(slot)])),
      scalars: Object.fromEntries(scalars.map((name) => [name, tensor(name, 'float32', [])])),
      layout: { inputsFirst: false, columns: 1 },
    };
  });
  const update = (inputs: UpdateInputs): Updated => optimizer.update(options, inputs, 0.1);
  const outputsOf = (updated: readonly Updated[]): Tensor[] =>
    updated.flatMap((u) => [u.parameter, ...Object.values(u.state)]);
  const joined = outputsOf(updateJoined(update, all));
  const single = outputsOf(all.map(update));

  // Second moments are not negative.
  const drawn = (shape: readonly number[], salt: number): Float32Array =>
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.abs(randomNormal(salt, i)));
  const feeds = Object.fromEntries([
    ...scalars.map((name, i) => [name, value('float32', [], [0.1 + i / 20])] as const),
    ...all.flatMap(({ parameter, gradient, state }, i) =>
      [parameter, gradient, ...Object.values(state)].map((t, j) => {
        const shape = t.shape as number[];
        const { node } = t;
        if (node.kind !== 'input') throw new Error('an input was made above');
        return [node.name, value('float32', shape, drawn(shape, 10 * i + j))] as const;
      }),
    ),
  ]);
  const [together, apart] = [evaluateTensors(joined, feeds), evaluateTensors(single, feeds)];
  for (const [i, { shape, data }] of together.entries()) {
    expect(shape).toEqual(apart[i]!.shape);
    expect([...data]).toEqual([...apart[i]!.data]);
  }
  const roots = (outputs: readonly Tensor[]): number =>
    topological(outputs).filter((node) => node.kind === 'op' && ['add', 'sub'].includes(node.op)).length;
  expect(roots(joined)).toBe((roots(single) / all.length) * 2); // the small ones, and the large one
});
