// What the schema of a recipe knows about its fields: help, overrides by dotted paths, and messages that name the nearest field.

import { suggestion, YumoError } from '@yumo/core';
import { z } from 'zod';
import { type Recipe, type RecipeInput, recipeSchema } from './recipe.ts';

type Json = Readonly<Record<string, unknown>>;

/** One field of a recipe, for `--help`, forms and overrides. */
export interface RecipeField {
  /** `optimizer.learningRate` */
  readonly path: string;
  readonly type: 'number' | 'integer' | 'boolean' | 'string' | 'list' | 'object';
  readonly description: string;
  readonly default?: unknown;
  /** Of kinds whose default is another; null: none. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  readonly choices?: readonly string[];
  /** Words that may stand for a number. */
  readonly words?: readonly string[];
  /** The values of the sibling `kind` that have this field; absent where all have it. */
  readonly kinds?: readonly string[];
}

/** The part of JSON Schema that zod emits for a recipe. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
}

const types: Readonly<Record<string, RecipeField['type']>> = {
  number: 'number',
  integer: 'integer',
  boolean: 'boolean',
  string: 'string',
  array: 'list',
  object: 'object',
};

function describeFields(schema: Schema, path: string, kinds: readonly string[] | undefined): RecipeField[] {
  if (schema.oneOf) return unionFields(schema.oneOf, path);
  if (schema.properties) {
    return Object.entries(schema.properties).flatMap(([name, field]) =>
      describeFields(field, path === '' ? name : `${path}.${name}`, kinds),
    );
  }
  // A number or a word for one, such as "all": the number is the type, the words are taken as well.
  const number = schema.anyOf?.find((s) => s.type === 'integer' || s.type === 'number');
  if (number) {
    const words = schema.anyOf!.flatMap((s) => s.const ?? []);
    const [field] = describeFields(
      { ...number, ...('description' in schema ? { description: schema.description } : {}) },
      path,
      kinds,
    );
    return [{ ...field!, words }];
  }
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  const items = schema.items?.properties ? describeFields(schema.items, `${path}.*`, kinds) : [];
  return [
    {
      path,
      type: types[schema.type ?? 'string'] ?? 'string',
      description: schema.description ?? '',
      ...(schema.default === undefined ? {} : { default: schema.default }),
      ...(choices ? { choices } : {}),
      ...(kinds ? { kinds } : {}),
    },
    ...items,
  ];
}

/** Fields of all variants, each once, with the kinds that have it. Help and default are those of the first, other defaults stand beside them. */
function unionFields(variants: readonly Schema[], path: string): RecipeField[] {
  const merged = new Map<string, RecipeField & { kinds: string[] }>();
  for (const variant of variants) {
    const kind = variant.properties?.kind?.const ?? '';
    for (const field of describeFields(variant, path, undefined)) {
      const known = merged.get(field.path);
      if (!known) merged.set(field.path, { ...field, kinds: [kind] });
      else {
        known.kinds.push(kind);
        const other = JSON.stringify(field.default) !== JSON.stringify(known.default);
        merged.set(field.path, {
          ...known,
          ...(other ? { defaults: { ...known.defaults, [kind]: field.default ?? null } } : {}),
          ...(field.choices && known.choices ? { choices: [...new Set([...known.choices, ...field.choices])] } : {}),
        });
      }
    }
  }
  return [...merged.values()].map((field) => {
    if (field.kinds.length < variants.length) return field;
    const { kinds: _all, ...rest } = field;
    if (field.path === `${path}.kind`)
      return {
        ...rest,
        description: variants
          .map((v) => `${v.properties?.kind?.const}: ${v.properties?.kind?.description ?? ''}`)
          .join(' '),
      };
    return rest;
  });
}

const root = z.toJSONSchema(recipeSchema, { io: 'input' }) as Schema; // zod's type is wider than what this schema can emit

/** Fields of the items of lists follow their list: `groups.*.match`. */
const allFields: readonly RecipeField[] = describeFields(root, '', undefined);

/** Every field of a recipe that has one value, in the order of the schema. */
export const recipeFields: readonly RecipeField[] = allFields.filter((f) => !f.path.includes('*'));

/** Fields of the items of lists, `*` standing for the number of the item: `groups.*.match`. */
export const recipeItemFields: readonly RecipeField[] = allFields.filter((f) => f.path.includes('*'));

/** `groups.0.match` → `groups.*.match` */
const general = (path: string): string => path.replace(/\.\d+(?=\.|$)/g, '.*');

/** Names that may stand directly under a path: of the variant that is chosen there, where one is. */
function namesUnder(path: string, kind: unknown): string[] {
  const prefix = path === '' ? '' : `${general(path)}.`;
  return [
    ...new Set(
      allFields
        .filter((f) => f.path.startsWith(prefix) && (!f.kinds || typeof kind !== 'string' || f.kinds.includes(kind)))
        .map((f) => f.path.slice(prefix.length).split('.')[0]!),
    ),
  ];
}

/**
 * Checks a recipe and fills in its defaults.
 * @param who where it came from, for messages: a file name.
 * @throws YumoError `CONFIG` listing everything that is wrong; an unknown field or kind is answered with the nearest.
 */
export function parseRecipe(input: unknown, who = 'recipe'): Recipe {
  const parsed = recipeSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => problem(issue, input));
  throw new YumoError('CONFIG', `${who}: ${problems.join('; ')}`, { problems });
}

