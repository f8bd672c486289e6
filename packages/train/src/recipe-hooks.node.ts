// Hooks of Node's module loader for recipes that are modules: they find yumo wherever they lie, and may be called .ts.

import { readFile } from 'node:fs/promises';
import type { LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';

/** `@yumo/train` is found beside a recipe first, as any module; else it is the one that loads the recipe. */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    if (!specifier.startsWith('@yumo/')) throw error;
    return nextResolve(specifier, { ...context, parentURL: import.meta.url });
  }
};

/** Older Node refuses the ending .ts. A recipe without type annotations is JavaScript all the same: `defineRecipe` brings the types. */
export const load: LoadHook = async (url, context, nextLoad) => {
  const removesTypes = 'typescript' in process.features && process.features.typescript !== false;
  if (!url.endsWith('.ts') || removesTypes) return nextLoad(url, context);
  return { format: 'module', source: await readFile(fileURLToPath(url), 'utf8'), shortCircuit: true };
};
