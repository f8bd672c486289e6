// JSON Schema (2020-12, and the names of older drafts) as a grammar. What it cannot express is refused by name, never left out.

import { suggestion, YumoError } from '../../errors.ts';
import { choice, type Expression, literal, oneOf, type Rules, repeat, rule, sequence } from './expression.ts';
import {
  anyValue,
  character,
  comma,
  enclosed,
  inString,
  integersBetween,
  jsonRules,
  keyed,
  listOf,
  noneOf,
  numberForm,
  numbersBetween,
  quoted,
  text,
} from './json.ts';
import { regexExpression } from './regex.ts';

type Schema = Readonly<Record<string, unknown>>;

/** They say nothing about which values are right. */
const annotations = [
  '$schema',
  '$id',
  '$anchor',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  'contentEncoding',
  'contentMediaType',
];
const types = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] as const;
type Type = (typeof types)[number];
/** Keywords, and the types that they are about; none where they are about any. */
const keywords: Readonly<Record<string, Type | undefined>> = {
  ...{
    type: undefined,
    enum: undefined,
    const: undefined,
    anyOf: undefined,
    oneOf: undefined,
    allOf: undefined,
    $ref: undefined,
  },
  ...{ properties: 'object', required: 'object', additionalProperties: 'object' },
  ...{ items: 'array', prefixItems: 'array', minItems: 'array', maxItems: 'array', uniqueItems: 'array' },
  ...{ minLength: 'string', maxLength: 'string', pattern: 'string', format: 'string' },
  ...{
    minimum: 'number',
    maximum: 'number',
    exclusiveMinimum: 'number',
    exclusiveMaximum: 'number',
    multipleOf: 'number',
  },
};

const formats: Readonly<Record<string, string>> = {
  date: '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])',
  time: '([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\dZ',
  'date-time': '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\\d|2[0-8])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\dZ',
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  ipv4: '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)(\\.(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)){3}',
  email: '[a-z0-9]{1,30}(\\.[a-z0-9]{1,20})?@[a-z0-9]{1,30}(\\.[a-z0-9]{1,20})?\\.[a-z]{2,10}',
};

/**
 * The values that a schema allows, written as JSON. Narrower than the schema in three things: properties come in the order in which the schema
 * names them, others only where `additionalProperties` is said, and strings are escaped only where they must be.
 * @throws YumoError `CONFIG` naming the keyword and its place, for what is not supported, contradicts itself or is no schema.
 */
export function jsonSchemaRules(schema: unknown): Rules {
  const compiler = new Compiler(schema);
  const rules = new Map(Object.entries(jsonRules));
  for (const [name, e] of compiler.all()) rules.set(name, e);
  return { rules, start: '#' };
}

class Compiler {
  readonly #root: unknown;
  readonly #rules = new Map<string, Expression>();
  /** Places of the schema that are referred to and not compiled yet. */
  readonly #open: string[] = ['#'];
  readonly #asked = new Set<string>(['#']);

  constructor(root: unknown) {
    this.#root = root;
  }

  all(): ReadonlyMap<string, Expression> {
    for (let place = this.#open.pop(); place !== undefined; place = this.#open.pop())
      this.#rules.set(place, this.#schema(this.#at(place), place));
    return this.#rules;
  }

  #fail(place: string, what: string): never {
    throw new YumoError('CONFIG', `json-schema ${place}: ${what}`, { place });
  }

