// Text to text on a tiny random model: events, stop strings, ends, stopping, and folders that do not fit together.

import { describe, expect, it } from 'vitest';
import { tinyBundle, tinyGpt2 } from '../../test/tiny-model.ts';
import { referenceRuntime } from '../runtimes/reference.ts';
import { type GenerationEvent, type TextGenerationOptions, TextGenerator } from './text-generation.ts';
import type { TokenizerLike } from './tokenizer.ts';

/** One letter an id, but 12: half of a two-part character that the stream holds until the next id. */
function letters(vocabularySize = 13): TokenizerLike {
  const letter = (id: number): string => 'abcdefghijkl'[id] ?? '';
  return {
    vocabularySize,
    encodeIds: (text) => Int32Array.from(text, (c) => 'abcdefghijkl'.indexOf(c)),
    decode: (ids) => Array.from(ids, letter).join(''),
    decodeStream() {
      let held = '';
      return {
        push(id) {
          if (id === 12) {
            held = '♪';
            return '';
          }
          const text = held + letter(id);
          held = '';
          return text;
        },
        end: () => held,
      };
    },
  };
}
const load = (generation: object = {}, tokenizer = letters()): Promise<TextGenerator> =>
  TextGenerator.load(
    tinyBundle(tinyGpt2, { 'tokenizer.json': '{}', 'generation_config.json': JSON.stringify(generation) }),
    referenceRuntime,
    { tokenizer: () => tokenizer },
  );
async function events(
  generator: TextGenerator,
  prompt: string,
  options?: TextGenerationOptions,
): Promise<GenerationEvent[]> {
  const all: GenerationEvent[] = [];
  for await (const event of generator.stream(prompt, options)) all.push(event);
  return all;
}
const shown = (all: readonly GenerationEvent[]): string => all.map((e) => (e.kind === 'token' ? e.text : '')).join('');
const done = (all: readonly GenerationEvent[]): GenerationEvent & { kind: 'done' } =>
  all.at(-1) as GenerationEvent & { kind: 'done' };

describe('a stream', () => {
  it('brings the likeliest alternatives of each place, and never writes what it must not', async () => {
    const generator = await load();
    const all = await events(generator, 'abc', { maxNewTokens: 4, alternatives: 3 });
    for (const e of all) {
      if (e.kind !== 'token') continue;
      expect(e.alternatives).toHaveLength(3);
      expect(e.alternatives![0]).toMatchObject({ id: e.id, logProbability: e.logProbability }); // greedy
      const [a, b, c] = e.alternatives!.map((x) => x.logProbability) as [number, number, number];
      expect(a >= b && b >= c && Math.exp(a) + Math.exp(b) + Math.exp(c) <= 1).toBe(true);
    }
    const text = shown(all);
    const without = await events(generator, 'abc', { maxNewTokens: 4, badWords: [text.slice(0, 1), text.slice(1, 3)] });
    expect(shown(without)).not.toContain(text.slice(0, 1));
    expect(shown(without)).not.toContain(text.slice(1, 3));
    expect(all.filter((e) => e.kind === 'token' && e.alternatives).length).toBe(4);
  });

  it('starts with the sizes, brings each token, ends with the whole text', async () => {
    const all = await events(await load(), 'abc', { maxNewTokens: 6 });
    expect(all[0]).toEqual({ kind: 'start', promptTokens: 3, contextLength: 12, runtime: 'reference' });
    expect(all.filter((e) => e.kind === 'token')).toHaveLength(6);
    expect(done(all)).toMatchObject({ reason: 'length', newTokens: 6, promptTokens: 3 });
    expect(done(all).text.startsWith(shown(all))).toBe(true);
    expect(done(all).tokensPerSecond).toBeGreaterThan(0);
    expect(done(all).secondsToFirstToken).toBeGreaterThan(0);
  });

  it('is greedy by default, and draws when generation_config.json or the caller says so', async () => {
    const greedy = done(await events(await load(), 'abc')).text;
    expect(done(await events(await load(), 'abc', { seed: 9 })).text).toBe(greedy);
    const drawn = await load({ do_sample: true, temperature: 3 });
    const texts = await Promise.all([1, 2, 3].map(async (seed) => done(await events(drawn, 'abc', { seed })).text));
    expect(new Set(texts).size).toBeGreaterThan(1);
    expect(done(await events(drawn, 'abc', { temperature: 0 })).text).toBe(greedy);
    expect(done(await events(await load(), 'abc', { temperature: 3, seed: 1 })).text).toBe(texts[0]);
  });

  it('never shows a stop string, not even in part', async () => {
    const generator = await load();
    const free = done(await events(generator, 'abc')).text;
    for (let from = 1; from + 2 < free.length; from++) {
      const stop = free.slice(from, from + 2);
      const all = await events(generator, 'abc', { stop: [stop] });
      expect(shown(all)).toBe(free.slice(0, free.indexOf(stop)));
      expect(done(all)).toMatchObject({ reason: 'stop', text: shown(all) });
    }
  });

  it('does not show the end token', async () => {
    const ids = (await events(await load(), 'abc')).flatMap((e) => (e.kind === 'token' ? [e.id] : []));
    const all = await events(await load({ eos_token_id: ids[3] }), 'abc');
    const at = ids.indexOf(ids[3]!);
    expect(done(all)).toMatchObject({
      reason: 'end',
      newTokens: at + 1,
      text: letters().decode(ids.slice(0, at).filter((id) => id !== 12)),
    });
  });

  it('ends with the context and says so', async () => {
    expect(done(await events(await load(), 'abc')).reason).toBe('context');
  });

  it('ends with "aborted" and the text so far when stopped', async () => {
    const generator = await load();
    const stop = new AbortController();
    const all: GenerationEvent[] = [];
    for await (const event of generator.stream('abc', { signal: stop.signal })) {
      all.push(event);
      if (event.kind === 'token' && all.length === 3) stop.abort();
    }
    expect(done(all)).toMatchObject({ reason: 'aborted', newTokens: 2 });
    expect(done(all).text.startsWith(shown(all))).toBe(true);
  });

  it('begins an empty prompt with the begin token, where the model has one', async () => {
    expect((await events(await load({ bos_token_id: 1 }), '', { maxNewTokens: 1 }))[0]).toMatchObject({
      promptTokens: 1,
    });
    await expect(events(await load(), '')).rejects.toMatchObject({ code: 'DATA' });
  });
});

describe('refused, by name:', () => {
  it('a tokenizer with more tokens than the model', async () => {
    await expect(load({}, letters(14))).rejects.toMatchObject({
      code: 'TOKENIZER',
      message: /tokenizer.json has 14 tokens, the model knows 13/,
    });
  });

  it('a prompt longer than the context, before anything starts', async () => {
    await expect(events(await load(), 'abcabcabcabca')).rejects.toMatchObject({
      code: 'CONTEXT',
      message: /13 tokens, the model's context holds 12/,
    });
  });

  it('an option that does not exist, with the nearest', async () => {
    const wrong = { temprature: 1 } as TextGenerationOptions;
    await expect(events(await load(), 'abc', wrong)).rejects.toThrow(
      '"temprature" does not exist; did you mean "temperature"?',
    );
  });

  it('a prompt of which the tokenizer knows nothing', async () => {
    const strangers: TokenizerLike = { ...letters(), encodeIds: () => new Int32Array(0) };
    await expect(events(await load({ bos_token_id: 0 }, strangers), '话说')).rejects.toMatchObject({
      code: 'DATA',
      message: expect.stringContaining('knows no character of "话说"') as unknown,
    });
  });
});
