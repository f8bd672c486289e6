// A flag for every field of a recipe, from the schema's own list.

import { type RecipeField, recipeFields } from '@yumo/train';
import { type Command, Option } from 'commander';
import type { Phrases } from './phrases/en.ts';

/** `learning-rate` → `learningRate`. */
const camelCase = (word: string): string => word.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

const paths: ReadonlySet<string> = new Set(recipeFields.map((f) => f.path));

/**
 * Brings the spellings of a field's flag to one: `--evaluate-every` becomes `--evaluateEvery`, and `--model.n_layer 4` becomes
 * `--set model.n_layer=4`, because config.json's fields differ by architecture and no list of flags has them.
 */
export function normalizeFlags(argv: readonly string[]): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const path = camelCase(name.slice(2));
    if (i >= end || !name.startsWith('--')) words.push(word);
    else if (name.startsWith('--model.') && !paths.has(name.slice(2)))
      words.push('--set', equals < 0 ? `${name.slice(2)}=${argv[++i] ?? ''}` : word.slice(2));
    else if (path !== name.slice(2) && paths.has(path)) words.push(`--${path}${equals < 0 ? '' : word.slice(equals)}`);
    else words.push(word);
  }
  return words;
}

const placeholder = ({ type, choices }: RecipeField): string => {
  if (choices) return '<name>';
  switch (type) {
    case 'boolean':
      return '[true|false]';
    case 'integer':
      return '<n>';
    case 'number':
      return '<x>';
    case 'list':
      return '<a,b>';
    default:
      return '<text>';
  }
};

/** What the help says of a field: its meaning, the kinds that have it, its choices and its default. */
export function fieldHelp({
  path,
  description,
  kinds,
  choices,
  default: fallback,
  defaults = {},
}: RecipeField): string {
  const notes = [
    ...(kinds ? [kinds.join(', ')] : []),
    ...(choices ? [choices.join(' | ')] : []),
    ...(fallback === undefined ? [] : [JSON.stringify(fallback)]),
    ...Object.entries(defaults).map(([kind, value]) => `${kind}: ${JSON.stringify(value)}`),
  ];
  // What each choice of a `kind` does fills a page.
  const text = choices && description.length > 200 ? `What each does: yumo recipe fields ${path}` : description;
  return [text, ...(notes.length > 0 ? [`(${notes.join('; ')})`] : [])].filter(Boolean).join(' ');
}

/**
 * Adds `--set field=value` and one flag a field to a command.
 * @returns the overrides, in the order of the command line, once it is parsed.
 */
export function addRecipeFlags(command: Command, phrases: Phrases): readonly string[] {
  const overrides: string[] = [];
  command.option('--set <field=value>', phrases.set, (text: string) => {
    overrides.push(text);
    return overrides;
  });
  for (const field of recipeFields)
    command.addOption(
      new Option(`--${field.path} ${placeholder(field)}`, fieldHelp(field))
        .argParser((value: string) => {
          overrides.push(`${field.path}=${value}`);
          return value;
        })
        .preset('true')
        .helpGroup('Recipe fields:'),
    );
  return overrides;
}
