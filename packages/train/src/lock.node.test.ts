// The lock of a folder where nothing can be written.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { takeLock } from './lock.node.ts';

test('a folder that cannot be written is named, with the reason; nothing of it is called a bug', async () => {
  const place = mkdtempSync(join(tmpdir(), 'yumo-lock-'));
  try {
    const file = join(place, 'file');
    writeFileSync(file, '');
    await expect(takeLock(join(file, 'training', 'lock'), file)).rejects.toMatchObject({
      code: 'FILE',
      message: `${file}: cannot be written (ENOTDIR); free space there, or choose another folder`,
    });
  } finally {
    rmSync(place, { recursive: true });
  }
});
