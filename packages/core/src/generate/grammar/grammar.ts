// The ways in which a caller says what may be written.

import { suggestion, YumoError } from '../../errors.ts';
import { Constraint } from './constraint.ts';
import { type Rules, rule, sequence } from './expression.ts';
import { gbnfRules } from './gbnf.ts';
import { jsonRules } from './json.ts';
import { jsonSchemaRules } from './json-schema.ts';
import { regexExpression } from './regex.ts';
import type { TokenVocabulary } from './vocabulary.ts';

/**
 * What a generated text must be, whole.
 * - `json`: an object or array of JSON.
 * - `json-schema`: JSON that a schema allows.
 * - `regex`: what a pattern of JavaScript matches from begin to end.
 * - `gbnf`: what a grammar in llama.cpp's notation describes.
 */
export type Grammar =
  | 'json'
  | { readonly kind: 'json-schema'; readonly schema: unknown }
  | { readonly kind: 'regex'; readonly pattern: string }
  | { readonly kind: 'gbnf'; readonly text: string };

const kinds = ['json-schema', 'regex', 'gbnf'];

/** @throws YumoError `CONFIG` with the place, for a grammar that cannot be read. */
export function grammarRules(grammar: Grammar): Rules {
  if (grammar === 'json') {
    const rules = new Map(Object.entries(jsonRules));
    rules.set('root', { kind: 'choice', options: [rule('json.object'), rule('json.array')] });
    return { rules, start: 'root' };
  }
  if (typeof grammar === 'object' && grammar !== null) {
    if (grammar.kind === 'json-schema') return jsonSchemaRules(grammar.schema);
    if (grammar.kind === 'gbnf' && typeof grammar.text === 'string') return gbnfRules(grammar.text);
    if (grammar.kind === 'regex' && typeof grammar.pattern === 'string')
      return { rules: new Map([['root', sequence(regexExpression(grammar.pattern, { whole: true }))]]), start: 'root' };
  }
  const given: unknown = typeof grammar === 'object' && grammar !== null ? grammar.kind : grammar;
  throw new YumoError(
    'CONFIG',
    `grammar: ${JSON.stringify(given)} is not understood${suggestion(String(given), kinds)}; give "json", or a kind of ${kinds.join(', ')} with its schema, pattern or text`,
    { given },
  );
}

/**
 * A grammar for one vocabulary, as `CausalLm.generate` takes it.
 * @param first the vocabulary at the begin of a text, where it differs
 * @throws YumoError `CONFIG` for a grammar that cannot be read, or that no text of the vocabulary fulfils.
 */
export const compileGrammar = (grammar: Grammar, vocabulary: TokenVocabulary, first?: TokenVocabulary): Constraint =>
  new Constraint(grammarRules(grammar), vocabulary, first);
