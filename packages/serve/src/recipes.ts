// Recipes of a folder, for pages that lack a model: which training would make one, and what it needs. Read without running anything.

import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from './tasks/open.ts';

export interface RecipeInfo {
  /** What `yumo train` calls it. */
  readonly name: string;
  readonly description: string;
  /** The description in other languages, by code. */
  readonly translations: Readonly<Record<string, string>>;
  readonly task: Task;
  readonly languages: readonly string[];
  /** Files that the training reads, as the recipe names them. */
  readonly data: readonly string[];
  /** None of them lies beside the recipes: their folder has to be named. */
  readonly dataElsewhere: boolean;
  /** Recipes whose runs it starts from, the first one first. */
  readonly after: readonly string[];
}

/** Every .json directly in the folder that is a recipe, by name. */
export async function listRecipes(folder: string): Promise<RecipeInfo[]> {
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
  const read = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8').catch(() => '')));
  const recipes = new Map(files.map((file, i) => [file.slice(0, -'.json'.length), parse(read[i] ?? '')]));
  const found = [...recipes].map(async ([name, json]): Promise<RecipeInfo | undefined> => {
    const described = json && describeRecipe(name, json);
    if (!described) return undefined;
    const places = described.data.flatMap((file) => [join(folder, file), join(folder, 'data', file)]);
    const here = await Promise.all(places.map((path) => isThere(path.split('*')[0] ?? path)));
    return { ...described, dataElsewhere: places.length > 0 && !here.some(Boolean), after: before(name, recipes) };
  });
  return (await Promise.all(found)).filter((recipe) => recipe !== undefined);
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The chain of recipes that `init.from` names, the first one first. */
function before(name: string, recipes: ReadonlyMap<string, Json | undefined>): string[] {
  const chain: string[] = [];
  for (let at = name; ; ) {
    const from = strings(record(recipes.get(at)?.init).from)[0] ?? '';
    const next = /^runs\/([\w.-]+)$/.exec(from)?.[1];
    if (!next || !recipes.has(next) || next === name || chain.includes(next)) return chain;
    chain.unshift(next);
    at = next;
  }
}

type Json = Readonly<Record<string, unknown>>;
const record = (x: unknown): Json => (typeof x === 'object' && x !== null && !Array.isArray(x) ? { ...x } : {});
const strings = (x: unknown): string[] => (Array.isArray(x) ? x : [x]).filter((s) => typeof s === 'string');

function parse(text: string): Json | undefined {
  try {
    const json = record(JSON.parse(text));
    return json.model && json.data ? json : undefined;
  } catch {
    return undefined;
  }
}

function describeRecipe(name: string, json: Json): Omit<RecipeInfo, 'dataElsewhere' | 'after'> | undefined {
  const description = strings(json.description)[0] ?? '';
  const task = taskOf(strings(record(json.objective).kind)[0] ?? 'causal-lm', name, record(json.objective));
  const translations = Object.fromEntries(
    Object.entries(record(json.translations)).flatMap(([code, text]) =>
      typeof text === 'string' ? [[code, text]] : [],
    ),
  );
  const languages = strings(json.language ?? ['en']);
  return task && { name, description, translations, task, languages, data: dataFiles(json.data) };
}

/** What a model trained for this objective is used for; undefined for those that no page uses (masked language models, vectors). */
function taskOf(objective: string, name: string, settings: Json): Task | undefined {
  if (/causal|instruct|chat/.test(objective)) return 'write';
  if (/answer|question|squad/.test(objective)) return 'ask';
  if (/token-class|tag|entit/.test(objective)) return 'tag';
  if (/class|label|regress/.test(objective)) return 'classify';
  if (/seq2seq|sequence-to-sequence|translat|summar/.test(objective)) {
    const hints = [objective, name, ...Object.values(settings).filter((v) => typeof v === 'string')].join(' ');
    return /summar|title|headline|rouge/i.test(hints) ? 'summarize' : 'translate';
  }
  return undefined;
}

/** Every file that the data part names, under whatever key (`files`, `train`, `validation` …). */
function dataFiles(data: unknown): string[] {
  if (Array.isArray(data)) return data.flatMap((part) => (typeof part === 'string' ? [] : dataFiles(part)));
  const files = Object.entries(record(data)).flatMap(([key, v]) =>
    /^(?:files?|paths?|targets?|train\w*|validation|dev|test|source)$/.test(key)
      ? [...strings(v), ...dataFiles(v)]
      : [],
  );
  return [...new Set(files)];
}
