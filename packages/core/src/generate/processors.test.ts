// Each processor against the values of Hugging Face transformers, and what those values do not show.

import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskSource } from '../checkpoint/disk.node.ts';
import { runProcessorCases } from '../golden/processors.ts';
import { checkGenerationOptions, fromHuggingFace, processorsFor } from './options.ts';
import {
  badWords,
  countPenalties,
  minP,
  noRepeatNgram,
  type Row,
  sequenceBias,
  topK,
  topP,
  typicalP,
} from './processors.ts';

const golden = resolve(import.meta.dirname, '../../test/golden');
const row = (ids: number[], promptLength = 0): Row => ({ ids, promptLength });
const gone = Number.NEGATIVE_INFINITY;

describe('the reference values', async () => {
  const cases = await runProcessorCases(diskSource(golden));
  it.each(cases.map((c) => [c.case, c] as const))('%s', (_, c) => {
    expect(c).toMatchObject({ status: 'pass' });
  });
});

describe('edges', () => {
  it('top-k keeps ties with the k-th', () => {
    const scores = Float32Array.of(1, 3, 2, 2, 0);
    topK(2)(scores, row([]));
    expect([...scores]).toEqual([gone, 3, 2, 2, gone]);
  });

  it('top-p and typical keep one token even for a mass of zero', () => {
    for (const process of [topP(0), typicalP(0)]) {
      const scores = Float32Array.of(1, 3, 2);
      process(scores, row([]));
      expect([...scores].filter((x) => x > gone)).toHaveLength(1);
    }
  });

  it('min-p 1 keeps the best only', () => {
    const scores = Float32Array.of(1, 3, 2);
    minP(1)(scores, row([]));
    expect([...scores]).toEqual([gone, 3, gone]);
  });

  it('removed tokens stay removed through a chain', () => {
    const scores = Float64Array.of(gone, 1, 2, gone);
    for (const process of [topP(0.9), typicalP(0.95), minP(0.01)]) process(scores, row([]));
    expect(scores[0]).toBe(gone);
    expect(scores[2]).toBe(2);
  });

  it('frequency and presence count what was generated, not the prompt', () => {
    const scores = Float32Array.of(0, 0, 0, 0);
    countPenalties(0.5, 0.25)(scores, row([1, 1, 2, 2, 3], 2));
    expect([...scores]).toEqual([0, 0, -1.25, -0.75]);
  });

  it('an n-gram is completed only by what followed it', () => {
    const scores = new Float32Array(5);
    noRepeatNgram(3)(scores, row([1, 2, 3, 1, 2]));
    expect([...scores]).toEqual([0, 0, 0, gone, 0]);
    const short = new Float32Array(5);
    noRepeatNgram(3)(short, row([1]));
    expect([...short]).toEqual([0, 0, 0, 0, 0]);
  });

  it('the end token alone is never a bad word, and biases add up', () => {
    const scores = new Float32Array(3);
    badWords([[1], [2]], [2])(scores, row([0]));
    expect([...scores]).toEqual([0, gone, 0]);
    const biased = new Float32Array(3);
    sequenceBias([
      { ids: [2], bias: 1 },
      { ids: [0, 2], bias: 2 },
      { ids: [1, 2], bias: 4 },
    ])(biased, row([0]));
    expect([...biased]).toEqual([0, 0, 3]);
  });
});

describe('options', () => {
  it('out of bounds are named with their value', () => {
    expect(() => checkGenerationOptions({ topP: 1.5 })).toThrow(
      'generation option topP: 1.5 is not a number, between 0 and 1',
    );
    expect(() => checkGenerationOptions({ topK: 2.5 })).toThrow('topK: 2.5 is not a whole number, 0 or more');
    expect(() => checkGenerationOptions({ temperature: Number.NaN })).toThrow('temperature');
    expect(() => checkGenerationOptions({ repetitionPenalty: 0 })).toThrow('above 0');
    expect(() => checkGenerationOptions({ seed: 7, topK: undefined })).not.toThrow();
  });

  it('of a generation_config.json without do_sample choose the likeliest token', () => {
    expect(fromHuggingFace({ temperature: 0.7, top_k: 50, repetition_penalty: 1.1 })).toEqual({
      temperature: 0,
      repetitionPenalty: 1.1,
    });
    expect(fromHuggingFace({ do_sample: true, temperature: 0.7, eos_token_id: 3 })).toEqual({ temperature: 0.7 });
    const biased = fromHuggingFace({ sequence_bias: [[[4, 9], -2.5]], renormalize_logits: true });
    expect(biased).toEqual({ temperature: 0, sequenceBias: [{ ids: [4, 9], bias: -2.5 }], renormalize: true });
    // What is removed goes to the rest in proportion.
    const scores = Float64Array.of(Math.log(0.5), Math.log(0.3), Math.log(0.2));
    for (const process of processorsFor(
      { suppressTokens: [0], renormalize: true },
      { endTokens: [], promptLength: 0, maxNewTokens: 1 },
    ))
      process(scores, row([]));
    [0, 0.6, 0.4].forEach((p, i) => void expect(Math.exp(scores[i]!)).toBeCloseTo(p, 12));
  });

  it('at their neutral values add no processor', () => {
    const neutral = {
      temperature: 1,
      topK: 0,
      topP: 1,
      minP: 0,
      typicalP: 1,
      repetitionPenalty: 1,
      noRepeatNgramSize: 0,
      minLength: 0,
      frequencyPenalty: 0,
    };
    expect(processorsFor(neutral, { endTokens: [], promptLength: 1, maxNewTokens: 1 })).toEqual([]);
  });
});
