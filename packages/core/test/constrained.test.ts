// Whatever the schema and whatever the model prefers: what is generated under a schema is JSON, and right by an independent validator.

import { trainByteLevelBpe } from '@yumo/tokenizer';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { openBundle } from '../src/checkpoint/folder.ts';
import { CausalLm } from '../src/generate/decode.ts';
import { ConstrainedRows, Constraint } from '../src/generate/grammar/constraint.ts';
import { compileGrammar, grammarRules } from '../src/generate/grammar/grammar.ts';
import { tokenVocabulary } from '../src/generate/grammar/vocabulary.ts';
import { uniformAt } from '../src/generate/sampling.ts';
import { onnxruntimeNode } from '../src/runtimes/onnxruntime.node.ts';
import { TextGenerator } from '../src/tasks/text-generation.ts';
import { randomSchema } from './random-schema.ts';
import { tinyBundle } from './tiny-model.ts';

const corpus = [
  '{"name": "Ada", "age": 36, "tags": ["x", "y"], "ok": true}',
  '{"null": null, "größe": -1.5e3}',
  'plain text too, 中文',
];
const tokenizer = await trainByteLevelBpe([...corpus, ...corpus], { vocabularySize: 340, specialTokens: ['<end>'] });
const json = JSON.stringify(tokenizer.toJson());
const end = tokenizer.tokenToId('<end>')!;
const vocabulary = tokenVocabulary(json);
const runtime = await onnxruntimeNode({ threads: 1 });
const config = {
  ...{ model_type: 'llama', vocab_size: 344, max_position_embeddings: 512, hidden_size: 16, intermediate_size: 24 },
  ...{ num_hidden_layers: 1, num_attention_heads: 2, eos_token_id: end },
};
const source = tinyBundle(config, { 'tokenizer.json': json });

const ajv = new Ajv2020({ strict: false, logger: false });
addFormats.default(ajv);
function problemOf(schema: object, text: string): string | undefined {
  try {
    const validate = ajv.compile(schema);
    return validate(JSON.parse(text))
      ? undefined
      : `${JSON.stringify(schema)} ${text}: ${ajv.errorsText(validate.errors)}`;
  } catch (error) {
    return `${JSON.stringify(schema)} ${text}: ${String(error)}`;
  }
}
/** Schemas that can be written; what the generator of schemas contradicts is refused by name. */
const schemas = Array.from({ length: 320 }, (_, seed) => randomSchema(seed)).flatMap((schema) => {
  try {
    const grammar = { kind: 'json-schema', schema } as const;
    return [{ schema, grammar, constraint: new Constraint(grammarRules(grammar), vocabulary) }];
  } catch (error) {
    const known = /lies between the bounds|no text fulfils it/.test(String(error));
    if (!known) throw error;
    return [];
  }
});

it('the bytes of tokens, one after the other, are what the tokenizer writes', () => {
  const text = `${corpus.join('\n')} 😀 <end>`;
  const ids = tokenizer.encodeIds(text);
  const bytes = [...ids].flatMap((id) => [...vocabulary.bytes[id]!]);
  expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(tokenizer.decode(ids));
  expect(vocabulary.bytes[end]).toBeUndefined();
});

it(`scores at random under ${schemas.length} schemas`, () => {
  expect(schemas.length).toBeGreaterThan(300);
  const problems: string[] = [];
  for (const [seed, { schema, constraint }] of schemas.entries()) {
    const limit = Math.max(constraint.need, 40 + (seed % 7) * 20);
    const rows = new ConstrainedRows(constraint, [end], limit);
    const process = rows.around(() => {});
    const ids = [1];
    const row = { ids, promptLength: 1 };
    while (ids.length <= limit && ids.at(-1) !== end && !rows.isOver(row)) {
      const scores = Float32Array.from({ length: 344 }, (_, id) => uniformAt(seed, ids.length, id));
      process(scores, row);
      ids.push(scores.reduce((best, x, id) => (x > scores[best]! ? id : best), 0));
    }
    const problem = problemOf(schema, tokenizer.decode(ids.slice(1), { skipSpecialTokens: true }));
    if (problem) problems.push(problem);
  }
  expect(problems).toEqual([]);
});