  /** A rule for the schema at a place, compiled once. */
  #refer(place: string): Expression {
    if (!this.#asked.has(place)) {
      this.#asked.add(place);
      this.#open.push(place);
    }
    return rule(place);
  }

  /** What a JSON pointer leads to. */
  #at(pointer: string): unknown {
    let found: unknown = this.#root;
    for (const part of pointer.split('/').slice(1)) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      const has = typeof found === 'object' && found !== null && Object.hasOwn(found, key);
      if (!has) this.#fail(pointer, 'nothing there');
      found = (found as Readonly<Record<string, unknown>>)[key]; // an object or a list, as just seen
    }
    return found;
  }

  #schema(schema: unknown, place: string): Expression {
    if (schema === true) return anyValue;
    if (schema === false) this.#fail(place, 'allows no value');
    if (!isObject(schema)) this.#fail(place, `a schema is an object, true or false, not ${JSON.stringify(schema)}`);
    const known = [...Object.keys(keywords), ...annotations];
    for (const name of Object.keys(schema))
      if (!known.includes(name))
        this.#fail(place, `the keyword "${name}" is not supported${suggestion(name, Object.keys(keywords))}`);
    if (schema.$ref !== undefined) return this.#reference(schema, place);
    if (schema.allOf !== undefined) return this.#schema(this.#merged(schema, place), place);
    if (schema.const !== undefined || schema.enum !== undefined) return this.#listed(schema, place);
    if (schema.anyOf !== undefined || schema.oneOf !== undefined) return this.#either(schema, place);
    const asked = this.#types(schema, place);
    return choice(...asked.map((type) => this.#typed(type, schema, place)));
  }

  #reference(schema: Schema, place: string): Expression {
    this.#alone(schema, place, '$ref');
    const { $ref } = schema;
    if (typeof $ref !== 'string' || !($ref === '#' || $ref.startsWith('#/')))
      this.#fail(place, `"$ref" ${JSON.stringify($ref)}: places inside the schema are supported, as #/$defs/name`);
    this.#at($ref);
    // A reference to a reference to itself has no value.
    const seen = new Set([place]);
    for (let to: unknown = $ref; typeof to === 'string'; ) {
      if (seen.has(to)) this.#fail(place, `"$ref" leads back to itself: ${[...seen].join(' → ')}`);
      seen.add(to);
      const target = this.#at(to);
      to = isObject(target) ? target.$ref : undefined;
    }
    return this.#refer($ref);
  }

  /** Nothing but annotations may stand beside a keyword. */
  #alone(schema: Schema, place: string, keyword: string, ...also: readonly string[]): void {
    const other = Object.keys(schema).find((k) => k !== keyword && !annotations.includes(k) && !also.includes(k));
    if (other) this.#fail(place, `"${other}" beside "${keyword}" is not supported`);
  }

  #types(schema: Schema, place: string): readonly Type[] {
    const given = schema.type;
    if (given === undefined) {
      // Without a type the keywords tell which one is meant.
      const about = new Set(Object.keys(schema).flatMap((k) => keywords[k] ?? []));
      if (about.size === 1) return [...about];
      if (about.size > 1) this.#fail(place, `"type" is missing; the keywords are about ${[...about].join(' and ')}`);
      return types.filter((t) => t !== 'integer');
    }
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (list.length === 0) this.#fail(place, '"type" lists none');
    for (const t of list)
      if (!types.some((known) => known === t))
        this.#fail(place, `"type" ${JSON.stringify(t)}${suggestion(String(t), types)}; known: ${types.join(', ')}`);
    const asked = types.filter((t) => list.includes(t));
    for (const [name, about] of Object.entries(keywords))
      if (
        schema[name] !== undefined &&
        about &&
        !asked.some((t) => t === about || (t === 'integer' && about === 'number'))
      )
        this.#fail(place, `"${name}" is about ${about}s, "type" is ${JSON.stringify(given)}`);
    return asked.includes('number') ? asked.filter((t) => t !== 'integer') : asked;
  }

  #typed(type: Type, schema: Schema, place: string): Expression {
    switch (type) {
      case 'null':
        return literal('null');
      case 'boolean':
        return choice(literal('true'), literal('false'));
      case 'string':
        return this.#string(schema, place);
      case 'number':
      case 'integer':
        return this.#number(schema, place, type);
      case 'array':
        return this.#array(schema, place);
      case 'object':
        return this.#object(schema, place);
    }
  }

  #listed(schema: Schema, place: string): Expression {
    this.#alone(schema, place, schema.const === undefined ? 'enum' : 'const', 'type');
    const given: unknown = schema.const === undefined ? schema.enum : [schema.const];
    if (!Array.isArray(given) || given.length === 0) this.#fail(place, '"enum" must list at least one value');
    const allowed: readonly unknown[] | undefined =
      schema.type === undefined ? undefined : Array.isArray(schema.type) ? schema.type : [schema.type];
    const values = given.filter(
      (v) => !allowed || allowed.includes(typeOf(v)) || (typeOf(v) === 'integer' && allowed.includes('number')),
    );
    if (values.length === 0) this.#fail(place, `no value of "enum" has the type ${JSON.stringify(schema.type)}`);
    return oneOf(values.map((v) => JSON.stringify(v)));
  }

  #either(schema: Schema, place: string): Expression {
    const name = schema.anyOf === undefined ? 'oneOf' : 'anyOf';
    this.#alone(schema, place, name);
    const options = schema[name];
    if (!Array.isArray(options) || options.length === 0) this.#fail(place, `"${name}" must list at least one schema`);
    if (name === 'oneOf')
      for (const [i, a] of options.entries())
        for (const b of options.slice(0, i))
          if (!this.#apart(a, b, new Set()))
            this.#fail(
              place,
              `two schemas of "oneOf" may allow the same value; tell them apart by type or by a required property with different "const", or write "anyOf"`,
            );
    return choice(...options.map((_, i) => this.#refer(`${place}/${name}/${i}`)));
  }

  /** True when no value is right by both: different types, different values, or a required property that sets them apart. */
  #apart(a: unknown, b: unknown, seen: Set<unknown>): boolean {
    const [x, y] = [this.#followed(a), this.#followed(b)];
    if (!isObject(x) || !isObject(y) || seen.has(x)) return false;
    seen.add(x);
    const values = (s: Schema): unknown[] | undefined =>
      s.const !== undefined ? [s.const] : Array.isArray(s.enum) ? s.enum : undefined;
    const kinds = (s: Schema): string[] | undefined => {
      const listed = values(s)?.map(typeOf);
      const given = s.type === undefined ? undefined : Array.isArray(s.type) ? s.type.map(String) : [String(s.type)];
      return (listed ?? given)?.map((t) => (t === 'integer' ? 'number' : t));
    };
    const [ka, kb] = [kinds(x), kinds(y)];
    if (ka && kb && !ka.some((k) => kb.includes(k))) return true;
    const [va, vb] = [values(x), values(y)];
    if (va && vb) return !va.some((v) => vb.some((w) => JSON.stringify(v) === JSON.stringify(w)));
    const properties = (s: Schema): Schema => (isObject(s.properties) ? s.properties : {});
    const needed = (s: Schema): readonly unknown[] => (Array.isArray(s.required) ? s.required : []);
    return Object.entries(properties(x)).some(
      ([name, own]) =>
        needed(x).includes(name) && needed(y).includes(name) && this.#apart(own, properties(y)[name], seen),
    );
  }

  #followed(schema: unknown): unknown {
    let found = schema;
    for (let hops = 0; isObject(found) && typeof found.$ref === 'string' && hops < 100; hops++)
      found = this.#at(found.$ref);
    return found;
  }

  /** `allOf` of schemas that say different things: one schema that says all of them. */
  #merged(schema: Schema, place: string): Schema {
    const { allOf, ...own } = schema;
    if (!Array.isArray(allOf) || allOf.length === 0) this.#fail(place, '"allOf" must list at least one schema');
    const merged: Record<string, unknown> = { ...own };
    for (const part of allOf) {
      const said = this.#followed(part);
      if (!isObject(said)) this.#fail(place, '"allOf" of true or false is not supported');
      for (const [name, v] of Object.entries(said)) {
        const before = merged[name];
        if (annotations.includes(name) && name !== '$defs' && name !== 'definitions') continue;
        if (before === undefined || JSON.stringify(before) === JSON.stringify(v)) merged[name] = v;
        else if (name === 'required' && Array.isArray(before) && Array.isArray(v))
          merged[name] = [...new Set([...before, ...v])];
        else if (name === 'properties' && isObject(before) && isObject(v)) {
          const both = Object.keys(before).find((k) => k in v && JSON.stringify(before[k]) !== JSON.stringify(v[k]));
          if (both !== undefined) this.#fail(place, `two schemas of "allOf" describe the property "${both}"`);
          merged[name] = { ...before, ...v };
        } else this.#fail(place, `two schemas of "allOf" say "${name}"`);
      }
    }
    return merged;
  }

  /** A whole number ≥ 0. */
  #count(schema: Schema, place: string, name: string, fallback: number): number {
    const given = schema[name];
    if (given === undefined) return fallback;
    if (typeof given !== 'number' || !Number.isInteger(given) || given < 0)
      this.#fail(place, `"${name}" must be a whole number, 0 or more, not ${JSON.stringify(given)}`);
    return given;
  }

  #bounds(schema: Schema, place: string, low: string, high: string): [number, number] {
    const [min, max] = [this.#count(schema, place, low, 0), this.#count(schema, place, high, Number.POSITIVE_INFINITY)];
    if (min > max) this.#fail(place, `"${low}" ${min} is above "${high}" ${max}`);
    return [min, max];
  }

  #string(schema: Schema, place: string): Expression {
    const { pattern, format } = schema;
    const [min, max] = this.#bounds(schema, place, 'minLength', 'maxLength');
    const counted = min > 0 || max !== Number.POSITIVE_INFINITY;
    if ([pattern !== undefined, format !== undefined, counted].filter(Boolean).length > 1)
      this.#fail(place, '"pattern", "format" and lengths together are not supported; say the lengths in the pattern');
    if (pattern !== undefined) {
      if (typeof pattern !== 'string') this.#fail(place, '"pattern" must be a string');
      try {
        return quoted(inString(regexExpression(pattern, { whole: false })));
      } catch (error) {
        if (error instanceof YumoError) this.#fail(place, `"pattern": ${error.message}`);
        throw error;
      }
    }
    if (format !== undefined) {
      const known = typeof format === 'string' && Object.hasOwn(formats, format) ? formats[format] : undefined;
      if (!known)
        this.#fail(
          place,
          `"format" ${JSON.stringify(format)} is not supported${suggestion(String(format), Object.keys(formats))}; known: ${Object.keys(formats).join(', ')}`,
        );
      return quoted(regexExpression(known, { whole: true }));
    }
    return counted ? quoted(repeat(character, min, max)) : text;
  }

  #number(schema: Schema, place: string, type: 'number' | 'integer'): Expression {
    const bound = (name: string): number | undefined => {
      const given = schema[name];
      if (given !== undefined && (typeof given !== 'number' || !Number.isFinite(given)))
        this.#fail(place, `"${name}" must be a number, not ${JSON.stringify(given)}`);
      return given as number | undefined; // as just checked
    };
    const [atLeast, above] = [bound('minimum'), bound('exclusiveMinimum')];
    const [atMost, below] = [bound('maximum'), bound('exclusiveMaximum')];
    const strict = {
      low: above !== undefined && above >= (atLeast ?? Number.NEGATIVE_INFINITY),
      high: below !== undefined && below <= (atMost ?? Number.POSITIVE_INFINITY),
    };
    const low = (strict.low ? above : atLeast) ?? Number.NEGATIVE_INFINITY;
    const high = (strict.high ? below : atMost) ?? Number.POSITIVE_INFINITY;
    const whole = type === 'integer' || schema.multipleOf === 1;
    if (schema.multipleOf !== undefined && schema.multipleOf !== 1)
      this.#fail(place, '"multipleOf" is supported for 1 only');
    if (low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY && !whole) return numberForm;
    const found = whole ? this.#integers(low, high, strict) : numbersBetween(low, high, strict);
    if (!found) this.#fail(place, `no ${type} lies between the bounds`);
    return found;
  }

  #integers(low: number, high: number, strict: { low: boolean; high: boolean }): Expression | undefined {
    const from = strict.low && Number.isInteger(low) ? low + 1 : Math.ceil(low);
    const to = strict.high && Number.isInteger(high) ? high - 1 : Math.floor(high);
    return from > to ? undefined : integersBetween(from, to);
  }

  #array(schema: Schema, place: string): Expression {
    if (schema.uniqueItems !== undefined && schema.uniqueItems !== false)
      this.#fail(place, 'the keyword "uniqueItems" is not supported');
    const [min, max] = this.#bounds(schema, place, 'minItems', 'maxItems');
    // Before 2020 a list under `items` was what `prefixItems` is.
    const firstKey = Array.isArray(schema.items) ? 'items' : 'prefixItems';
    const first: unknown = schema[firstKey] ?? [];
    if (!Array.isArray(first)) this.#fail(place, '"prefixItems" must be a list');
    const rest = firstKey === 'items' ? undefined : schema.items;
    const element = rest === undefined ? anyValue : rest === false ? undefined : this.#refer(`${place}/items`);
    if (first.length === 0) return enclosed('[', element ? listOf(element, min, max) : this.#none(min, place), ']');
    if (!element && min > first.length) this.#fail(place, `"minItems" ${min} is more than there can be`);
    // Right to left: after element i the list ends, or goes on.
    const count = Math.min(first.length, max);
    const after =
      element && max > first.length
        ? repeat(sequence(comma, element), Math.max(0, min - first.length), max - first.length)
        : sequence();
    let tail = after;
    for (let i = count - 1; i >= 0; i--) {
      const own = this.#refer(`${place}/${firstKey}/${i}`);
      const here = sequence(...(i > 0 ? [comma] : []), own, tail);
      tail = i >= min ? choice(sequence(), here) : here;
    }
    return enclosed('[', tail, ']');
  }

  #none(min: number, place: string): Expression {
    if (min > 0) this.#fail(place, `"minItems" is ${min}, "items" allows none`);
    return sequence();
  }

  #object(schema: Schema, place: string): Expression {
    const properties = schema.properties ?? {};
    const required: unknown = schema.required ?? [];
    if (!isObject(properties)) this.#fail(place, '"properties" must be an object');
    if (!Array.isArray(required) || !required.every((r) => typeof r === 'string'))
      this.#fail(place, '"required" must be a list of names');
    const others = schema.additionalProperties ?? schema.properties === undefined;
    const otherValue = (): Expression =>
      others === true || schema.additionalProperties === undefined
        ? anyValue
        : this.#refer(`${place}/additionalProperties`);
    const declared = Object.keys(properties);
    const undeclared = (required as string[]).filter((name) => !declared.includes(name)); // strings, as just checked
    if (undeclared.length > 0 && schema.additionalProperties === false)
      this.#fail(
        place,
        `"required" names "${undeclared[0]}", which "properties" does not describe and "additionalProperties" forbids`,
      );
    const members = [
      ...declared.map((name) => ({
        name,
        needed: (required as string[]).includes(name),
        value: (): Expression => this.#refer(`${place}/properties/${pointed(name)}`),
      })),
      ...undeclared.map((name) => ({ name, needed: true, value: otherValue })),
    ].filter(({ name, needed }) => needed || properties[name] !== false);
    const names = members.map((m) => m.name).concat(declared);
    const pair = keyed(quoted(noneOf(names)), others === false ? anyValue : otherValue());
    const more = others === false ? undefined : pair;
    // Rules from the last member to the first, each in two forms: as the first one that is written, and after others.
    const form = (i: number, written: boolean): string => `${place}·${i}${written ? ',' : ''}`;
    for (const written of [true, false])
      this.#rules.set(
        form(members.length, written),
        more ? (written ? repeat(sequence(comma, more), 0) : listOf(more)) : sequence(),
      );
    for (let i = members.length - 1; i >= 0; i--) {
      const { name, needed, value } = members[i]!;
      const own = keyed(literal(JSON.stringify(name)), value());
      for (const written of [true, false]) {
        const here = sequence(...(written ? [comma] : []), own, rule(form(i + 1, true)));
        this.#rules.set(form(i, written), needed ? here : choice(here, rule(form(i + 1, written))));
      }
    }
    return enclosed('{', rule(form(0, false)), '}');
  }
}

const isObject = (x: unknown): x is Schema => typeof x === 'object' && x !== null && !Array.isArray(x);
const pointed = (name: string): string => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));

function typeOf(v: unknown): string {
  if (v === null) return 'null';
  if (Array.isArray(v)) return 'array';
  return typeof v === 'number' ? (Number.isInteger(v) ? 'integer' : 'number') : typeof v;
}
