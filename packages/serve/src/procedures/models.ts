// models: what is there to work with, and the recipes that would make more.

import { listRecipes } from '../recipes.ts';
import { procedure } from '../trpc.ts';

/** The models by name, the one that writes when none is named, and the recipes at hand. */
export const models = procedure.query(async ({ ctx }) => {
  const [list, recipes] = await Promise.all([ctx.models.list(), ctx.recipes ? listRecipes(ctx.recipes) : []]);
  const first = list.find((m) => m.problem === undefined && m.tasks.includes('write'));
  // What is trained already need not be trained first.
  const missing = await Promise.all(
    recipes.map(async (recipe) => {
      const there = await Promise.all(recipe.after.map((name) => ctx.models.folderOf(name)));
      return { ...recipe, after: recipe.after.slice(there.findLastIndex((folder) => folder !== undefined) + 1) };
    }),
  );
  return { models: list, default: first?.name ?? null, recipes: missing };
});
