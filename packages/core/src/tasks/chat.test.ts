// Conversations on a tiny random model whose context is 12 letters.

import { describe, expect, it } from 'vitest';
import { tinyBundle, tinyGpt2 } from '../../test/tiny-model.ts';
import { referenceRuntime } from '../runtimes/reference.ts';
import { Chat, type ChatTurn } from './chat.ts';
import { TextGenerator } from './text-generation.ts';
import type { TextEncoding, TokenizerLike } from './tokenizer.ts';

const alphabet = 'abcdefghijklm';
const seen: (TextEncoding | undefined)[] = [];
const letters: TokenizerLike = {
  vocabularySize: 13,
  encodeIds: (text, options) => {
    seen.push(options);
    return Int32Array.from(text, (c) => alphabet.indexOf(c));
  },
  decode: (ids) => Array.from(ids, (id) => alphabet[id]).join(''),
  decodeStream: () => ({ push: (id) => alphabet[id] ?? '', end: () => '' }),
};
const generator = await TextGenerator.load(
  tinyBundle(tinyGpt2, { 'tokenizer.json': '{}', 'generation_config.json': '{}' }),
  referenceRuntime,
  { tokenizer: () => letters },
);
/** `a` before a system turn, `b` before the user's, `c` before the model's. */
const mark = (role: string): string => (role === 'system' ? 'a' : role === 'user' ? 'b' : 'c');
const template = (turns: readonly ChatTurn[]): string => `${turns.map((t) => mark(t.role) + t.content).join('')}c`;
const chat = new Chat(generator, template);
const user = (content: string): ChatTurn => ({ role: 'user', content });
const model = (content: string): ChatTurn => ({ role: 'assistant', content });
const shown = (turns: readonly ChatTurn[], answerTokens = 4) => {
  const { ids, forgotten } = chat.prompt(turns, { answerTokens });
  return [letters.decode(ids), forgotten];
};

describe('a chat', () => {
  it('continues what its template makes of the turns', async () => {
    const turns = [user('de'), model('f'), user('g')];
    const answer = await chat.run(turns, { maxNewTokens: 4, temperature: 0 });
    const plain = await generator.run('bdecfbgc', { maxNewTokens: 4, temperature: 0 });
    expect(answer.text).toBe(plain.text);
    expect(answer.text).toHaveLength(4);
    expect(answer.promptTokens).toBe(8);
  });

  it('reads control tokens that the template wrote, and adds none', () => {
    chat.prompt([user('d')]);
    expect(seen.at(-1)).toEqual({ addSpecialTokens: false, specialTokensInText: 'parse' });
  });

  it('reads of the next turn only what is new', async () => {
    generator.prefixes.clear();
    const options = { maxNewTokens: 2, temperature: 0 };
    const { text } = await chat.run([user('de')], options);
    const before = generator.prefixes.reusedTokens;
    const turns = [user('de'), model(text), user('g')];
    const answer = await chat.run(turns, options);
    // The first prompt and the answer but its last letter, as far as the template writes the same again.
    expect(generator.prefixes.reusedTokens - before).toBeGreaterThanOrEqual(3);
    generator.prefixes.clear();
    expect((await chat.run(turns, options)).text).toBe(answer.text);
  });

  it('forgets the oldest turns first, never the system and the last one', () => {
    const turns = [{ role: 'system', content: 'h' }, user('de'), model('f'), user('g')];
    expect(shown(turns, 2)).toEqual(['ahbdecfbgc', 0]);
    expect(shown(turns, 4)).toEqual(['ahcfbgc', 1]);
    expect(shown(turns, 6)).toEqual(['ahbgc', 2]);
  });

  it('refuses what cannot fit, and no turns', () => {
    expect(() => shown([user('defghijkl')])).toThrow(/last turn has 11 tokens/);
    expect(() => shown([])).toThrow('no turns');
  });
});
