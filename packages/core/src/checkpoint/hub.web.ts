// Models of the hub in a browser: kept in Cache Storage in parts, so that a download goes on where it ended and a page works without a network.

import { isYumoError, throwIfAborted, YumoError } from '../errors.ts';
import { Hub, type HubFile, type HubOptions, type Snapshot } from './hub.ts';
import { checkPath, checkRange, type FileSource, type ReadOptions } from './source.ts';
import { once, together } from './together.ts';

export interface HubWebOptions extends HubOptions {
  /** Name of the browser's cache. */
  readonly cacheName?: string | undefined;
  /** Bytes that are kept at once: a download that broke off goes on behind the last whole part. 8 MiB by default. */
  readonly partBytes?: number | undefined;
}

/** What is known of a kept file. */
interface Kept {
  readonly size: number;
  readonly partBytes: number;
}

/** What a revision stood for when it was last asked. */
interface Remembered {
  readonly commit: string;
  readonly files: readonly HubFile[] | undefined;
}

/** Cache Storage by keys of ours; memory where there is none (pages without TLS), or no room. */
class Shelf {
  readonly #base: string;
  readonly #open: Promise<Cache | undefined>;
  readonly #memory = new Map<string, Uint8Array>();
  readonly #onFull: (error: unknown) => void;

  /** @param base an address below which nothing else is kept */
  constructor(cacheName: string, base: string, onFull: (error: unknown) => void) {
    this.#base = base;
    this.#onFull = onFull;
    this.#open =
      'caches' in globalThis ? globalThis.caches.open(cacheName).catch(() => undefined) : Promise.resolve(undefined);
  }

  #address(key: string): string {
    return `${this.#base}?yumo=${encodeURIComponent(key)}`;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const known = this.#memory.get(key);
    if (known) return known;
    const found = await (await this.#open)?.match(this.#address(key));
    return found && new Uint8Array(await found.arrayBuffer());
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    const cache = await this.#open;
    if (!cache) return void this.#memory.set(key, copy);
    try {
      await cache.put(this.#address(key), new Response(copy));
    } catch (error) {
      this.#memory.set(key, copy); // no room to keep it: it can still be used while the page is open
      this.#onFull(error);
    }
  }

  async remove(key: string): Promise<void> {
    this.#memory.delete(key);
    await (await this.#open)?.delete(this.#address(key));
  }

  async json<T>(key: string): Promise<T | undefined> {
    const bytes = await this.get(key);
    return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as T); // written by putJson
  }

  putJson(key: string, value: unknown): Promise<void> {
    return this.put(key, new TextEncoder().encode(JSON.stringify(value)));
  }
}

const hexOf = (digest: ArrayBuffer): string =>
  Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The checksum of the kind that the hub announced. Without `crypto.subtle` (pages without TLS) none can be computed. */
async function checksum(
  { sha256, gitSha1 }: HubFile,
  bytes: Uint8Array,
): Promise<{ sha256?: string; gitSha1?: string }> {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) return {};
  if (sha256 !== undefined) return { sha256: hexOf(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)) };
  if (gitSha1 === undefined) return {};
  const head = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return { gitSha1: hexOf(await subtle.digest('SHA-1', whole)) };
}

/** The kept files of one commit. */
class Files {
  readonly #hub: Hub;
  readonly #shelf: Shelf;
  readonly #partBytes: number;

  constructor(hub: Hub, shelf: Shelf, partBytes: number) {
    this.#hub = hub;
    this.#shelf = shelf;
    this.#partBytes = partBytes;
  }