describe('a random model', () => {
  const some = schemas.filter(({ constraint }) => constraint.need < 60).slice(0, 24);

  it('greedy, drawn, with penalties and filters', async () => {
    const generator = await TextGenerator.load(source, runtime, { tokenizer: () => tokenizer });
    const ways = [
      {},
      { temperature: 1.5, seed: 3 },
      { temperature: 1, topK: 3, topP: 0.5, repetitionPenalty: 1.4, noRepeatNgramSize: 2 },
      { minNewTokens: 70, temperature: 0.7 },
    ];
    const problems: (string | undefined)[] = [];
    for (const [i, { schema, grammar }] of some.entries()) {
      const { text, reason, newTokens } = await generator.run('x', { ...ways[i % 4], grammar, maxNewTokens: 80 });
      problems.push(problemOf(schema, text));
      expect(newTokens).toBeLessThanOrEqual(80);
      expect(['end', 'length']).toContain(reason);
    }
    expect(problems.filter((p) => p !== undefined)).toEqual([]);
    const wrong = generator.run('x', { grammar: { kind: 'regex', pattern: 'a{100}' }, maxNewTokens: 99 });
    await expect(wrong).rejects.toThrow('may need 100 tokens, 99 may be written');
    await generator.dispose();
  });

  it('contrastive search, also where fewer tokens are allowed than candidates are taken', async () => {
    const lm = await CausalLm.load(await openBundle(source), runtime, { states: true });
    const prompts = [
      [1, 2, 3],
      [4, 9, 7],
    ];
    for (const { schema, grammar } of some.slice(0, 6)) {
      const constraint = compileGrammar(grammar, vocabulary);
      // alpha 1: the likeness alone decides, and a token that is ruled out may be the one least like the others.
      for (const alpha of [0, 0.6, 1]) {
        const found = await lm.contrastiveSearch(prompts, { constraint, alpha, topK: 6, maxNewTokens: 64 });
        const texts = found.map((ids) => tokenizer.decode(ids, { skipSpecialTokens: true }));
        expect(texts.map((t) => problemOf(schema, t)).filter((p) => p !== undefined)).toEqual([]);
        if (alpha > 0) continue;
        const greedy: number[][] = [[], []];
        for await (const step of lm.generate(prompts, { constraint, temperature: 0, maxNewTokens: 64 }))
          if (step.kind === 'token') greedy[step.row]!.push(step.id);
        const written = (ids: readonly number[]) => ids.filter((id) => id !== end);
        expect(found.map(written)).toEqual(greedy.map(written));
      }
    }
    await lm.dispose();
  });

  it('beams, and rows of unequal length together', async () => {
    const lm = await CausalLm.load(await openBundle(source), runtime);
    for (const { schema, grammar } of some.slice(0, 6)) {
      const constraint = compileGrammar(grammar, vocabulary);
      const prompts = [[1, 2, 3], [4]];
      const found = await lm.beamSearch(prompts, { constraint, beams: 3, returnSequences: 2, maxNewTokens: 64 });
      const drawn: number[][] = [[], []];
      for await (const step of lm.generate(prompts, { constraint, temperature: 1, maxNewTokens: 64 }))
        if (step.kind === 'token') drawn[step.row]!.push(step.id);
      const texts = [...found.flat().map((f) => f.ids), ...drawn].map((ids) =>
        tokenizer.decode(ids, { skipSpecialTokens: true }),
      );
      expect(texts.map((t) => problemOf(schema, t)).filter((p) => p !== undefined)).toEqual([]);
      for (const [p, prompt] of prompts.entries()) {
        const alone = await lm.beamSearch([prompt], { constraint, beams: 3, returnSequences: 2, maxNewTokens: 64 });
        expect(alone[0]!.map((f) => f.ids)).toEqual(found[p]!.map((f) => f.ids));
      }
    }
    await expect(
      lm.beamSearch([[1]], {
        constraint: compileGrammar('json', vocabulary),
        beams: 2,
        endTokens: [],
        maxNewTokens: 9,
      }),
    ).rejects.toThrow('needs an end token');
    await lm.dispose();
  });
});
