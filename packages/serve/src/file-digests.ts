// SHA-256 of files, computed once for each content: a file counts as the same while its size and time are.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

interface Known {
  readonly size: number;
  readonly mtimeMs: number;
  readonly digest: Promise<string>;
}
const known = new Map<string, Known>();
/** Entries kept; far more than a server has model files. */
const most = 1000;

/** Size and digest in hexadecimal; undefined when there is no such file. */
export async function digestOf(path: string): Promise<{ readonly bytes: number; readonly sha256: string } | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const { size, mtimeMs } = found;
  let entry = known.get(path);
  if (!entry || entry.size !== size || entry.mtimeMs !== mtimeMs) {
    if (known.size >= most) known.clear();
    entry = { size, mtimeMs, digest: hash(path) };
    known.set(path, entry);
    entry.digest.catch(() => known.delete(path));
  }
  return { bytes: size, sha256: await entry.digest };
}

async function hash(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(piece as Buffer); // no encoding: buffers
  return hash.digest('hex');
}
