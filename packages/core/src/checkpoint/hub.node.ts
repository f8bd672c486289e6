// Models of the hub on this computer's disk, in the cache that Python's huggingface_hub keeps: what one has downloaded, the other finds.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  utimes,
} from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { isYumoError, throwIfAborted, YumoError } from '../errors.ts';
import { diskSource, filesUnder, writeFileAtomic } from './disk.node.ts';
import { Hub, type HubFile, type HubOptions, isModelId, type ReadPart, type Snapshot } from './hub.ts';
import { checkPath, checkRange, type FileSource, type ReadOptions } from './source.ts';
import { once, together } from './together.ts';

export interface HubNodeOptions extends HubOptions {
  /** The cache's folder; see {@link hubCacheFolder}. */
  readonly cacheFolder?: string | undefined;
  /**
   * False: a part of a file that is not here is read from the hub, and nothing is kept; for looking at a model without downloading it.
   * True by default.
   */
  readonly keep?: boolean | undefined;
  /** Read instead of the process's own environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where models of the hub are kept: YUMO_CACHE, else as huggingface_hub has it: HF_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME/huggingface/hub, ~/.cache/huggingface/hub. */
export function hubCacheFolder(environment: Environment = process.env): string {
  const { YUMO_CACHE, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = environment;
  const named = YUMO_CACHE || HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  if (named) return resolve(named);
  return join(HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'), 'hub');
}

const isOn = (text: string | undefined): boolean => /^(1|on|yes|true)$/i.test(text ?? '');
const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

/** Another process's lock is broken when it was not renewed for so long. */
const staleMilliseconds = 20_000;

/** True when the process that wrote the lock cannot be alive. */
async function abandoned(path: string): Promise<boolean> {
  try {
    const [{ mtimeMs }, owner] = await Promise.all([stat(path), readFile(path, 'utf8')]);
    if (Date.now() - mtimeMs > staleMilliseconds) return true;
    const [pid, host] = owner.split(' ');
    if (host !== hostname() || !Number(pid)) return false;
    try {
      process.kill(Number(pid), 0);
      return false;
    } catch (error) {
      return codeOf(error) === 'ESRCH';
    }
  } catch {
    return false; // gone in the meantime: the next try sees
  }
}

/**
 * Does the work while no other process that asks for the same lock does. Should a lock be broken by mistake, two processes write the same
 * bytes to the same places of the same file: nothing is lost but time.
 */
async function locked<T>(path: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  for (;;) {
    throwIfAborted(signal, path);
    try {
      const handle = await open(path, 'wx');
      await handle.writeFile(`${process.pid} ${hostname()}`);
      await handle.close();
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if (await abandoned(path)) await rm(path, { force: true });
      else await new Promise((done) => setTimeout(done, 100));
    }
  }
  const renew = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, staleMilliseconds / 4);
  try {
    return await work();
  } finally {
    clearInterval(renew);
    await rm(path, { force: true });
  }
}

/** Checksums of what is written, of whichever kind the hub announced. */
function checksums({ sha256, gitSha1, size }: HubFile) {
  const strong = sha256 === undefined ? undefined : createHash('sha256');
  const git = gitSha1 === undefined || size === undefined ? undefined : createHash('sha1').update(`blob ${size}\0`);
  return {
    add(bytes: Uint8Array) {
      strong?.update(bytes);
      git?.update(bytes);
    },
    result: () => ({
      ...(strong ? { sha256: strong.digest('hex') } : {}),
      ...(git ? { gitSha1: git.digest('hex') } : {}),
    }),
  };
}

/** The cache's place of one repository. */
class Repository {
  readonly #hub: Hub;
  readonly #folder: string;

  constructor(hub: Hub, cache: string) {
    this.#hub = hub;
    this.#folder = join(cache, `models--${hub.model.id.replace('/', '--')}`);
  }

  folderOf(commit: string): string {
    return join(this.#folder, 'snapshots', commit);
  }

  /** The commit that a revision stood for when it was last asked. */
  async known(): Promise<string | undefined> {
    const { revision } = this.#hub.model;
    if (/^[0-9a-f]{40}$/.test(revision) && existsSync(this.folderOf(revision))) return revision;
    const commit = await readFile(join(this.#folder, 'refs', ...revision.split('/')), 'utf8').catch(() => '');
    return commit.trim() !== '' && existsSync(this.folderOf(checkPath(this.#hub.name, commit.trim())))
      ? commit.trim()
      : undefined;
  }

  async remember({ commit, revision }: Snapshot): Promise<void> {
    await this.#keeping('', () => mkdir(this.folderOf(commit), { recursive: true }));
    if (commit !== revision) await writeFileAtomic(join(this.#folder, 'refs', ...revision.split('/')), commit);
  }

  /** Makes the file be in the snapshot's folder: it is there, or its content is, or it is downloaded. */
  async bring(snapshot: Snapshot, file: HubFile, read: ReadOptions): Promise<void> {
    const link = join(this.folderOf(snapshot.commit), ...file.path.split('/'));
    if (existsSync(link)) return;
    const key =
      file.sha256 ??
      file.gitSha1 ??
      createHash('sha256').update(`${file.tag}${snapshot.commit}/${file.path}`).digest('hex');
    const blob = join(this.#folder, 'blobs', key);
    await this.#keeping(file.path, async () => {
      if (!existsSync(blob))
        await locked(`${blob}.yumo-lock`, read.signal, async () => {
          if (!existsSync(blob)) await this.#download(snapshot, file, blob, read);
        });
      await place(blob, link);
    });
  }

  /** @throws YumoError `FILE` when the cache cannot be written to, with the way out. */
  async #keeping<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isYumoError(error)) throw error;
      const code = codeOf(error);
      const full = code === 'ENOSPC' || code === 'EDQUOT';
      throw new YumoError(
        'FILE',
        `${this.#hub.name}${path && `/${path}`}: cannot be kept in ${this.#folder} (${full ? 'no room is left on the disk' : (code ?? String(error))}); free some room, or set YUMO_CACHE to another folder`,
        { path, folder: this.#folder },
        error,
      );
    }
  }

  async #download(snapshot: Snapshot, file: HubFile, blob: string, { signal, onProgress }: ReadOptions): Promise<void> {
    const partial = `${blob}.yumo-incomplete`;
    const part = { signal, onProgress };
    await mkdir(dirname(blob), { recursive: true });
    const begun = await stat(partial).then(
      (s) => s.size,
      () => 0,
    );
    await this.#checkRoom(file, begun);
    try {
      await this.#receive(snapshot, file, partial, { ...part, start: begun });
    } catch (error) {
      // What was begun by an earlier try may be what is wrong.
      if (begun === 0 || !isYumoError(error) || !(error.detail.checksum || error.detail.changed)) throw error;
      await this.#receive(snapshot, file, partial, { ...part, start: 0 });
    }
    await rename(partial, blob);
  }

  /** @throws YumoError `FILE` when the disk has no room for the rest, before anything is downloaded. */
  async #checkRoom({ path, size }: HubFile, begun: number): Promise<void> {
    if (size === undefined) return;
    const disk = await statfs(this.#folder).catch(() => undefined);
    const free = disk ? disk.bavail * disk.bsize : Number.POSITIVE_INFINITY;
    if (size - begun <= free) return;
    throw new YumoError(
      'FILE',
      `${this.#hub.name}/${path}: ${size - begun} bytes are to be downloaded, ${this.#folder} has room for ${free}; free some, or set YUMO_CACHE to a folder on another disk`,
      { path, needed: size - begun, free },
    );
  }

  /** Writes the file to the end, checks it, and makes it durable. A file with a wrong checksum is removed. */
  async #receive(
    snapshot: Snapshot,
    file: HubFile,
    partial: string,
    part: ReadPart & { start: number },
  ): Promise<void> {
    const sums = checksums(file);
    const handle = await open(partial, part.start > 0 ? 'r+' : 'w');
    try {
      let position = await hashed(handle, part.start, sums);
      for await (const piece of this.#hub.download(snapshot, file, { ...part, start: position })) {
        for (let done = 0; done < piece.length; )
          done += (await handle.write(piece, done, piece.length - done, position + done)).bytesWritten;
        sums.add(piece);
        position += piece.length;
      }
      await handle.truncate(position);
      this.#hub.check(file, sums.result());
      await handle.sync();
    } catch (error) {
      if (isYumoError(error) && (error.detail.checksum || error.detail.changed)) await rm(partial, { force: true });
      throw error;
    } finally {
      await handle.close();
    }
  }
}

/** Reads what is there again, for its checksum. Returns where the rest begins. */
async function hashed(handle: FileHandle, size: number, sums: { add(bytes: Uint8Array): void }): Promise<number> {
  const buffer = new Uint8Array(2 ** 20);
  let position = 0;
  while (position < size) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - position), position);
    if (bytesRead === 0) break;
    sums.add(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return position;
}

/** The name in the snapshot points to the content; a copy where links are not allowed (Windows without developer mode). */
async function place(blob: string, link: string): Promise<void> {
  await mkdir(dirname(link), { recursive: true });
  const aside = `${link}.${process.pid}.${Math.floor(performance.now() * 1000).toString(36)}.tmp`;
  try {
    await symlink(relative(dirname(link), blob), aside);
  } catch (error) {
    if (codeOf(error) !== 'EPERM' && codeOf(error) !== 'ENOSYS') throw error;
    await copyFile(blob, aside);
  }
  await rename(aside, link); // two processes at once: the second name replaces the first, and both are right
}

/**
 * A model of the Hugging Face hub (or of a mirror: YUMO_HUB or HF_ENDPOINT) as a folder: `org/name` or `org/name@revision`. Files are
 * downloaded when they are first read, checked against the hub's checksums, and kept; nothing is asked of the network before.
 * Without a network, what is here is used, and `onNotice` is told.
 * @throws YumoError `FILE` for what is no name of a repository. Its methods: `FILE`, `ABORTED`.
 */
export function hubSource(name: string, options: HubNodeOptions = {}): FileSource {
  const { environment = process.env, keep = true, onNotice } = options;
  const offline = options.offline ?? isOn(environment.HF_HUB_OFFLINE);
  const hub = new Hub(name, {
    ...options,
    endpoint: options.endpoint ?? (environment.YUMO_HUB || environment.HF_ENDPOINT),
    token: options.token ?? environment.HF_TOKEN,
  });
  const cache = options.cacheFolder ?? hubCacheFolder(environment);
  const repository = new Repository(hub, cache);

  /** The commit, and its list unless there is no network. */
  type Opened = { readonly commit: string; readonly snapshot?: Snapshot };
  const look = async (signal?: AbortSignal): Promise<Opened> => {
    const known = await repository.known();
    if (offline) {
      if (known) return { commit: known };
      throw new YumoError('FILE', `${name}: not in ${cache}, and HF_HUB_OFFLINE forbids to download it`, {
        name,
        offline,
      });
    }
    try {
      const snapshot = await hub.snapshot(signal);
      if (keep) await repository.remember(snapshot);
      return { commit: snapshot.commit, snapshot };
    } catch (error) {
      if (!known || !isYumoError(error) || error.detail.reached !== false) throw error;
      onNotice?.(`${error.message}; what is here from commit ${known.slice(0, 7)} is used`);
      return { commit: known };
    }
  };
  const open = once(look);
  const files = new Map<string, Promise<HubFile | undefined>>();
  const fileOf = (snapshot: Snapshot, path: string): Promise<HubFile | undefined> => {
    const known = files.get(path) ?? hub.file(snapshot, path);
    files.set(path, known);
    known.catch(() => files.delete(path));
    return known;
  };
  const disk = (commit: string): FileSource => diskSource(repository.folderOf(commit));
  /** On disk; without a network the only thing there is. */
  const absent = (path: string): YumoError =>
    new YumoError('FILE', `${name}: "${path}" was not downloaded before, and there is no network to fetch it`, {
      path,
    });

  /** One download a file at a time. */
  const coming = together<void>();
  const bring = async (snapshot: Snapshot, path: string, read: ReadOptions = {}): Promise<void> => {
    const file = (await fileOf(snapshot, path)) ?? hub.missing(snapshot, path);
    await coming(path, () => repository.bring(snapshot, file, read), read.signal);
  };

  return {
    name,
    async exists(path) {
      const { commit, snapshot } = await open();
      if (!snapshot || (await disk(commit).exists(path))) return disk(commit).exists(path);
      if (snapshot.files) return snapshot.files.has(checkPath(name, path));
      return (await fileOf(snapshot, checkPath(name, path))) !== undefined;
    },
    async size(path) {
      const { commit, snapshot } = await open();
      if (await disk(commit).exists(path)) return disk(commit).size(path);
      if (!snapshot) throw absent(path);
      const file = (await fileOf(snapshot, checkPath(name, path))) ?? hub.missing(snapshot, path);
      if (file.size !== undefined) return file.size;
      await bring(snapshot, path);
      return disk(commit).size(path);
    },
    async read(path, read = {}) {
      throwIfAborted(read.signal, `${name}/${path}`);
      const { commit, snapshot } = await open(read.signal);
      if (await disk(commit).exists(path)) return disk(commit).read(path, read);
      if (!snapshot) throw absent(path);
      const whole = read.start === undefined && read.end === undefined;
      if (!keep && !whole) {
        const file = (await fileOf(snapshot, checkPath(name, path))) ?? hub.missing(snapshot, path);
        if (file.size !== undefined) return pieceOf(hub, snapshot, file, file.size, read);
      }
      const { onProgress, ...rest } = read;
      await bring(snapshot, path, whole ? read : rest);
      return disk(commit).read(path, whole ? rest : read); // of a whole file the download was the progress
    },
    async list() {
      const { commit, snapshot } = await open();
      if (snapshot?.files) return [...snapshot.files.values()].map(({ path, size }) => ({ path, size }));
      return filesUnder(repository.folderOf(commit));
    },
  };
}

/** Some bytes, straight from the hub. */
async function pieceOf(
  hub: Hub,
  snapshot: Snapshot,
  file: HubFile,
  size: number,
  read: ReadOptions,
): Promise<Uint8Array> {
  const { start, end } = checkRange(hub.name, file.path, size, read);
  const { signal } = read;
  const bytes = new Uint8Array(end - start);
  let position = 0;
  if (bytes.length > 0)
    for await (const piece of hub.download(snapshot, file, { start, end, signal })) {
      bytes.set(piece, position);
      position += piece.length;
    }
  return bytes;
}

/**
 * A model by what a user types: a folder on disk, else a repository of the hub.
 * @example
 * const bundle = await openBundle(modelSource('openai-community/gpt2'));
 */
export function modelSource(folderOrId: string, options: HubNodeOptions = {}): FileSource {
  return !existsSync(folderOrId) && isModelId(folderOrId) ? hubSource(folderOrId, options) : diskSource(folderOrId);
}
