// Branches that share their beginning, against the model that reads each row whole.

import { describe, expect, it } from 'vitest';
import { randomWeights, tinyGpt2, tinyLlama } from '../../test/tiny-model.ts';
import { evaluateTensors } from '../graph/evaluate.ts';
import { decodingGraph } from '../models/decoder-graph.ts';
import { architectureFor } from '../models/index.ts';
import { parameterScope } from '../nn/scope.ts';
import { referenceRuntime } from '../runtimes/reference.ts';
import type { Values } from '../runtimes/runtime.ts';
import { tensor } from '../tensor.ts';
import { value } from '../value.ts';
import type { DecoderProgram } from './decoding.ts';
import type { Scores } from './processors.ts';
import { uniformAt } from './sampling.ts';
import { TreeRows } from './tree-rows.ts';

/** The model, and the numbers of slots that each run was fed. */
async function decoder(config: Readonly<Record<string, unknown>>): Promise<DecoderProgram & { slots: number[] }> {
  const architecture = architectureFor(config);
  const c = architecture.readConfig(config);
  const { graph } = decodingGraph(architecture, c, { states: true });
  const compiled = await referenceRuntime.compile(graph, { constants: randomWeights(config) });
  const slots: number[] = [];
  const run = (feeds: Values, options = {}): ReturnType<typeof compiled.run> => {
    slots.push(feeds['past_key_values.0.key']!.shape[2]!);
    return compiled.run(feeds, options);
  };
  const sizes = { contextLength: architecture.contextLength(c), vocabularySize: architecture.vocabularySize(c) };
  return { program: { ...compiled, run }, ...architecture.cache(c), ...sizes, slots };
}

/** Scores of the token after a row, by the whole model at once: no cache, no mask, no other rows. */
function alone(config: Readonly<Record<string, unknown>>, ids: readonly number[]): readonly number[] {
  const architecture = architectureFor(config);
  const c = architecture.readConfig(config);
  const out = architecture.causalLm(parameterScope(), { inputIds: tensor('ids', 'int32', [1, ids.length]) }, c);
  const feeds = { ...randomWeights(config), ids: value('int32', [1, ids.length], ids) };
  const [logits] = evaluateTensors([out.logits], feeds);
  return [...logits!.data.slice(-architecture.vocabularySize(c))].map(Number);
}

const near = (found: Scores, expected: readonly number[]): void => {
  expect(found).toHaveLength(expected.length);
  for (const [i, x] of expected.entries()) expect(found[i]).toBeCloseTo(x, 9);
};

describe.each([
  { ...tinyGpt2, n_positions: 40 },
  { ...tinyLlama, max_position_embeddings: 40 },
])('$model_type', (config) => {
  it('gives each row the scores of its own text, through any branching, and keeps what is shared once', async () => {
    const model = await decoder(config);
    const prompts = [[3, 7, 1, 12, 4], [5], [2, 9]];
    const rows = await TreeRows.start(model, prompts);
    let texts = prompts.map((ids) => [...ids]);
    const check = (): void => {
      for (const [row, ids] of texts.entries()) near(rows.scores[row]!, alone(config, ids));
    };
    check();
    // By hand: beams, uneven branches, a text that ends; then whatever comes.
    const orders = [
      [0, 0, 0, 1, 2, 2],
      [2, 1, 0, 3, 4, 5],
      [0, 0, 0, 1, 4],
      [4, 3, 0, 1],
    ];
    for (let salt = 0; orders.length < 24; salt++) {
      const before = orders.at(-1)!.length;
      orders.push(Array.from({ length: 4 }, (_, row) => Math.floor(before * uniformAt(5, salt, row))));
    }
    for (const [salt, order] of orders.entries()) {
      rows.select(order);
      texts = order.map((row) => [...texts[row]!]);
      check();
      const ids = texts.map((_, row) => Math.floor(13 * uniformAt(6, salt, row)));
      await rows.advance(ids);
      for (const [row, text] of texts.entries()) text.push(ids[row]!);
      check();
      expect(rows.states!.shape.slice(0, 2)).toEqual([order.length, 1]);
    }
    // 24 steps of four rows would fill more than ninety slots; branches that have ended give theirs back.
    expect(Math.max(...model.slots)).toBeLessThan(60);
  });

  it('goes on from a known beginning, and knows what it has read while there is one row', async () => {
    const model = await decoder(config);
    const first = await TreeRows.start(model, [[3, 7, 1, 12]]);
    const { known } = first;
    expect(known).toMatchObject({ length: 4 });
    first.select([0, 0]);
    expect(first.known).toBeUndefined();
    const second = await TreeRows.start(model, [[3, 7, 1, 12, 5, 6]], { known });
    near(second.scores[0]!, alone(config, [3, 7, 1, 12, 5, 6]));
    await second.advance([8]);
    near(second.scores[0]!, alone(config, [3, 7, 1, 12, 5, 6, 8]));
    expect(second.known!.length).toBe(7);
    await first.advance([1, 2]);
    first.select([1]);
    expect(first.known).toBeUndefined(); // a slot holds what another branch has read
  });

  it('ends with the context', async () => {
    const model = await decoder(config);
    const rows = await TreeRows.start(model, [new Array<number>(40).fill(1)]);
    await expect(rows.advance([1])).rejects.toMatchObject({ code: 'CONTEXT', detail: { tokens: 41 } });
  });
});
