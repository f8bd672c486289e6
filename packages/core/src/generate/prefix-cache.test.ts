// Reading a beginning once: the same tokens come out, fewer go in, and a generation that is stopped harms nothing.

import { describe, expect, it } from 'vitest';
import { tinyBundle, tinyGpt2, tinyLlama } from '../../test/tiny-model.ts';
import { openBundle } from '../checkpoint/folder.ts';
import { onnxruntimeNode } from '../runtimes/onnxruntime.node.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { CausalLm } from './decode.ts';
import { PrefixCache } from './prefix-cache.ts';

const engine = await onnxruntimeNode({ threads: 1 });

/** The engine, and how many tokens each run read. */
function counted(): { runtime: Runtime; read: number[] } {
  const read: number[] = [];
  const runtime: Runtime = {
    ...engine,
    async compile(graph, options) {
      const program = await engine.compile(graph, options);
      return {
        ...program,
        inputNames: program.inputNames,
        outputNames: program.outputNames,
        run: (feeds, given) => {
          read.push(feeds.input_ids!.data.length);
          return program.run(feeds, given);
        },
        dispose: () => program.dispose(),
      };
    },
  };
  return { runtime, read };
}
const idsOf = async (lm: CausalLm, prompt: readonly number[], options: object): Promise<number[]> => {
  const ids: number[] = [];
  for await (const step of lm.generate([prompt], options)) if (step.kind === 'token') ids.push(step.id);
  return ids;
};

describe.each([tinyGpt2, { ...tinyLlama, model_type: 'mistral', sliding_window: 3 }])('$model_type', (config) => {
  it('turns of a conversation: the same tokens, and only what is new is read', async () => {
    const { runtime, read } = counted();
    const lm = await CausalLm.load(await openBundle(tinyBundle(config)), runtime);
    const prefixes = new PrefixCache();
    const options = { maxNewTokens: 3, temperature: 1, seed: 5, endTokens: [] };
    const first = [1, 2, 3, 4];
    const answer = await idsOf(lm, first, { ...options, prefixes });
    expect(read).toEqual([4, 1, 1]);
    const second = [...first, ...answer, 7];
    read.length = 0;
    const again = await idsOf(lm, second, { ...options, prefixes });
    // The last token of the answer was chosen and never read.
    expect(read).toEqual([2, 1, 1]);
    expect(prefixes.reusedTokens).toBe(6);
    expect(prefixes.size).toBe(1);
    expect(await idsOf(lm, first, options)).toEqual(answer);
    expect(await idsOf(lm, second, options)).toEqual(again);
    // Another text that begins alike takes what is common, also to beam search; all but the last token of the same text.
    read.length = 0;
    const other = [1, 2, 9];
    const beams = { beams: 2, maxNewTokens: 2, endTokens: [] };
    const found = await lm.beamSearch([other], { ...beams, prefixes });
    expect(read[0]).toBe(1);
    const ids = (all: typeof found): unknown => all.map((row) => row.map((r) => r.ids));
    expect(ids(found)).toEqual(ids(await lm.beamSearch([other], beams)));
    read.length = 0;
    await idsOf(lm, second, { ...options, prefixes, maxNewTokens: 1 });
    expect(read).toEqual([1]);
    await lm.dispose();
  });
});

it('a generation that is stopped, by the caller or by a signal, leaves what it has read', async () => {
  const { runtime, read } = counted();
  const lm = await CausalLm.load(await openBundle(tinyBundle()), runtime);
  const prefixes = new PrefixCache();
  const prompt = [3, 1, 4, 1, 5];
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    for await (const step of lm.generate([prompt], { prefixes, signal: stop.signal, endTokens: [] }))
      if (step.kind === 'token') stop.abort();
  };
  await expect(run()).rejects.toMatchObject({ code: 'ABORTED' });
  for await (const _ of lm.generate([[3, 1, 4, 2]], { prefixes, endTokens: [] })) break;
  read.length = 0;
  const options = { maxNewTokens: 4, endTokens: [] };
  const ids = await idsOf(lm, [...prompt, 2], { ...options, prefixes });
  expect(read[0]).toBe(1);
  expect(ids).toEqual(await idsOf(lm, [...prompt, 2], options));
  await lm.dispose();
});

it('memory is bounded, what was used longest ago goes first, and what is too large is not kept', () => {
  const values = (n: number) => ({
    key: { dtype: 'float32' as const, shape: [1, 1, n, 2], data: new Float32Array(2 * n) },
  });
  const cache = new PrefixCache({ bytes: 64 }); // 8 tokens
  cache.keep([1, 1, 1], values(3));
  cache.keep([2, 2, 2], values(3));
  expect(cache.find([1, 1, 9])?.length).toBe(2);
  cache.keep([3, 3, 3, 3], values(4));
  expect(cache.bytes).toBe(56);
  expect(cache.find([2, 2, 9])).toBeUndefined();
  expect(cache.find([1, 1, 9])?.length).toBe(2);
  cache.keep([4, 4, 4, 4, 4, 4, 4, 4, 4], values(9));
  expect(cache.find([4, 4])).toBeUndefined();
  cache.keep([1, 1, 1, 5], values(4)); // takes the place of its beginning
  expect(cache.size).toBe(2);
  cache.keep([1, 1], values(2));
  expect(cache.size).toBe(2);
  cache.clear();
  expect(cache.bytes).toBe(0);
});

it('another model is refused', async () => {
  const prefixes = new PrefixCache();
  const [a, b] = await Promise.all(
    [tinyGpt2, tinyLlama].map(async (c) => CausalLm.load(await openBundle(tinyBundle(c)), engine)),
  );
  await idsOf(a!, [1, 2], { prefixes, maxNewTokens: 1 });
  await expect(idsOf(b!, [1, 2], { prefixes, maxNewTokens: 1 })).rejects.toThrow('belongs to another model');
  await Promise.all([a!.dispose(), b!.dispose()]);
});
