// Grammars: what they accept, what they refuse by name, and that whatever is chosen under them is right when it ends.

import { describe, expect, it } from 'vitest';
import { isYumoError } from '../../errors.ts';
import { uniformAt } from '../sampling.ts';
import { Automaton, type Configuration } from './automaton.ts';
import { ConstrainedRows, Constraint } from './constraint.ts';
import { utf8Ranges } from './expression.ts';
import { type Grammar, grammarRules } from './grammar.ts';
import { vocabularyOf } from './vocabulary.ts';

const encoder = new TextEncoder();
const automatonOf = (grammar: Grammar): Automaton => new Automaton(grammarRules(grammar));
function accepts(automaton: Automaton, text: string): boolean {
  let at: Configuration | null = automaton.start;
  for (const byte of encoder.encode(text)) at = at && automaton.next(at, byte);
  return at?.accepting ?? false;
}
const regex = (pattern: string): Automaton => automatonOf({ kind: 'regex', pattern });
const gbnf = (text: string): Automaton => automatonOf({ kind: 'gbnf', text });
const schema = (s: unknown): Automaton => automatonOf({ kind: 'json-schema', schema: s });

it('ranges of characters are the runs of bytes that UTF-8 writes them with', () => {
  const ranges = [
    [0x41, 0x7ff],
    [0x3042, 0x9fff],
    [0xfff0, 0x1f64f],
  ] as const;
  const runs = utf8Ranges(ranges);
  const matches = (code: number): boolean => {
    const bytes = encoder.encode(String.fromCodePoint(code));
    return runs.some(
      (run) => run.length === bytes.length && run.every(([a, b], i) => bytes[i]! >= a && bytes[i]! <= b),
    );
  };
  const wrong: string[] = [];
  for (let code = 0; code < 0x20000; code += code < 0x900 ? 1 : 7) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    if (matches(code) !== ranges.some(([low, high]) => code >= low && code <= high)) wrong.push(code.toString(16));
  }
  expect(wrong).toEqual([]);
});

describe('regex', () => {
  const alphabet = ['a', 'b', 'c', '0', '7', ' ', '-', 'é', '中', '😀', '\n'];
  it.each([
    'a*b',
    '(a|bc)+0?',
    '[^a]{2,3}',
    '\\d+(\\.\\d{1,2})?|-',
    '(?:a|b){2}c{0,2}',
    '[a-c中]*?\\s',
    '\\w\\W',
    '.+',
    '(a*)*b',
    '(?<x>ab)|\\u{1F600}\\x61',
    '[\\]\\-a]+',
    '',
  ])('/%s/ accepts what JavaScript matches', (pattern) => {
    const automaton = regex(pattern);
    const own = new RegExp(`^(?:${pattern})$`, 'u');
    let matched = 0;
    const wrong = new Set<string>();
    for (let i = 0; i < 3000; i++) {
      const length = Math.floor(uniformAt(1, i) * 6);
      const text = Array.from({ length }, (_, j) => alphabet[Math.floor(uniformAt(2, i, j) * alphabet.length)]).join(
        '',
      );
      if (accepts(automaton, text) !== own.test(text)) wrong.add(text);
      matched += +own.test(text);
    }
    expect([...wrong]).toEqual([]);
    expect(matched).toBeGreaterThan(0);
  });

  it.each([
    ['(?=a)', 'character 4: look-around'],
    ['(a)\\1', 'back references'],
    ['\\bword', 'word boundaries'],
    ['\\p{L}', 'Unicode properties'],
    ['a{3,1}', 'wrong order'],
    ['(a', 'not closed'],
    ['[a', 'not closed'],
    ['*a', 'nothing to repeat'],
    ['a$b', 'at the end only'],
    ['a{99999}', 'larger than'],
    ['((a{999}){999}){9}', 'multiply each other'],
  ])('%s is refused by name', (pattern, message) => {
    expect(() => regex(pattern)).toThrow(message);
  });
});

