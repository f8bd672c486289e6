// Where the reference data lies that is too large for the repository.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

/** The folder of tokenizer data: `$YUMO_SHARED/data/tokenizers`, else beside the repository; null when there is none. */
export const tokenizerData: string | null =
  [process.env.YUMO_SHARED ?? join(root, '..', 'shared')]
    .map((shared) => join(shared, 'data', 'tokenizers'))
    .find((folder) => existsSync(join(folder, 'golden-cases.json'))) ?? null;

if (tokenizerData === null) console.warn('Reference data not found (set YUMO_SHARED): tests against it are skipped.');
