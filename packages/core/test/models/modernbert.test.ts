// ModernBERT against a program written from its paper in another language, and what its windows see.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { headGraph } from '../../src/models/head-graph.ts';
import { modelFor } from '../../src/models/index.ts';
import { referenceRuntime } from '../../src/runtimes/reference.ts';
import { toFloat64, type Value } from '../../src/value.ts';
import { tiny, weights } from './tiny-configs.ts';

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const reference = JSON.parse(
  readFileSync(new URL('../references/modernbert.json', import.meta.url), 'utf8'),
) as Readonly<{
  config: Record<string, unknown>;
  input_ids: number[][];
  attention_mask: number[][];
  weights: Record<string, Plain>;
  hidden_states: Plain[];
  logits: Plain;
}>;

const rows = (given: readonly (readonly number[])[]): Value<'int32'> => ({
  dtype: 'int32',
  shape: [given.length, given[0]!.length],
  data: Int32Array.from(given.flat()),
});

describe('the reference in PyTorch', () => {
  it('has the same parameters, states and logits', async () => {
    const { graph, parameters } = headGraph(modelFor(reference.config), { inner: true });
    expect(parameters.map((p) => [p.name, p.shape]).sort()).toEqual(
      Object.entries(reference.weights)
        .map(([name, { shape }]) => [name, shape])
        .sort(),
    );
    const constants = Object.fromEntries(
      Object.entries(reference.weights).map(([name, { shape, data }]) => [
        name,
        { dtype: 'float32', shape, data: Float32Array.from(data) } as Value,
      ]),
    );
    const program = await referenceRuntime.compile(graph, { constants });
    const got = await program.run({
      input_ids: rows(reference.input_ids),
      attention_mask: rows(reference.attention_mask),
    });
    const expected = [
      ...reference.hidden_states.map((states, i) => [`hidden_states.${i}`, states] as const),
      ['logits', reference.logits] as const,
    ];
    for (const [name, wanted] of expected) {
      expect(got[name]!.shape, name).toEqual(wanted.shape);
      const numbers = toFloat64(got[name]!);
      const width = wanted.shape.at(-1)!;
      for (const [i, x] of wanted.data.entries()) {
        // A padded position whose window holds nothing but padding has no meaning, and no reader.
        const isPadding = name !== 'logits' && reference.attention_mask.flat()[Math.floor(i / width)] === 0;
        if (!isPadding) expect(numbers[i], `${name}[${i}]`).toBeCloseTo(x, 6);
      }
    }
  });
});

describe('a windowed layer', () => {
  it('sees half the window to each side, and nothing beyond', async () => {
    const config = { model_type: 'modernbert', ...tiny.modernbert, layer_types: undefined, local_attention: 4 };
    const windows = { ...config, layer_types: ['sliding_attention', 'sliding_attention'] };
    const reach = 2 * 2; // two layers of two positions
    const { graph, parameters } = headGraph(modelFor(windows, 'ModernBertModel'));
    const program = await referenceRuntime.compile(graph, { constants: weights(parameters) });
    const length = 12;
    const ids = Array.from({ length }, (_, i) => 1 + (i % 7));
    const states = async (given: readonly number[]): Promise<Float64Array> =>
      toFloat64(
        (await program.run({ input_ids: rows([given]), attention_mask: rows([given.map(() => 1)]) }))
          .last_hidden_state!,
      );
    const before = await states(ids);
    const after = await states(ids.with(0, 20));
    const width = before.length / length;
    const moved = Array.from({ length }, (_, i) =>
      before.slice(i * width, (i + 1) * width).some((x, j) => x !== after[i * width + j]),
    );
    expect(moved).toEqual(Array.from({ length }, (_, i) => i <= reach));
  });
});

it.each([
  [{ layer_types: ['full_attention'] }, /"layer_types" must name one of/],
  [{ classifier_pooling: 'max' }, /"classifier_pooling" must be one of cls, mean/],
  [{ rope_scaling: { type: 'linear', factor: 2 } }, /"rope_scaling" is/],
])('refuses %j', (fields, message) => {
  expect(() => modelFor({ model_type: 'modernbert', ...tiny.modernbert, ...fields }, 'ModernBertModel')).toThrow(
    message,
  );
});
