// Decoding with a cache against the model without one; padding; limits; what is refused.

import { describe, expect, it } from 'vitest';
import { randomWeights, tinyBundle, tinyGpt2, tinyLlama } from '../../test/tiny-model.ts';
import { openBundle } from '../checkpoint/folder.ts';
import { writeSafetensors } from '../checkpoint/safetensors.ts';
import { memorySource } from '../checkpoint/source.ts';
import { evaluateTensors } from '../graph/evaluate.ts';
import { architectureFor } from '../models/index.ts';
import { parameterScope } from '../nn/scope.ts';
import { referenceRuntime } from '../runtimes/reference.ts';
import { tensor } from '../tensor.ts';
import { value } from '../value.ts';
import type { GenerateOptions, GenerationStep } from './continue.ts';
import { CausalLm } from './decode.ts';
import { logSoftmaxOf } from './processors.ts';

const load = async (config: Readonly<Record<string, unknown>>, generation = {}): Promise<CausalLm> =>
  CausalLm.load(
    await openBundle(tinyBundle(config, { 'generation_config.json': JSON.stringify(generation) })),
    referenceRuntime,
  );

async function steps(lm: CausalLm, prompts: number[][], options: GenerateOptions = {}): Promise<GenerationStep[]> {
  const all: GenerationStep[] = [];
  for await (const step of lm.generate(prompts, options)) all.push(step);
  return all;
}
const idsOf = (all: readonly GenerationStep[], row = 0): number[] =>
  all.flatMap((s) => (s.kind === 'token' && s.row === row ? [s.id] : []));
const reasonOf = (all: readonly GenerationStep[], row = 0): string | undefined =>
  all.flatMap((s) => (s.kind === 'end' && s.row === row ? [s.reason] : []))[0];

/** Log-probabilities of the token after a row, by the whole model at once: no cache, no mask, no padding. */
function withoutCache(config: Readonly<Record<string, unknown>>, ids: readonly number[]): Float64Array {
  const architecture = architectureFor(config);
  const c = architecture.readConfig(config);
  const out = architecture.causalLm(parameterScope(), { inputIds: tensor('ids', 'int32', [1, ids.length]) }, c);
  const [logits] = evaluateTensors([out.logits], {
    ...randomWeights(config),
    ids: value('int32', [1, ids.length], ids),
  });
  return logSoftmaxOf(logits!.data.slice(-architecture.vocabularySize(c)));
}

describe.each([tinyGpt2, tinyLlama])('$model_type', (config) => {
  it('with the cache chooses what the model without one finds likeliest', async () => {
    const all = await steps(await load(config), [[3, 7, 1]], { temperature: 0, maxNewTokens: 6 });
    const row = [3, 7, 1];
    for (const step of all) {
      if (step.kind === 'end') continue;
      const logs = withoutCache(config, row);
      expect(step.id).toBe(logs.indexOf(Math.max(...logs)));
      expect(step.logProbability).toBeCloseTo(logs[step.id]!, 10);
      row.push(step.id);
    }
    expect(row).toHaveLength(9);
    expect(reasonOf(all)).toBe('length');
  });

  it('gives each prompt of a batch what it gives it alone: padding on the left changes nothing', async () => {
    const lm = await load(config);
    const prompts = [[5], [3, 7, 1, 12], [2, 2]];
    const together = await steps(lm, prompts, { temperature: 0, maxNewTokens: 5 });
    for (const [row, prompt] of prompts.entries()) {
      const alone = await steps(lm, [prompt], { temperature: 0, maxNewTokens: 5 });
      expect(idsOf(together, row)).toEqual(idsOf(alone));
    }
  });

  it('keeps from the ids of its own prompt where the options for encoders say so: the prompt stands for the source', async () => {
    const lm = await load(config);
    const prompts = [
      [1, 2, 3, 4, 5, 6, 7],
      [9, 9],
    ];
    const all = await steps(lm, prompts, { temperature: 0, maxNewTokens: 4, encoderNoRepeatNgramSize: 1 });
    for (const [row, prompt] of prompts.entries())
      expect(idsOf(all, row).filter((id) => prompt.includes(id))).toEqual([]);
    // Log-probabilities over 10⁶ are the largest there are.
    const beams = await lm.beamSearch(prompts, {
      beams: 2,
      maxNewTokens: 3,
      padToken: 1,
      encoderRepetitionPenalty: 1e6,
    });
    for (const [row, [best]] of beams.entries())
      expect(best!.ids.filter((id) => id !== 1 && !prompts[row]!.includes(id))).toEqual([]);
  });

  it('ends rows by themselves: at an end token, at the limit, at the end of the context', async () => {
    const lm = await load(config);
    const free = await steps(lm, [[5], [3, 7, 1, 12]], { temperature: 0, maxNewTokens: 4 });
    const end = idsOf(free, 0)[1]!;
    const stopped = await steps(lm, [[5], [3, 7, 1, 12]], { temperature: 0, maxNewTokens: 4, endTokens: [end] });
    expect(idsOf(stopped, 0)).toEqual(idsOf(free, 0).slice(0, idsOf(free, 0).indexOf(end) + 1));
    expect(reasonOf(stopped, 0)).toBe('end');
    const expected = idsOf(free, 1);
    expect(idsOf(stopped, 1)).toEqual(expected.includes(end) ? expected.slice(0, expected.indexOf(end) + 1) : expected);

    const filled = await steps(lm, [[5], [3, 7, 1, 12]], { temperature: 0 });
    // The last position predicts one more token, which can no longer be read.
    expect([idsOf(filled, 0).length, idsOf(filled, 1).length]).toEqual([12, 9]);
    expect([reasonOf(filled, 0), reasonOf(filled, 1)]).toEqual(['context', 'context']);
  });

  it('draws the same ids for the same seed, others for another, and rows draw apart', async () => {
    const lm = await load(config);
    const draw = async (seed: number) => steps(lm, [[4], [4]], { seed, maxNewTokens: 8, temperature: 2 });
    const first = await draw(1);
    expect(await draw(1)).toEqual(first);
    expect(idsOf(await draw(2))).not.toEqual(idsOf(first));
    expect(idsOf(first, 1)).not.toEqual(idsOf(first, 0));
  });

  it('one beam is greedy search', async () => {
    const lm = await load(config);
    const [results] = await lm.beamSearch([[3, 7]], { beams: 1, maxNewTokens: 6 });
    expect(results![0]!.ids).toEqual(idsOf(await steps(lm, [[3, 7]], { temperature: 0, maxNewTokens: 6 })));
  });
});

