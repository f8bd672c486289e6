// The steps that `explain` shows lead to the tokens that `encode` gives.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { randomNumbers, randomText } from '../test/random-text.ts';
import { tokenizerData } from '../test/shared-data.ts';
import { type ExplainedPiece, explain, Tokenizer } from './index.ts';

const load = (name: string) => Tokenizer.fromJson(readFileSync(join(tokenizerData!, name), 'utf8'), { file: name });
const plain = { addSpecialTokens: false, truncation: null, padding: null } as const;

/** The tokens to which the shown steps lead, by themselves; null where the model had no choice to explain. */
function lastOf({ reason }: ExplainedPiece): readonly string[] | null {
  if (reason.kind === 'merges') return reason.merges.at(-1)?.symbols ?? reason.symbols;
  if (reason.kind === 'paths') return reason.paths[0]?.tokens ?? [];
  if (reason.kind !== 'longest') return null;
  return reason.steps.some((step) => step.found === null) ? null : reason.steps.map((step) => step.found!);
}

describe.skipIf(tokenizerData === null)('explain', () => {
  it('shows the merges of byte-level BPE in their order', () => {
    const [, word] = explain(load('gpt2/tokenizer.json'), 'a newer');
    expect(word).toMatchObject({ start: 1, end: 7, given: ' newer', seen: 'Ġnewer' });
    const reason = word!.reason;
    if (reason.kind !== 'merges') throw new Error(`explained as ${reason.kind}`);
    expect(reason.symbols).toEqual(['Ġ', 'n', 'e', 'w', 'e', 'r']);
    expect(reason.merges.map(({ left, right }) => `${left} ${right}`)).toEqual([
      'e r',
      'Ġ n',
      'e w',
      'Ġn ew',
      'Ġnew er',
    ]);
    expect(reason.merges.at(-1)!.symbols).toEqual(['Ġnewer']);
    // The first line of merges.txt is its version.
    const lines = readFileSync(join(tokenizerData!, 'gpt2/merges.txt'), 'utf8').split('\n').slice(1);
    expect(reason.merges.map(({ rank }) => lines[rank])).toEqual(['e r', 'Ġ n', 'e w', 'Ġn ew', 'Ġnew er']);
  });

  it('shows what WordPiece looked for, and what the normalizer changed', () => {
    const [word] = explain(load('bert-base-uncased/tokenizer.json'), 'Unaffablé');
    expect(word).toMatchObject({ given: 'Unaffablé', seen: 'unaffable' });
    expect(word!.reason).toMatchObject({
      kind: 'longest',
      steps: [
        { rest: 'unaffable', found: 'una' },
        { rest: 'ffable', missing: ['##ffable', '##ffabl', '##ffab'], found: '##ffa' },
        { rest: 'ble', missing: [], found: '##ble' },
      ],
    });
  });

  it('shows the three most probable ways of a Unigram model, the best first', () => {
    const [word] = explain(load('t5-base/tokenizer.json'), 'international');
    const paths = word!.reason.kind === 'paths' ? word!.reason.paths : [];
    expect(paths).toHaveLength(3);
    expect(paths.map((path) => path.tokens.join(''))).toEqual(Array(3).fill('▁international'));
    const scores = paths.map((path) => path.logProbability);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(new Set(paths.map((path) => path.tokens.join(' '))).size).toBe(3);
  });

  it('says which tokens were added ones', () => {
    const gpt2 = load('gpt2/tokenizer.json');
    const kinds = (mode: 'plain' | 'parse') =>
      explain(gpt2, 'a<|endoftext|>', { specialTokensInText: mode }).map((piece) => piece.reason.kind);
    expect(kinds('parse')).toEqual(['merges', 'added']);
    expect(kinds('plain')).not.toContain('added');
  });

  it('names the limit of a text that is too long', () => {
    expect(() => explain(load('gpt2/tokenizer.json'), 'a'.repeat(10_001))).toThrow('10001 UTF-16 units');
  });

  for (const name of ['gpt2', 'bert-base-uncased', 't5-base', 'llama-2', 'clip'].map((n) => `${n}/tokenizer.json`)) {
    it(`leads to the tokens of ${name}, with their places`, () => {
      const tokenizer = load(name);
      const random = randomNumbers(3);
      for (let n = 0; n < 200; n++) {
        const text = randomText(random);
        const pieces = explain(tokenizer, text);
        const encoding = tokenizer.encode(text, null, plain);
        const tokens = pieces.flatMap((piece) => piece.tokens);
        expect(tokens.map((token) => token.id)).toEqual([...encoding.ids]);
        expect(tokens.map((token) => token.token)).toEqual([...encoding.tokens]);
        for (const piece of pieces) {
          const last = lastOf(piece);
          const ids = piece.tokens.map((token) => token.id);
          // An unknown character of a Unigram model shows as itself, and may have become bytes or joined its neighbours.
          const known = last?.every((token) => tokenizer.tokenToId(token) !== undefined) ?? false;
          if (known) expect({ text, ids: last!.map((token) => tokenizer.tokenToId(token)) }).toEqual({ text, ids });
        }
      }
    });
  }
});