describe('GBNF', () => {
  it('reads rules, groups, classes, repetitions, comments and bars on the next line', () => {
    const arithmetic = gbnf(`
      # sums of numbers and parentheses
      root ::= sum "\\n"
      sum ::= term ( " + " term )*
      term ::= [0-9]{1,3} | "(" sum ")"
        | "\\x78" [^a-z\\]]?
    `);
    for (const good of ['1\n', '12 + (3 + x!)\n', '((x))\n']) expect(accepts(arithmetic, good), good).toBe(true);
    for (const bad of ['1', '1234\n', '(1\n', 'xy\n', '1 +\n', ')\n'])
      expect(accepts(arithmetic, bad), bad).toBe(false);
  });

  it('a list written as right recursion needs no depth', () => {
    const list = gbnf('root ::= "a" root | "b"');
    let at: Configuration | null = list.start;
    for (let i = 0; i < 10_000; i++) at = at && list.next(at, 0x61);
    expect(at!.need).toBe(1);
    expect(list.size).toBeLessThan(4);
  });

  it.each([
    ['root ::= "a" rest', 'line 1: the rule "rest" is not defined'],
    ['start ::= "a"', 'no rule "root"'],
    ['root ::= root "a" | "b"', 'the rule "root" begins with itself'],
    ['root ::= x "a"\nx ::= y root\ny ::= "b"?', 'begins with itself'],
    ['root ::= "a', 'not closed'],
    ['root ::= ("a"', 'parenthesis is not closed'],
    ['root "a"', '"::=" is missing'],
    ['root ::= "a"\nroot ::= "b"', 'line 2: the rule "root" is defined twice'],
    ['root ::= "a" root', 'no text fulfils it'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => gbnf(text)).toThrow(message);
  });
});

describe('JSON schema', () => {
  const person = schema({
    type: 'object',
    properties: {
      name: { type: 'string', maxLength: 4 },
      age: { type: 'integer', minimum: 0, maximum: 130 },
      tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 2 },
    },
    required: ['age'],
    additionalProperties: false,
  });
  it('accepts values in the order of the schema, with single spaces or lines', () => {
    for (const good of ['{"age":7}', '{"name": "Ada","age": 130}', '{\n  "age": 0,\n  "tags": ["a", "b"]\n}'])
      expect(accepts(person, good), good).toBe(true);
    const wrong = [
      '{}',
      '{"age":131}',
      '{"age":-1}',
      '{"name":"Grace","age":1}',
      '{"age":1,"x":2}',
      '{"age":1,"tags":["c"]}',
      '{"age":007}',
    ];
    for (const bad of wrong) expect(accepts(person, bad), bad).toBe(false);
  });

  it('counts characters, not bytes or escapes, and leaves halves of pairs out', () => {
    const two = schema({ type: 'string', minLength: 2, maxLength: 2 });
    for (const good of ['"ab"', '"中é"', '"😀\\n"', '"\\u00e9\\""']) expect(accepts(two, good), good).toBe(true);
    for (const bad of ['"a"', '"abc"', '"\\ud83d\\ude00"', '"a\n"']) expect(accepts(two, bad), bad).toBe(false);
  });

  it('undeclared properties are other ones than those declared', () => {
    const open = schema({
      type: 'object',
      properties: { ab: { const: 1 } },
      additionalProperties: { type: 'boolean' },
    });
    for (const good of ['{"ab":1}', '{"a":true}', '{"ab":1,"abc":false,"":true}', '{"b":true,"ac":true}'])
      expect(accepts(open, good), good).toBe(true);
    for (const bad of ['{"ab":true}', '{"x":true,"ab":false}', '{"\\u0061b":true}', '{"c":1}'])
      expect(accepts(open, bad), bad).toBe(false);
  });

  it.each([
    [{ minimum: -12, maximum: 105, type: 'integer' }, (n: number) => n >= -12 && n <= 105],
    [{ exclusiveMinimum: 9, maximum: 1000, type: 'integer' }, (n: number) => n > 9 && n <= 1000],
    [{ maximum: -3, type: 'integer' }, (n: number) => n <= -3],
    [{ minimum: 187, type: 'integer' }, (n: number) => n >= 187],
  ])('%j: every whole number within the bounds and none beyond', (bounds, inside) => {
    const automaton = schema(bounds);
    const all = Array.from({ length: 2401 }, (_, i) => i - 1200);
    expect(all.filter((n) => accepts(automaton, String(n)) !== inside(n))).toEqual([]);
  });

  it.each([
    { type: 'number', minimum: 0, maximum: 1 },
    { type: 'number', exclusiveMinimum: -2.5, exclusiveMaximum: 1 },
    { type: 'number', minimum: 0.25, exclusiveMaximum: 0.75 },
    { type: 'number', minimum: -0.031, maximum: -0.02 },
    { type: 'number', minimum: 99.5 },
  ])('%j: no number beyond the bounds', (bounds) => {
    const automaton = schema(bounds);
    const {
      minimum = -1e9,
      maximum = 1e9,
      exclusiveMinimum = -1e9,
      exclusiveMaximum = 1e9,
    } = bounds as unknown as Record<string, number>;
    let found = 0;
    const wrong: string[] = [];
    for (let n = -3000; n <= 3000; n++)
      for (const text of [String(n), (n / 10).toFixed(1), (n / 100).toFixed(2), (n / 1000).toFixed(3)]) {
        if (!accepts(automaton, text)) continue;
        found++;
        const x = Number(text);
        if (!(x >= minimum && x <= maximum && x > exclusiveMinimum && x < exclusiveMaximum)) wrong.push(text);
      }
    expect(wrong).toEqual([]);
    expect(found).toBeGreaterThan(0);
  });

  it('a list of very many values is read in one way at a time', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => `value-${i}😀`);
    const many = schema({ enum: [...values, 'value', ''] });
    for (const good of ['"value-19999😀"', '"value-7😀"', '"value"', '""'])
      expect(accepts(many, good), good).toBe(true);
    for (const bad of ['"value-20000😀"', '"value-7"', '"value-"', '"😀"']) expect(accepts(many, bad), bad).toBe(false);
    expect(many.start.stacks.length).toBe(1);
  });

  it('schemas that refer to themselves are read as deep as a text goes', () => {
    const tree = schema({
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: { next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
          required: ['next'],
          additionalProperties: false,
        },
      },
    });
    const nested = (depth: number): string => (depth === 0 ? 'null' : `{"next":${nested(depth - 1)}}`);
    expect(accepts(tree, nested(40))).toBe(true);
    expect(accepts(tree, nested(40).slice(0, -1))).toBe(false);
  });

  it.each([
    [{ type: 'array', uniqueItems: true }, 'json-schema #: the keyword "uniqueItems" is not supported'],
    [
      { type: 'object', properties: { a: { patternProperties: {} } } },
      'json-schema #/properties/a: the keyword "patternProperties" is not supported',
    ],
    [{ type: 'strnig' }, 'did you mean "string"'],
    [{ type: 'string', minimum: 1 }, '"minimum" is about numbers'],
    [{ type: 'number', multipleOf: 3 }, 'multipleOf'],
    [{ type: 'string', format: 'hostname' }, '"format" "hostname" is not supported'],
    [{ type: 'integer', minimum: 5, maximum: 4 }, 'no integer lies between'],
    [{ type: 'integer', exclusiveMinimum: 5, exclusiveMaximum: 6 }, 'no integer lies between'],
    [{ $ref: 'other.json' }, 'places inside the schema'],
    [{ $ref: '#/$defs/x' }, 'nothing there'],
    [{ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }, 'leads back to itself'],
    [{ oneOf: [{ type: 'integer' }, { type: 'number' }] }, 'may allow the same value'],
    [{ allOf: [{ minimum: 1, type: 'integer' }, { minimum: 2 }] }, 'two schemas of "allOf" say "minimum"'],
    [{ type: 'object', required: ['a'], properties: {}, additionalProperties: false }, '"required" names "a"'],
    [{ enum: [1, 2], type: 'string' }, 'no value of "enum"'],
    [false, 'allows no value'],
    [7, 'a schema is an object'],
    [{ type: 'object', properties: { a: false }, required: ['a'] }, 'allows no value'],
    [{ type: 'string', pattern: '(?!a)' }, '"pattern": regex'],
  ])('%j is refused: %s', (s, message) => {
    expect(() => schema(s)).toThrow(message);
  });

  it('what is no grammar is refused by name', () => {
    expect(() => grammarRules({ kind: 'json-shema', schema: {} } as unknown as Grammar)).toThrow(
      'did you mean "json-schema"',
    );
  });
});