describe('contrastive search', () => {
  const contrastive = async (prompts: number[][], alpha: number, topK = 4): Promise<number[][]> => {
    const lm = await CausalLm.load(await openBundle(tinyBundle(tinyLlama)), referenceRuntime, { states: true });
    return lm.contrastiveSearch(prompts, { alpha, topK, maxNewTokens: 6, endTokens: [] });
  };

  it('without a penalty, or with one candidate, is greedy search; with a penalty it is not', async () => {
    const greedy = idsOf(await steps(await load(tinyLlama), [[3, 7]], { temperature: 0, maxNewTokens: 6 }));
    expect((await contrastive([[3, 7]], 0))[0]).toEqual(greedy);
    expect((await contrastive([[3, 7]], 0.6, 1))[0]).toEqual(greedy);
    expect((await contrastive([[3, 7]], 1))[0]).not.toEqual(greedy);
  });

  it('keeps each row from the ids of its own prompt', async () => {
    const lm = await CausalLm.load(await openBundle(tinyBundle(tinyLlama)), referenceRuntime, { states: true });
    const prompts = [
      [1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10],
    ];
    const options = { alpha: 0.5, topK: 2, maxNewTokens: 4, endTokens: [] };
    const found = await lm.contrastiveSearch(prompts, { ...options, encoderNoRepeatNgramSize: 1 });
    for (const [row, ids] of found.entries()) expect(ids.filter((id) => prompts[row]!.includes(id))).toEqual([]);
    expect(found).not.toEqual(await lm.contrastiveSearch(prompts, options));
  });

  it('ends with the context, and asks for a model that gives its states', async () => {
    const lm = await CausalLm.load(await openBundle(tinyBundle(tinyLlama)), referenceRuntime, { states: true });
    const [ids] = await lm.contrastiveSearch([[3, 7]], { alpha: 0.5, topK: 3, endTokens: [] });
    expect(ids).toHaveLength(10);
    const without = await load(tinyLlama);
    await expect(without.contrastiveSearch([[3]], { alpha: 0.5, topK: 3 })).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(lm.contrastiveSearch([[3]], { alpha: 2, topK: 3 })).rejects.toThrow('alpha 2 must lie in [0, 1]');
  });
});

describe('what cannot be done is named', () => {
  it('a prompt longer than the context, with both numbers', async () => {
    await expect(steps(await load(tinyGpt2), [new Array<number>(13).fill(1)])).rejects.toMatchObject({
      code: 'CONTEXT',
      detail: { promptTokens: 13, contextLength: 12 },
    });
  });

  it('ids outside the vocabulary, empty prompts, wrong options', async () => {
    const lm = await load(tinyGpt2);
    await expect(steps(lm, [[1], [13]])).rejects.toMatchObject({ code: 'TOKENIZER', detail: { row: 1, id: 13 } });
    await expect(steps(lm, [[]])).rejects.toMatchObject({ code: 'DATA' });
    await expect(steps(lm, [[1]], { topP: 2 })).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(lm.beamSearch([[1]], { beams: 3, beamGroups: 2 })).rejects.toThrow(
      '3 beams do not divide into 2 groups',
    );
    await expect(steps(lm, [[1]], { suppressTokens: Array.from({ length: 13 }, (_, i) => i) })).rejects.toMatchObject({
      code: 'NUMERIC',
    });
  });

  it('weights that are not numbers', async () => {
    const weights = randomWeights(tinyGpt2);
    (weights['transformer.ln_f.weight']!.data as Float32Array)[0] = Number.NaN;
    const broken = memorySource({
      'config.json': JSON.stringify(tinyGpt2),
      'model.safetensors': writeSafetensors(weights),
    });
    const lm = await CausalLm.load(await openBundle(broken), referenceRuntime);
    await expect(steps(lm, [[1]])).rejects.toMatchObject({ code: 'NUMERIC', message: /hold NaN/ });
  });
});

describe('stopping', () => {
  it('before the start, and between tokens', async () => {
    const lm = await load(tinyGpt2);
    await expect(steps(lm, [[1]], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    const stop = new AbortController();
    const seen: GenerationStep[] = [];
    const run = async (): Promise<void> => {
      for await (const step of lm.generate([[1]], { signal: stop.signal })) if (seen.push(step) === 2) stop.abort();
    };
    await expect(run()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(seen).toHaveLength(2);
  });
});

it('end tokens of generation_config.json go before those of config.json', async () => {
  expect((await load({ ...tinyGpt2, eos_token_id: 1 }, { eos_token_id: [2, 3] })).endTokens).toEqual([2, 3]);
  expect((await load({ ...tinyGpt2, eos_token_id: 1 })).endTokens).toEqual([1]);
});
