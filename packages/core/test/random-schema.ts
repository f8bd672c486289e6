// JSON schemas drawn at random from all that the grammar engine says it supports.

import { uniformAt } from '../src/generate/sampling.ts';

type Schema = Record<string, unknown>;

/** A schema that depends on the seed only. */
export function randomSchema(seed: number): Schema {
  let count = 0;
  const uniform = (): number => uniformAt(seed, count++);
  const below = (n: number): number => Math.floor(uniform() * n);
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const chance = (p: number): boolean => uniform() < p;
  const definitions: Schema = {};
  const names = ['a', 'b', 'ab', 'name', 'größe', 'x"y', 'z\\', '中', ''];

  const string = (): Schema => {
    const kind = below(4);
    if (kind === 0) return { type: 'string' };
    if (kind === 1) {
      const minLength = below(4);
      return { type: 'string', minLength, ...(chance(0.6) ? { maxLength: minLength + below(6) } : {}) };
    }
    if (kind === 2) return { type: 'string', format: one(['date', 'time', 'date-time', 'uuid', 'ipv4', 'email']) };
    return {
      type: 'string',
      pattern: one(['^[a-c]{2,4}$', 'x', '^"\\d+"$', '^(é|中)*$', '\\\\', '^$|ok$', '^\\S+@\\S+$']),
    };
  };
  const number = (): Schema => {
    const type = one(['integer', 'number']);
    const low = below(200) - 100;
    const width = 1 + below(120);
    const bounds: Schema = {};
    if (chance(0.5))
      bounds[chance(0.5) ? 'minimum' : 'exclusiveMinimum'] = type === 'number' && chance(0.5) ? low / 8 : low;
    if (chance(0.5)) bounds[chance(0.5) ? 'maximum' : 'exclusiveMaximum'] = low + 1 + width;
    return { type, ...bounds };
  };
  const value = (depth: number): Schema | boolean => {
    const kind = below(depth > 0 ? 12 : 6);
    switch (kind) {
      case 0:
        return string();
      case 1:
        return number();
      case 2:
        return { type: one(['boolean', 'null']) };
      case 3:
        return { enum: [one([1, 'yes', null, true, -0.5]), one(['no "x"', 'ünï', 7, [1, { a: 2 }]]), 'z'] };
      case 4:
        return { const: one<unknown>(['fixed', 3, [], { deep: { er: [1] } }, 'line\nend']) };
      case 5:
        return { type: ['string', 'null', one(['integer', 'number'])] };
      case 6:
      case 7:
        return object(depth);
      case 8:
        return array(depth);
      case 9:
        return chance(0.2) ? true : { anyOf: [value(depth - 1), value(depth - 1), value(depth - 1)] };
      case 10: {
        const name = `d${Object.keys(definitions).length}`;
        definitions[name] = {}; // its place is taken before it is filled
        definitions[name] = value(depth - 1);
        return { $ref: `#/$defs/${name}` };
      }
      default:
        return {
          oneOf: ['s', 't'].map((tag) => ({
            type: 'object',
            properties: { kind: { const: tag }, of: value(depth - 1) },
            required: ['kind'],
            additionalProperties: false,
          })),
        };
    }
  };
  function object(depth: number): Schema {
    const own = names.filter(() => chance(0.35));
    const properties = Object.fromEntries(own.map((name) => [name, value(depth - 1)]));
    const required = own.filter(() => chance(0.5));
    if (chance(0.1)) required.push('extra');
    const more = chance(0.3) ? value(0) : chance(0.5) || required.includes('extra') ? undefined : false;
    return {
      type: 'object',
      ...(own.length > 0 || chance(0.5) ? { properties } : {}),
      required,
      ...(more === undefined ? {} : { additionalProperties: more }),
    };
  }
  function array(depth: number): Schema {
    const minItems = below(3);
    const bounds = { minItems, ...(chance(0.5) ? { maxItems: minItems + below(3) } : {}) };
    if (chance(0.3)) {
      const prefixItems = [value(depth - 1), value(depth - 1)];
      return { type: 'array', prefixItems, ...(chance(0.5) ? { items: value(0) } : { minItems: 2, items: false }) };
    }
    return chance(0.2) ? { type: 'array', ...bounds } : { type: 'array', items: value(depth - 1), ...bounds };
  }
  const root = value(3);
  const whole: Schema = typeof root === 'boolean' ? { type: 'object' } : root;
  return Object.keys(definitions).length > 0 ? { ...whole, $defs: definitions } : whole;
}