describe('under a vocabulary', () => {
  // All single bytes, and tokens that cross the borders of a grammar.
  const longer = [
    '{"',
    '": ',
    '",',
    '}}',
    ']}',
    'true',
    'fal',
    'se',
    '12',
    '0.5',
    '\\n',
    'é',
    '中文',
    '{"a',
    '\n  ',
    '":"',
    'null',
  ];
  const bytes = [
    ...Array.from({ length: 256 }, (_, b) => Uint8Array.of(b)),
    ...longer.map((t) => encoder.encode(t)),
    undefined,
  ];
  const vocabulary = vocabularyOf(bytes);
  const end = bytes.length - 1;
  const decode = (ids: readonly number[]): string =>
    new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(ids.flatMap((id) => [...(bytes[id] ?? [])])));
  /** Tokens drawn with scores that depend on the seed and the place only. */
  function drawn(constraint: Constraint, seed: number, maxNewTokens: number): number[] {
    const rows = new ConstrainedRows(constraint, [end], maxNewTokens);
    const process = rows.around(() => {});
    const ids = [7, 7];
    const row = { ids, promptLength: 2 };
    while (ids.length < maxNewTokens + 2 && ids.at(-1) !== end && !rows.isOver(row)) {
      const scores = Float32Array.from(bytes, (_, id) => uniformAt(seed, ids.length, id));
      process(scores, row);
      ids.push(scores.reduce((best, x, id) => (x > scores[best]! ? id : best), 0));
    }
    return ids.slice(2).filter((id) => id !== end);
  }

  it('a token may follow exactly when its bytes may', () => {
    const rules = grammarRules('json');
    const constraint = new Constraint(rules, vocabulary);
    const automaton = new Automaton(rules);
    const wrong: string[] = [];
    for (const text of ['', '{', '{"', '{"a', '{"a"', '{"a": ', '[tr', '[1', '[1.', '{"中', '[0.5, {"a\\']) {
      let at = constraint.start;
      let own: Configuration | null = automaton.start;
      for (const byte of encoder.encode(text)) {
        at = constraint.after(at, byte)!;
        own = automaton.next(own!, byte);
      }
      const scores = new Float32Array(bytes.length);
      constraint.mask(scores, at, Number.POSITIVE_INFINITY, [end]);
      for (const [id, b] of bytes.entries()) {
        let next: Configuration | null = b ? own : null;
        for (const byte of b ?? []) next = next && automaton.next(next, byte);
        if (scores[id]! > Number.NEGATIVE_INFINITY !== (next !== null)) wrong.push(`${text}|${id}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('the text is complete within any limit that its shortest form fits, and refused below', () => {
    const constraint = new Constraint(
      grammarRules({
        kind: 'json-schema',
        schema: { type: 'array', minItems: 3, items: { type: 'string', minLength: 2 } },
      }),
      vocabulary,
    );
    expect(constraint.need).toBe('["ab","cd","ef"]'.length);
    for (let limit = constraint.need; limit < 60; limit += 3)
      for (let seed = 0; seed < 5; seed++) {
        const ids = drawn(constraint, seed, limit);
        expect(ids.length).toBeLessThanOrEqual(limit);
        expect(JSON.parse(decode(ids)).length).toBeGreaterThanOrEqual(3);
      }
    expect(() => new ConstrainedRows(constraint, [end], constraint.need - 1)).toThrow(
      'may need 16 tokens, 15 may be written',
    );
  });

  it('where the other processors remove all that is allowed, the grammar stands', () => {
    const constraint = new Constraint(grammarRules({ kind: 'regex', pattern: 'aa' }), vocabulary);
    const process = new ConstrainedRows(constraint, [end], 4).around((scores) =>
      scores.fill(Number.NEGATIVE_INFINITY, 0x61, 0x62),
    );
    const scores = Float32Array.from(bytes, (_, id) => -id);
    process(scores, { ids: [3], promptLength: 1 });
    expect([...scores.keys()].filter((id) => scores[id]! > Number.NEGATIVE_INFINITY)).toEqual([0x61]);
    expect(scores[0x61]).toBe(-0x61);
  });

  it('a vocabulary without all bytes writes only characters that it has, or is refused', () => {
    const letters = vocabularyOf([...'abc{}', 'ab', 'xy'].map((t) => encoder.encode(t)));
    const constraint = new Constraint(grammarRules({ kind: 'regex', pattern: '[a-z]{2}' }), letters);
    const scores = new Float32Array(7);
    constraint.mask(scores, constraint.start, 9, []);
    expect([...scores.keys()].filter((id) => scores[id] === 0)).toEqual([0, 1, 2, 5]); // x and y have no tokens of their own
    expect(() => new Constraint(grammarRules('json'), vocabularyOf(['a', 'b'].map((t) => encoder.encode(t))))).toThrow(
      'no text fulfils it with the characters that the vocabulary has',
    );
  });

  it('what was learnt is forgotten when there is too much of it, and texts go on', () => {
    const automaton = new Automaton(grammarRules('json'));
    let at: Configuration | null = automaton.start;
    for (const byte of encoder.encode('[[{"a":[1,')) at = automaton.next(at!, byte);
    automaton.forget();
    expect(automaton.size).toBe(1);
    for (const byte of encoder.encode('2]}]]')) at = at && automaton.next(at, byte);
    expect(at?.accepting).toBe(true);
    expect(accepts(automaton, '[1, {"b": null}]')).toBe(true);
  });

  it('errors are named', () => {
    try {
      grammarRules({ kind: 'regex', pattern: '(' });
      expect.unreachable();
    } catch (error) {
      expect(isYumoError(error) && error.code).toBe('CONFIG');
    }
  });
});
