// Where recipes and their data are looked for: the user's own places first, then what comes with yumo.

import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suggestion, YumoError } from '@yumo/core';
import { listRecipes, recipeFolders } from '@yumo/train/node';

const shipped = fileURLToPath(new URL('../../../recipes', import.meta.url));

/** Folders of recipes. */
export const recipePlaces = (): string[] => [...new Set([resolve('recipes'), shipped])];

/** Folders of the data files of a recipe. */
export const dataPlaces = (recipe: string, given: readonly string[] = []): string[] => [
  ...new Set([...given, process.cwd(), ...recipeFolders(recipe), ...recipeFolders(`${shipped}/recipe`)]),
];

/**
 * A recipe's file: the path as it is, or the name of one in the {@link recipePlaces}.
 * @throws YumoError `FILE` naming the nearest.
 */
export async function findRecipe(given: string): Promise<string> {
  const there = await stat(given).then(
    (s) => s.isFile(),
    () => false,
  );
  if (there || /[/\\.]/.test(given)) return given;
  const found = await listRecipes(recipePlaces());
  const named = found.find((r) => basename(r.path, '.json') === given);
  if (named) return named.path;
  const names = found.map((r) => basename(r.path, '.json'));
  throw new YumoError(
    'FILE',
    `recipe "${given}": no such file, and no recipe of that name${suggestion(given, names) || `; there are ${names.join(', ') || 'none'}`}`,
    { given, names },
  );
}
