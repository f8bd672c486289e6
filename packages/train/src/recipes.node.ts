// The recipes of a folder, for lists and templates.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Recipe } from './recipe.ts';
import { loadRecipe } from './train.node.ts';

/** A recipe file, or why it is none. */
export type ListedRecipe =
  | { readonly path: string; readonly recipe: Recipe }
  | { readonly path: string; readonly problem: string };

/** Every .json directly in the folders that are there, by name. Modules are left out: listing must not run code. */
export async function listRecipes(folders: readonly string[]): Promise<ListedRecipe[]> {
  const paths: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    paths.push(...names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name)));
  }
  return Promise.all(
    paths.sort().map((path) =>
      loadRecipe(path).then(
        (recipe) => ({ path, recipe }),
        (error: unknown) => ({ path, problem: error instanceof Error ? error.message : String(error) }),
      ),
    ),
  );
}
