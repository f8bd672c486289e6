// Where the reference data of tests lie: outside the repository, and not in every clone.

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A folder of the reference data: `$YUMO_SHARED`, or `../shared` beside the repository. Says once that it is missing. */
export function sharedFolder(path: string): string {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
  const folder = join(process.env.YUMO_SHARED ?? join(root, '../shared'), path);
  if (!existsSync(folder))
    console.warn(`reference data not found, tests that need ${folder} are left out (set YUMO_SHARED)`);
  return folder;
}
