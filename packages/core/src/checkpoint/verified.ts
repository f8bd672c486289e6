// Files that are what their owner says: each is read whole, and compared with its digest, before a byte of it is used.

import { YumoError } from '../errors.ts';
import { checkRange, type FileSource, type ReadOptions } from './source.ts';

/** Size and SHA-256 (hexadecimal) by path. */
export type Checksums = Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;

export interface VerifiedOptions {
  /** For a file that is not what it should be: forgets what was kept of it, and gives a source that fetches it anew. */
  readonly fresh?: (path: string) => Promise<FileSource>;
}

/**
 * A source whose files are compared with their checksums; those without one pass as they are. A file stays in memory while the source is in
 * use, because its parts are asked for one by one. Where there is no `crypto.subtle` (pages without TLS) sizes alone are compared.
 * @throws YumoError `CHECKPOINT` from `read` when a file is another one, also on the second try.
 */
export function verifiedSource(source: FileSource, checksums: Checksums, { fresh }: VerifiedOptions = {}): FileSource {
  const files = new Map<string, Promise<Uint8Array>>();
  const load = async (path: string, { start: _, end: __, ...options }: ReadOptions): Promise<Uint8Array> => {
    const expected = checksums[path]!; // only asked for those that are listed
    let from = source;
    for (let tries = 0; ; tries++) {
      const bytes = await from.read(path, options);
      const wrong = await difference(bytes, expected);
      if (wrong === undefined) return bytes;
      const next = await fresh?.(path); // also the last time: nothing damaged is kept
      if (tries > 0 || !next)
        throw new YumoError(
          'CHECKPOINT',
          `${source.name}/${path}: ${wrong}; the file was damaged on its way, or has just been replaced: try again`,
          {
            path,
          },
        );
      from = next;
    }
  };
  return {
    name: source.name,
    exists: (path) => source.exists(path),
    size: async (path) => checksums[path]?.bytes ?? source.size(path),
    async read(path, options = {}) {
      if (!Object.hasOwn(checksums, path)) return source.read(path, options);
      let file = files.get(path);
      if (!file) {
        file = load(path, options);
        files.set(path, file);
        file.catch(() => files.delete(path));
      }
      const bytes = await file;
      const { start, end } = checkRange(source.name, path, bytes.length, options);
      return bytes.subarray(start, end);
    },
  };
}

async function difference(bytes: Uint8Array, expected: Checksums[string]): Promise<string | undefined> {
  if (bytes.length !== expected.bytes) return `${bytes.length} bytes came, ${expected.bytes} were announced`;
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) return undefined;
  const digest = new Uint8Array(await subtle.digest('SHA-256', Uint8Array.from(bytes)));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return found === expected.sha256 ? undefined : `its SHA-256 is ${found}, ${expected.sha256} was announced`;
}