  #key(commit: string, path: string, part?: number): string {
    return `${commit}/${path}${part === undefined ? '' : `#${part}`}`;
  }

  kept(commit: string, path: string): Promise<Kept | undefined> {
    return this.#shelf.json<Kept>(this.#key(commit, path));
  }

  /** The bytes [start, end) of a kept file. Undefined when the browser has taken a part of it away. */
  async read(
    commit: string,
    path: string,
    { partBytes }: Kept,
    start: number,
    end: number,
  ): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      const part = Math.floor(at / partBytes);
      const piece = await this.#shelf.get(this.#key(commit, path, part));
      const wanted = piece?.subarray(at - part * partBytes, Math.min(partBytes, end - part * partBytes));
      if (!wanted || wanted.length === 0) return undefined;
      bytes.set(wanted, at - start);
      at += wanted.length;
    }
    return bytes;
  }

  /** Downloads what is not here yet, checks the whole and marks it as kept. */
  async bring(snapshot: Snapshot, file: HubFile, read: ReadOptions): Promise<Kept> {
    const begun = await this.#begun(snapshot.commit, file);
    try {
      return await this.#receive(snapshot, file, begun, read);
    } catch (error) {
      // What was begun by an earlier try may be what is wrong.
      if (begun === 0 || !isYumoError(error) || !(error.detail.checksum || error.detail.changed)) throw error;
      return this.#receive(snapshot, file, 0, read);
    }
  }

  /** Whole parts that an earlier download left. */
  async #begun(commit: string, { path }: HubFile): Promise<number> {
    let parts = 0;
    while ((await this.#shelf.get(this.#key(commit, path, parts)))?.length === this.#partBytes) parts++;
    return parts;
  }

  async #receive(snapshot: Snapshot, file: HubFile, begun: number, { signal, onProgress }: ReadOptions): Promise<Kept> {
    const { commit } = snapshot;
    const { path } = file;
    const part = new Uint8Array(this.#partBytes);
    let filled = 0;
    let parts = begun;
    const keep = async (): Promise<void> => {
      await this.#shelf.put(this.#key(commit, path, parts++), part.subarray(0, filled));
      filled = 0;
    };
    for await (const piece of this.#hub.download(snapshot, file, { start: begun * part.length, signal, onProgress }))
      for (let at = 0; at < piece.length; ) {
        const some = piece.subarray(at, at + part.length - filled);
        part.set(some, filled);
        filled += some.length;
        at += some.length;
        if (filled === part.length) await keep();
      }
    const size = parts * part.length + filled;
    if (filled > 0) await keep();
    const kept: Kept = { size, partBytes: part.length };
    const whole = await this.read(commit, path, kept, 0, size);
    try {
      if (whole) this.#hub.check(file, await checksum(file, whole));
    } catch (error) {
      for (let i = 0; i < parts; i++) await this.#shelf.remove(this.#key(commit, path, i));
      throw error;
    }
    await this.#shelf.putJson(this.#key(commit, path), kept);
    return kept;
  }
}

/**
 * A model of the Hugging Face hub (or of a mirror, by `endpoint`) as a folder, in a browser: `org/name` or `org/name@revision`. Files are
 * downloaded when they are first read, checked against the hub's checksums, and kept in Cache Storage; nothing is asked of the network
 * before. Without a network, what is here is used, and `onNotice` is told.
 * @throws YumoError `FILE` for what is no name of a repository. Its methods: `FILE`, `ABORTED`.
 */
export function hubSource(name: string, options: HubWebOptions = {}): FileSource {
  const { cacheName = 'yumo-hub', partBytes = 8 * 2 ** 20, offline = false, onNotice } = options;
  const hub = new Hub(name, options);
  let toldOfRoom = false;
  const shelf = new Shelf(cacheName, `${hub.endpoint}/${hub.model.id}`, (error) => {
    if (!toldOfRoom)
      onNotice?.(`${name}: the browser keeps no more (${String(error)}); the model is here until the page is closed`);
    toldOfRoom = true;
  });
  const files = new Files(hub, shelf, partBytes);
  const refKey = `ref ${hub.model.revision}`;

  interface Opened {
    readonly snapshot: Snapshot;
    /** Whether the hub may be asked for what is not here. */
    readonly online: boolean;
  }
  const look = async (signal?: AbortSignal): Promise<Opened> => {
    const known = await shelf.json<Remembered>(refKey);
    const before = known && {
      ...hub.model,
      commit: known.commit,
      files: known.files && new Map(known.files.map((file) => [file.path, file])),
    };
    if (offline) {
      if (before) return { snapshot: before, online: false };
      throw new YumoError('FILE', `${name}: not kept in this browser, and \`offline\` forbids to download it`, {
        name,
        offline,
      });
    }
    try {
      const snapshot = await hub.snapshot(signal);
      const { commit, files: listed } = snapshot;
      await shelf.putJson(refKey, { commit, files: listed && [...listed.values()] } satisfies Remembered);
      return { snapshot, online: true };
    } catch (error) {
      if (!before || !isYumoError(error) || error.detail.reached !== false) throw error;
      onNotice?.(`${error.message}; what is here from commit ${before.commit.slice(0, 7)} is used`);
      return { snapshot: before, online: false };
    }
  };
  const open = once(look);

  /** One download a file at a time. */
  const coming = together<Kept>();
  const bring = async ({ snapshot, online }: Opened, path: string, read: ReadOptions): Promise<Kept> => {
    if (!online)
      throw new YumoError('FILE', `${name}: "${path}" was not downloaded before, and there is no network to fetch it`, {
        path,
      });
    const download = async (): Promise<Kept> => {
      const file = await hub.file(snapshot, path, read.signal);
      return files.bring(snapshot, file ?? hub.missing(snapshot, path), read);
    };
    return coming(path, download, read.signal);
  };

  return {
    name,
    async exists(path) {
      const now = await open();
      const { snapshot, online } = now;
      if (await files.kept(snapshot.commit, checkPath(name, path))) return true;
      if (!online) return false;
      return snapshot.files ? snapshot.files.has(path) : (await hub.file(snapshot, path)) !== undefined;
    },
    async size(path) {
      const now = await open();
      const kept = await files.kept(now.snapshot.commit, checkPath(name, path));
      return kept?.size ?? now.snapshot.files?.get(path)?.size ?? (await bring(now, path, {})).size;
    },
    async read(path, read = {}) {
      const { signal, onProgress } = read;
      throwIfAborted(signal, `${name}/${path}`);
      const now = await open(signal);
      const { commit } = now.snapshot;
      const before = await files.kept(commit, checkPath(name, path));
      const whole = read.start === undefined && read.end === undefined;
      const get = async (kept: Kept): Promise<Uint8Array | undefined> => {
        const { start, end } = checkRange(name, path, kept.size, read);
        return files.read(commit, path, kept, start, end);
      };
      const found = before && (await get(before));
      if (found) {
        onProgress?.(found.length, found.length);
        return found;
      }
      // Of a whole file the download is the progress.
      const bytes = await get(
        await bring(now, path, {
          ...(signal ? { signal } : {}),
          ...(whole && onProgress ? { onProgress } : {}),
        }),
      );
      if (bytes) return bytes;
      throw new YumoError(
        'FILE',
        `${name}/${path}: the browser took away what was just kept; free some room and try again`,
        { path },
      );
    },
    async list() {
      const { snapshot } = await open();
      return [...(snapshot.files?.values() ?? [])].map(({ path, size }) => ({ path, size }));
    },
  };
}
