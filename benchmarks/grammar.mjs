// What a grammar costs a token: time to compile it, to find the first mask of a state, and to apply a mask that is known, on published vocabularies.
// usage: pnpm bench grammar [folder of tokenizers]; prints JSON last.

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { compileGrammar, tokenVocabulary, uniformAt } from '../packages/core/dist/index.js';

const folder = resolve(
  process.argv[2] ?? join(process.env.YUMO_SHARED ?? join(import.meta.dirname, '../../shared'), 'data/tokenizers'),
);
const schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    tags: { type: 'array', items: { type: 'string' }, maxItems: 8 },
    address: { type: 'object', properties: { city: { type: 'string' }, zip: { type: 'string', pattern: '^\\d{5}$' } } },
  },
  required: ['name', 'age', 'tags'],
};
const grammars = {
  json: 'json',
  schema: { kind: 'json-schema', schema },
  regex: { kind: 'regex', pattern: '(yes|no), because [a-z ]{10,80}\\.' },
};
const percentile = (xs, p) => [...xs].sort((a, b) => a - b)[Math.min(xs.length - 1, Math.floor(xs.length * p))];
const round = (x) => Number(x.toPrecision(3));

const results = [];
for (const name of ['gpt2', 'llama-2', 'qwen2', 'llama-3']) {
  const file = join(folder, name, 'tokenizer.json');
  if (!existsSync(file)) continue;
  const before = performance.now();
  const vocabulary = tokenVocabulary(readFileSync(file, 'utf8'));
  const read = performance.now() - before;
  const size = vocabulary.bytes.length;
  for (const [kind, grammar] of Object.entries(grammars)) {
    const started = performance.now();
    const constraint = compileGrammar(grammar, vocabulary);
    const compiled = performance.now() - started;
    const [fresh, again] = [[], []];
    const seen = new Set();
    // Texts drawn at random: every state that they pass is met for the first time once, and then again.
    for (let text = 0; text < 40; text++) {
      let at = constraint.start;
      for (let step = 0; at && step < 60; step++) {
        const scores = Float32Array.from({ length: size }, (_, id) => uniformAt(text, step, id));
        const begin = performance.now();
        constraint.mask(scores, at, 1e6, []);
        (seen.has(at) ? again : fresh).push(performance.now() - begin);
        seen.add(at);
        let best = -1;
        for (let id = 0; id < size; id++)
          if (scores[id] > -Infinity && (best < 0 || scores[id] > scores[best])) best = id;
        if (best < 0) break;
        at = constraint.after(at, best);
      }
    }
    const row = {
      vocabulary: name,
      tokens: size,
      grammar: kind,
      readMilliseconds: round(read),
      compileMilliseconds: round(compiled),
      states: fresh.length,
      firstMaskMilliseconds: { median: round(percentile(fresh, 0.5)), p95: round(percentile(fresh, 0.95)) },
      knownMaskMilliseconds: { median: round(percentile(again, 0.5)), p95: round(percentile(again, 0.95)) },
    };
    results.push(row);
    console.log(
      `${name} (${size} tokens), ${kind}: compiled in ${row.compileMilliseconds} ms; a mask ${row.firstMaskMilliseconds.median} ms the first time (${fresh.length} states), ${row.knownMaskMilliseconds.median} ms after`,
    );
  }
}
if (results.length === 0) console.log(`no tokenizers at ${folder}`);
console.log(JSON.stringify({ benchmark: 'grammar', node: process.version, results }));
