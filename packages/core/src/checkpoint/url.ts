// Files of a model from a web address: by ranges, or whole into Cache Storage for use without a network.

import { isYumoError, throwIfAborted, YumoError } from '../errors.ts';
import { checkPath, checkRange, type FileSource, type ReadOptions } from './source.ts';

export interface UrlSourceOptions {
  /** Keep whole files in the browser's Cache Storage; ignored where there is none. Kept files are used when the server cannot be reached. */
  readonly cache?: boolean;
  /** Name of the cache. */
  readonly cacheName?: string;
  /** Bytes so far and in all, file by file; called for downloads only. */
  readonly onProgress?: (path: string, loaded: number, total: number) => void;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The files below `baseUrl`. */
export function urlSource(baseUrl: string, options: UrlSourceOptions = {}): FileSource {
  const base = baseUrl.replace(/\/+$/, '');
  const { headers = {}, cacheName = 'yumo-models' } = options;
  const store = options.cache && 'caches' in globalThis ? globalThis.caches : undefined;
  const locate = (path: string): string =>
    `${base}/${checkPath(base, path).split('/').map(encodeURIComponent).join('/')}`;

  const request = async (path: string, init: RequestInit): Promise<Response> => {
    try {
      return await fetch(locate(path), { ...init, headers: { ...headers, ...init.headers } });
    } catch (error) {
      throwIfAborted(init.signal ?? undefined, locate(path));
      throw new YumoError('FILE', `${locate(path)}: the server cannot be reached (${reason(error)})`, { path }, error);
    }
  };
  const refuse = (path: string, status: number): never => {
    throw new YumoError(
      'FILE',
      `${locate(path)}: ${status === 404 ? 'no such file' : `the server answered ${status}`}`,
      {
        path,
        status,
      },
    );
  };

  /** The body, piece by piece; `expected` bytes or an error. */
  const receive = async (
    path: string,
    response: Response,
    expected: number | undefined,
    onProgress: ReadOptions['onProgress'],
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array<ArrayBuffer>> => {
    const pieces: Uint8Array[] = [];
    let loaded = 0;
    try {
      for (const reader = response.body?.getReader(); reader; ) {
        const { done, value } = await reader.read();
        if (done) break;
        pieces.push(value);
        loaded += value.length;
        if (expected !== undefined && loaded > expected) {
          await reader.cancel();
          break;
        }
        onProgress?.(loaded, expected ?? loaded);
        options.onProgress?.(path, loaded, expected ?? loaded);
      }
    } catch (error) {
      throwIfAborted(signal, locate(path));
      throw new YumoError(
        'FILE',
        `${locate(path)}: the download broke off after ${loaded} bytes (${reason(error)})`,
        { path },
        error,
      );
    }
    if (expected !== undefined && loaded !== expected)
      throw new YumoError('FILE', `${locate(path)}: ${loaded} bytes came, ${expected} were announced`, {
        path,
        loaded,
        expected,
      });
    const bytes = new Uint8Array(loaded);
    let position = 0;
    for (const piece of pieces) {
      bytes.set(piece, position);
      position += piece.length;
    }
    return bytes;
  };

  /** What the server says of a file: undefined when it is not there. */
  const heads = new Map<string, Promise<{ size: number | undefined; tag: string | null } | undefined>>();
  const head = (path: string): Promise<{ size: number | undefined; tag: string | null } | undefined> => {
    let known = heads.get(path);
    if (!known) {
      known = request(path, { method: 'HEAD' }).then((response) => {
        if (response.status === 404) return undefined;
        if (!response.ok) refuse(path, response.status);
        return { size: announced(response), tag: response.headers.get('etag') };
      });
      heads.set(path, known);
      known.catch(() => heads.delete(path)); // a failure may pass
    }
    return known;
  };

  /** Files already looked up: the check with the server happens once, and a file that the cache refused stays here. */
  const blobs = new Map<string, Blob>();

  /** The file as kept, if it is still what the server has (or the server cannot be asked). */
  const kept = async (path: string): Promise<Blob | undefined> => {
    if (!store || blobs.has(path)) return blobs.get(path);
    const found = await (await store.open(cacheName)).match(locate(path));
    if (!found) return undefined;
    try {
      const now = await head(path);
      if (now?.tag && now.tag !== found.headers.get('etag')) return undefined;
    } catch (error) {
      if (!isYumoError(error)) throw error;
    }
    const blob = await found.blob();
    blobs.set(path, blob);
    return blob;
  };
  const download = async (path: string, { signal, onProgress }: ReadOptions): Promise<Uint8Array> => {
    const response = await request(path, signal ? { signal } : {});
    if (!response.ok) refuse(path, response.status);
    const bytes = await receive(path, response, announced(response), onProgress, signal);
    if (store) {
      const tag = response.headers.get('etag');
      const copy = new Response(bytes, {
        headers: { 'content-length': String(bytes.length), ...(tag ? { etag: tag } : {}) },
      });
      try {
        await (await store.open(cacheName)).put(locate(path), copy);
      } catch {
        blobs.set(path, new Blob([bytes])); // no room to keep it: a model that is already here can still be used
      }
    }
    return bytes;
  };

  const sizeOf = async (path: string): Promise<number> => {
    const blob = await kept(path);
    if (blob) return blob.size;
    const now = (await head(path)) ?? refuse(path, 404);
    return now.size ?? (await download(path, {})).length; // a compressed answer does not tell
  };

  return {
    name: base,
    async exists(path) {
      return (await kept(path)) !== undefined || (await head(path)) !== undefined;
    },
    size: sizeOf,
    async read(path, read = {}) {
      const { signal, onProgress } = read;
      throwIfAborted(signal, locate(path));
      const whole = read.start === undefined && read.end === undefined;
      if (store || whole) {
        const blob = await kept(path);
        if (blob) {
          const { start, end } = checkRange(base, path, blob.size, read);
          const bytes = new Uint8Array(await blob.slice(start, end).arrayBuffer());
          onProgress?.(bytes.length, bytes.length);
          return bytes;
        }
        const bytes = await download(path, read);
        const { start, end } = checkRange(base, path, bytes.length, read);
        return whole ? bytes : bytes.slice(start, end);
      }
      const { start, end } = checkRange(base, path, await sizeOf(path), read);
      if (start === end) return new Uint8Array(0);
      const response = await request(path, {
        headers: { range: `bytes=${start}-${end - 1}` },
        ...(signal ? { signal } : {}),
      });
      if (!response.ok) refuse(path, response.status);
      // A server may ignore the range and send everything.
      if (response.status !== 206)
        return (await receive(path, response, announced(response), onProgress, signal)).slice(start, end);
      return receive(path, response, end - start, onProgress, signal);
    },
  };
}

/** The size of a body, when it is sent as it is. */
function announced(response: Response): number | undefined {
  const length = response.headers.get('content-length');
  return length === null || response.headers.get('content-encoding') ? undefined : Number(length);
}

const reason = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
