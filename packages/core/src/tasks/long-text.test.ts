// Texts that outgrow the context, on a tiny random model whose context is 12 letters.

import { describe, expect, it } from 'vitest';
import { tinyBundle, tinyGpt2 } from '../../test/tiny-model.ts';
import { referenceRuntime } from '../runtimes/reference.ts';
import { streamLongText } from './long-text.ts';
import { type GenerationEvent, type TextGenerationOptions, TextGenerator } from './text-generation.ts';
import type { TokenizerLike } from './tokenizer.ts';

const alphabet = 'abcdefghijklm';
const letters: TokenizerLike = {
  vocabularySize: 13,
  encodeIds: (text) => Int32Array.from(text, (c) => alphabet.indexOf(c)),
  decode: (ids) => Array.from(ids, (id) => alphabet[id]).join(''),
  decodeStream: () => ({ push: (id) => alphabet[id] ?? '', end: () => '' }),
};
const load = (): Promise<TextGenerator> =>
  TextGenerator.load(
    tinyBundle(tinyGpt2, { 'tokenizer.json': '{}', 'generation_config.json': '{}' }),
    referenceRuntime,
    {
      tokenizer: () => letters,
    },
  );
const collect = async (events: AsyncIterable<GenerationEvent>): Promise<GenerationEvent[]> => {
  const all: GenerationEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};
const doneOf = (all: readonly GenerationEvent[]): GenerationEvent & { kind: 'done' } =>
  all.at(-1) as GenerationEvent & { kind: 'done' };
const long = async (prompt: string, options?: TextGenerationOptions): Promise<GenerationEvent[]> =>
  collect(streamLongText(await load(), prompt, options));

describe('a long text', () => {
  it('is continued as any text while it fits', async () => {
    const generator = await load();
    for (const options of [{ temperature: 0 }, { temperature: 1, seed: 5 }]) {
      const plain = await generator.run('abc', { ...options, maxNewTokens: 8 });
      const all = await collect(streamLongText(generator, 'abc', { ...options, maxNewTokens: 8 }));
      expect(doneOf(all)).toMatchObject({ text: plain.text, newTokens: 8, reason: 'length', promptTokens: 3 });
      expect(all.map((e) => (e.kind === 'token' ? e.text : '')).join('')).toBe(plain.text);
    }
  });

  it('goes on past the context with its last three quarters, as a loop over whole texts would', async () => {
    const generator = await load();
    let expected = 'abc';
    for (let read = expected; expected.length < 3 + 40; read = expected.slice(-9))
      expected += (await generator.run(read, { temperature: 0, maxNewTokens: 43 - expected.length })).text;
    const all = await long('abc', { temperature: 0, maxNewTokens: 40 });
    expect(`abc${doneOf(all).text}`).toBe(expected);
    expect(doneOf(all)).toMatchObject({ newTokens: 40, reason: 'length' });
    expect(all.filter((e) => e.kind === 'start')).toHaveLength(1);
  });

  it('longer than the context is read from its end', async () => {
    const all = await long('mlkjihgfedcbaabcdefghi', { temperature: 0, maxNewTokens: 3 });
    expect(all[0]).toMatchObject({ kind: 'start', promptTokens: 9 });
    expect(doneOf(all)).toMatchObject({ promptTokens: 22, newTokens: 3 });
    expect(doneOf(all).text).toBe(doneOf(await long('abcdefghi', { temperature: 0, maxNewTokens: 3 })).text);
  });

  it('stops at a stop string that two readings share, and never shows it', async () => {
    const free = doneOf(await long('abc', { temperature: 1, seed: 9, maxNewTokens: 30 })).text;
    const stop = free.slice(8, 13); // the first reading ends after 10 letters
    const all = await long('abc', { temperature: 1, seed: 9, maxNewTokens: 30, stop: [stop] });
    const end = free.indexOf(stop);
    expect(doneOf(all)).toMatchObject({ reason: 'stop', text: free.slice(0, end) });
    expect(all.map((e) => (e.kind === 'token' ? e.text : '')).join('')).toBe(free.slice(0, end));
  });

  it('draws other tokens in each reading', async () => {
    const { text } = doneOf(await long('aaaaaaaaaaaaaaa', { temperature: 1, seed: 1, maxNewTokens: 60 }));
    expect(new Set(text.match(/.{4}/g)).size).toBeGreaterThan(8);
  });

  it('ends as aborted when stopped in a later reading', async () => {
    const stop = new AbortController();
    let tokens = 0;
    const all: GenerationEvent[] = [];
    for await (const event of streamLongText(await load(), 'abc', { signal: stop.signal, maxNewTokens: 100 })) {
      all.push(event);
      if (event.kind === 'token' && ++tokens === 20) stop.abort();
    }
    expect(doneOf(all)).toMatchObject({ reason: 'aborted', newTokens: 20 });
  });
});
