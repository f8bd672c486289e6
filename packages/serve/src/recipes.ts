// Recipes of a folder, for pages that lack a model: which training would make one, and what it needs. Read without running anything.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from './tasks/open.ts';

export interface RecipeInfo {
  /** What `yumo train` calls it. */
  readonly name: string;
  readonly description: string;
  readonly task: Task;
  readonly languages: readonly string[];
  /** Files that the training reads, as the recipe names them. */
  readonly data: readonly string[];
}

/** Every .json directly in the folder that is a recipe, by name. */
export async function listRecipes(folder: string): Promise<RecipeInfo[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map(async (name) => describeRecipe(name.slice(0, -'.json'.length), await readFile(join(folder, name), 'utf8'))),
  );
  return found.filter((recipe) => recipe !== undefined);
}

type Json = Readonly<Record<string, unknown>>;
const record = (x: unknown): Json => (typeof x === 'object' && x !== null && !Array.isArray(x) ? { ...x } : {});
const strings = (x: unknown): string[] => (Array.isArray(x) ? x : [x]).filter((s) => typeof s === 'string');

function describeRecipe(name: string, text: string): RecipeInfo | undefined {
  let json: Json;
  try {
    json = record(JSON.parse(text));
  } catch {
    return undefined;
  }
  if (!json.model || !json.data) return undefined;
  const description = strings(json.description)[0] ?? '';
  const task = taskOf(strings(record(json.objective).kind)[0] ?? 'causal-lm', name, record(json.objective));
  return task && { name, description, task, languages: strings(json.language ?? ['en']), data: dataFiles(json.data) };
}

/** What a model trained for this objective is used for; undefined for those that no page uses (masked language models, vectors). */
function taskOf(objective: string, name: string, settings: Json): Task | undefined {
  if (/causal|instruct|chat/.test(objective)) return 'write';
  if (/answer|question|squad/.test(objective)) return 'ask';
  if (/token-class|tag|entit/.test(objective)) return 'tag';
  if (/class|label|regress/.test(objective)) return 'classify';
  if (/seq2seq|sequence-to-sequence|translat|summar/.test(objective)) {
    const hints = [objective, name, ...Object.values(settings).filter((v) => typeof v === 'string')].join(' ');
    return /summar|title|headline/i.test(hints) ? 'summarize' : 'translate';
  }
  return undefined;
}

/** Every file that the data part names, under whatever key (`files`, `train`, `validation` …). */
function dataFiles(data: unknown): string[] {
  const files = Object.entries(record(data)).flatMap(([key, v]) =>
    /^(?:files?|paths?|train\w*|validation\w*|dev\w*|test\w*|source|target)$/.test(key) && typeof v !== 'number'
      ? [...strings(v), ...(Array.isArray(v) ? [] : dataFiles(v))]
      : [],
  );
  return [...new Set(files)];
}