function problem(issue: z.core.$ZodIssue, input: unknown): string {
  const path = issue.path.join('.');
  const given = at(input, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const kind = typeof given === 'object' && given !== null ? (given as Json).kind : undefined;
    const names = namesUnder(path, kind);
    return issue.keys
      .map((key) => {
        const full = path === '' ? key : `${path}.${key}`;
        return `unknown field "${full}"${suggestion(key, names) || `; ${path || 'a recipe'} has ${names.join(', ')}`}`;
      })
      .join('; ');
  }
  if (issue.code === 'invalid_union' && issue.discriminator) {
    const kinds = recipeFields.find((f) => f.path === path)?.choices ?? [];
    if (given === undefined) return `"${path}" is missing; one of ${kinds.join(', ')}`;
    return `"${path}" is ${JSON.stringify(given)}${suggestion(String(given), kinds)}${suggestion(String(given), kinds) ? '' : ';'} one of ${kinds.join(', ')}`;
  }
  if (given === undefined) return `"${path}" is missing (${help(path)})`;
  return `"${path}" is ${JSON.stringify(given)}: ${issue.message.replace(/^Invalid input: /, '')} (${help(path)})`;
}

const help = (path: string): string =>
  allFields.find((f) => f.path === general(path))?.description.replace(/\.$/, '') || path;

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((x, key) => (x as Record<PropertyKey, unknown> | undefined | null)?.[key], input);
}

/** A recipe as TypeScript: checked by the compiler, completed when the module loads. @throws YumoError `CONFIG` */
export const defineRecipe = (recipe: RecipeInput): Recipe => parseRecipe(recipe, `recipe ${recipe.name}`);

/**
 * Applies overrides such as `optimizer.learningRate=3e-4`, `steps=10` or `model.n_layer=2` to a recipe as it is in the file.
 * Setting another `kind` drops the other kind's fields.
 * @throws YumoError `CONFIG` for an unknown path or a value of the wrong type.
 */
export function applyOverrides(recipe: unknown, overrides: readonly string[]): Json {
  const result = structuredClone(recipe) as Record<string, unknown>;
  for (const override of overrides) {
    const equals = override.indexOf('=');
    if (equals < 1) throw new YumoError('CONFIG', `override "${override}": write it as field=value`, { override });
    set(result, override.slice(0, equals).trim(), override.slice(equals + 1).trim());
  }
  return result;
}

/** @param path `data.train.0.onBadRow` of one item of a list, `data.train.*.onBadRow` of all */
function set(recipe: Record<string, unknown>, path: string, text: string): void {
  const field = allFields.find((f) => f.path === general(path));
  const free = path.startsWith('model.');
  if (!field && !free) {
    const paths = allFields.map((f) => f.path);
    const leaves = paths.filter((p) => p.split('.').at(-1) === path.split('.').at(-1));
    const hint =
      leaves.length > 0
        ? `; did you mean "${leaves[0]}"?`
        : suggestion(general(path), paths) || '; see `yumo train --help`';
    throw new YumoError('CONFIG', `override "${path}=${text}": unknown field${hint}`, { path });
  }
  const keys = path.split('.');
  const last = keys.pop()!;
  let target = recipe;
  for (const [at, key] of keys.entries()) {
    if (!free && /^(?:\*|\d+)$/.test(key)) {
      const numbers = Array.isArray(target) ? Object.keys(target) : [];
      if (key === '*' && numbers.length > 0) {
        for (const number of numbers) set(recipe, [...keys.with(at, number), last].join('.'), text);
        return;
      }
      if (!numbers.includes(key))
        throw new YumoError(
          'CONFIG',
          `override "${path}=${text}": ${keys.slice(0, at).join('.')} has ${numbers.length} items${numbers.length > 0 ? ', numbered from 0' : ''}`,
          { path },
        );
    }
    const next = target[key];
    // An absent part is the one that its default names: `optimizer.beta2` without an optimizer is AdamW's.
    if (typeof next !== 'object' || next === null)
      target[key] = target === recipe ? structuredClone(root.properties?.[key]?.default ?? {}) : {};
    target = target[key] as Record<string, unknown>; // just made an object where it was none
  }
  const parsed = field && !free ? parseValue(path, field, text) : parseFree(text);
  if (last === 'kind' && target.kind !== parsed) for (const key of Object.keys(target)) delete target[key];
  target[last] = parsed;
}

function parseValue(path: string, field: RecipeField, text: string): unknown {
  const wrong = (expected: string): never => {
    throw new YumoError('CONFIG', `override "${path}=${text}": expected ${expected}`, { path, text });
  };
  switch (field.type) {
    case 'number':
    case 'integer': {
      if (field.words?.includes(text)) return text;
      const number = text === '' ? Number.NaN : Number(text);
      if (!Number.isFinite(number)) return wrong('a number');
      return field.type === 'integer' && !Number.isInteger(number) ? wrong('a whole number') : number;
    }
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : wrong('true or false');
    case 'list':
      return text.startsWith('[') ? parseFree(text) : text === '' ? [] : text.split(',').map((s) => s.trim());
    case 'object':
      return parseFree(text);
    default:
      return text;
  }
}

/** Fields of config.json have no schema here: JSON where it is JSON, else text. */
function parseFree(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
