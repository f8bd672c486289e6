// The Hugging Face hub, or a mirror that speaks its paths: what a repository holds, and its files, byte by byte.

import { isYumoError, suggestion, throwIfAborted, YumoError } from '../errors.ts';
import { checkPath } from './source.ts';

/** `org/name`, or an older model's bare name; the revision is a branch, a tag or a commit. */
export interface ModelId {
  readonly id: string;
  readonly revision: string;
}

export interface HubOptions {
  /** Where the hub is; `https://huggingface.co` by default. In Node, the environment's YUMO_HUB or HF_ENDPOINT comes before. */
  readonly endpoint?: string | undefined;
  /** Sent to the endpoint, and never to the host that it redirects to. In Node, the environment's HF_TOKEN comes before. */
  readonly token?: string | undefined;
  /** Only what is here already; in Node, also when HF_HUB_OFFLINE is 1. */
  readonly offline?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes so far and in all (undefined when the server does not say), file by file; called for downloads only. */
  readonly onProgress?: ((path: string, loaded: number, total: number | undefined) => void) | undefined;
  /** Told, in a sentence, when kept files are used because the hub cannot be reached, or cannot be kept for want of room. */
  readonly onNotice?: ((message: string) => void) | undefined;
}

/** A file of a repository, as the hub announces it. What it does not say is undefined. */
export interface HubFile {
  readonly path: string;
  readonly size?: number | undefined;
  /** Of large files. */
  readonly sha256?: string | undefined;
  /** Git's name of small ones: SHA-1 of `blob <size>\0` and the content. */
  readonly gitSha1?: string | undefined;
  /** The server's tag, where it is no checksum. */
  readonly tag?: string | undefined;
}

/** Which bytes of a file; all by default. */
export interface ReadPart {
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((loaded: number, total: number) => void) | undefined;
}

/** One commit of a repository. */
export interface Snapshot extends ModelId {
  readonly commit: string;
  /** By path; undefined where the mirror has no list and is asked file by file. */
  readonly files: ReadonlyMap<string, HubFile> | undefined;
}

const defaultEndpoint = 'https://huggingface.co';
/** How often a broken transfer is taken up again without a single byte in between. */
const attempts = 5;
/** A server that asks for more patience than this is answered with an error that says so. */
const longestWaitSeconds = 60;

const segment = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const pattern = new RegExp(`^(${segment}/${segment})(?:@([^@\\s]+))?$`);

/** Whether a name can be one of a repository: `org/name` or `org/name@revision`. A folder of that name on disk comes before it. */
export const isModelId = (name: string): boolean => pattern.test(name) && !name.includes('..');

/** @throws YumoError `FILE` for what is no name of a repository. */
export function parseModelId(name: string): ModelId {
  const [, id, revision = 'main'] = pattern.exec(name) ?? [];
  // `..` and `--` separate in the names of the cache; the hub allows neither.
  if (id === undefined || /\.\.|--/.test(id) || revision.split('/').some((s) => s === '' || s === '.' || s === '..'))
    throw new YumoError(
      'FILE',
      `"${name}" is not the name of a repository; write org/name or org/name@revision, such as openai-community/gpt2@main`,
      { name },
    );
  return { id, revision };
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);

const hex = (text: string | null | undefined, length: number): string | undefined =>
  text && new RegExp(`^[0-9a-f]{${length}}$`, 'i').test(text) ? text.toLowerCase() : undefined;

/** `W/"abc"` → `abc`. */
const bareTag = (tag: string | null): string | undefined => tag?.replace(/^W\//, '').replace(/^"|"$/g, '') || undefined;

const naturalOf = (text: unknown): number | undefined => {
  const n = typeof text === 'string' && text.trim() !== '' ? Number(text) : text;
  return typeof n === 'number' && Number.isSafeInteger(n) && n >= 0 ? n : undefined;
};

/** Waits, unless the signal fires before. */
function wait(seconds: number, signal: AbortSignal | undefined, who: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      try {
        throwIfAborted(signal, who);
      } catch (error) {
        reject(error);
      }
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** `Retry-After`: seconds, or a date (RFC 9110 §10.2.3). */
function secondsAsked(response: Response): number | undefined {
  const asked = response.headers.get('retry-after');
  if (asked === null) return undefined;
  const seconds = naturalOf(asked) ?? (Date.parse(asked) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** The hub as one model is asked of it. */
export class Hub {
  readonly endpoint: string;
  readonly model: ModelId;
  /** `org/name` or `org/name@revision`, for messages. */
  readonly name: string;
  readonly #options: HubOptions;

  /** @throws YumoError `FILE` for what is no name of a repository, `CONFIG` for an endpoint that is no address. */
  constructor(name: string, options: HubOptions = {}) {
    this.model = parseModelId(name);
    this.name = name;
    this.#options = options;
    const endpoint = (options.endpoint || defaultEndpoint).replace(/\/+$/, '');
    if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint))
      throw new YumoError('CONFIG', `the hub's address ${JSON.stringify(endpoint)} does not begin with http(s)://`, {
        endpoint,
      });
    this.endpoint = endpoint;
  }

  #address(commit: string, path: string): string {
    const file = checkPath(this.name, path).split('/').map(encodeURIComponent).join('/');
    return `${this.endpoint}/${this.model.id}/resolve/${encodeURIComponent(commit)}/${file}`;
  }

  #signal(given: AbortSignal | undefined): AbortSignal | undefined {
    const { signal } = this.#options;
    return signal && given ? AbortSignal.any([signal, given]) : (given ?? signal);
  }

  /** Asks, and asks again when the server is busy. Redirects to another host lose the token, as fetch sees to. */
  async #request(address: string, init: RequestInit = {}): Promise<Response> {
    const token = this.#options.token?.trim();
    const signal = this.#signal(init.signal ?? undefined);
    const headers = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...init.headers };
    for (let tried = 1; ; tried++) {
      throwIfAborted(signal, this.name);
      let response: Response;
      try {
        response = await fetch(address, { ...init, headers, signal: signal ?? null });
      } catch (error) {
        throwIfAborted(signal, this.name);
        throw new YumoError(
          'FILE',
          `${this.name}: ${this.endpoint} cannot be reached (${messageOf(error)})`,
          { address, reached: false },
          error,
        );
      }
      if (response.status !== 429 && response.status < 500) return response;
      const asked = secondsAsked(response);
      const seconds = asked ?? Math.min(0.25 * 2 ** tried, 8);
      if (tried >= attempts || seconds > longestWaitSeconds) {
        const busy = response.status === 429 ? 'too many requests' : `the server answered ${response.status}`;
        const later = asked === undefined ? 'try again later' : `it asks to try again in ${Math.ceil(asked)} s`;
        throw new YumoError('FILE', `${this.name}: ${address}: ${busy}; ${later}`, {
          address,
          status: response.status,
          ...(asked === undefined ? {} : { retryAfterSeconds: asked }),
          ...(response.status === 429 ? {} : { reached: false }),
        });
      }
      await response.body?.cancel().catch(() => undefined);
      await wait(seconds, signal, this.name);
    }
  }

  /** What an answer that is no success means here. */
  #refused(response: Response, what: string): never {
    const { status } = response;
    const code = response.headers.get('x-error-code');
    const { id, revision } = this.model;
    const detail = { id, revision, status, ...(code ? { code } : {}) };
    const token = this.#options.token
      ? 'the token of HF_TOKEN gives no access'
      : 'set HF_TOKEN to a token with access, or correct the name';
    if (code === 'GatedRepo')
      throw new YumoError(
        'FILE',
        `${this.name}: its owner gives access on request: ask at ${this.endpoint}/${id}; ${token}`,
        detail,
      );
    if (status === 401 || status === 403)
      throw new YumoError('FILE', `${this.name}: there is no such repository, or it is private; ${token}`, detail);
    if (code === 'RevisionNotFound')
      throw new YumoError('FILE', `${this.name}: the repository has no revision "${revision}"`, detail);
    if (status === 404) throw new YumoError('FILE', `${this.name}: ${what}`, detail);
    throw new YumoError('FILE', `${this.name}: ${response.url} answered ${status}`, detail);
  }

  /**
   * Asks what the revision holds now.
   * @throws YumoError `FILE`: no such repository or revision, no access, too many requests, or a list with paths that leave the folder;
   *   `detail.reached` is false when the server cannot be reached; `ABORTED`.
   */
  async snapshot(signal?: AbortSignal): Promise<Snapshot> {
    const { id, revision } = this.model;
    const stop = signal ? { signal } : {};
    const address = `${this.endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const response = await this.#request(address, stop);
    if (response.status === 404 && !response.headers.has('x-error-code')) return this.#unlisted(response, stop);
    if (!response.ok) this.#refused(response, `the hub has no such repository`);
    const told: unknown = await response.json().catch((error: unknown) => {
      throwIfAborted(this.#signal(signal), this.name);
      throw new YumoError('FILE', `${this.name}: ${address} answered with no JSON (${messageOf(error)})`, {}, error);
    });
    const { sha, siblings } = (told ?? {}) as { sha?: unknown; siblings?: unknown };
    const commit = typeof sha === 'string' ? hex(sha, 40) : undefined;
    if (commit === undefined || !Array.isArray(siblings))
      throw new YumoError('FILE', `${this.name}: ${address} did not name a commit and its files`, { address });
    const files = (siblings as readonly unknown[]).map((entry): HubFile => {
      const { rfilename, size, blobId, lfs } = (entry ?? {}) as Record<string, unknown>;
      if (typeof rfilename !== 'string')
        throw new YumoError('FILE', `${this.name}: ${address} lists a file without a name`, { address });
      const large = (typeof lfs === 'object' && lfs !== null ? lfs : {}) as Record<string, unknown>;
      return {
        path: checkPath(this.name, rfilename),
        size: naturalOf(large.size) ?? naturalOf(size),
        sha256: typeof large.sha256 === 'string' ? hex(large.sha256, 64) : undefined,
        gitSha1: typeof blobId === 'string' && !lfs ? hex(blobId, 40) : undefined,
      };
    });
    return { id, revision, commit, files: new Map(files.map((f) => [f.path, f])) };
  }

  /** Mirrors that are files only have no list: the commit is what they say of config.json, or the revision itself. */
  async #unlisted(answer: Response, stop: RequestInit): Promise<Snapshot> {
    const { id, revision } = this.model;
    const response = await this.#request(this.#address(revision, 'config.json'), { method: 'HEAD', ...stop });
    if (!response.ok) this.#refused(answer, `${this.endpoint} has no such repository`);
    return { id, revision, commit: hex(response.headers.get('x-repo-commit'), 40) ?? revision, files: undefined };
  }

  /** What is known of a file, asked of the server where the list says too little. Undefined when there is no such file. */
  async file({ commit, files }: Snapshot, path: string, signal?: AbortSignal): Promise<HubFile | undefined> {
    const stop = signal ? { signal } : {};
    const listed = files?.get(path);
    if (files && !listed) return undefined;
    if (listed?.size !== undefined && (listed.sha256 || listed.gitSha1)) return listed;
    // The hub tells size and checksum of a large file where it redirects from, so the redirect is not followed at first.
    const address = this.#address(commit, path);
    let response = await this.#request(address, { method: 'HEAD', redirect: 'manual', ...stop });
    const linked = hex(bareTag(response.headers.get('x-linked-etag')), 64);
    const linkedSize = naturalOf(response.headers.get('x-linked-size'));
    const redirected = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400);
    if (redirected && (linked === undefined || linkedSize === undefined))
      response = await this.#request(address, { method: 'HEAD', ...stop });
    if (response.status === 404) return undefined;
    // Servers that know no HEAD are asked by GET, when it comes to that.
    if (response.status === 405 || response.status === 501) return listed ?? { path };
    if (!redirected && !response.ok) this.#refused(response, `no file "${path}"`);
    const plain = bareTag(response.headers.get('etag'));
    const compressed = response.headers.has('content-encoding');
    const ofHub = response.headers.has('x-repo-commit'); // else a tag may be any hash, of anything
    return {
      path,
      size: linkedSize ?? listed?.size ?? (compressed ? undefined : naturalOf(response.headers.get('content-length'))),
      sha256: listed?.sha256 ?? linked ?? (ofHub ? hex(plain, 64) : undefined),
      gitSha1: listed?.gitSha1 ?? (ofHub && !linked ? hex(plain, 40) : undefined),
      tag: plain,
    };
  }

  /** @throws YumoError `FILE` with the nearest of the paths that are there. */
  missing({ files }: Snapshot, path: string): never {
    throw new YumoError('FILE', `${this.name}: no file "${path}"${suggestion(path, files?.keys() ?? [])}`, { path });
  }

  /**
   * The bytes of a file from `start` on (up to `end`), in pieces as they come. A broken transfer is taken up again where it ended.
   * Announced sizes are held to: neither more nor fewer bytes come out.
   * @throws YumoError `FILE`, `ABORTED`; what was yielded before is good.
   */
  async *download(
    { commit }: Snapshot,
    file: HubFile,
    { start = 0, end = file.size, signal: given, onProgress: told }: ReadPart = {},
  ): AsyncGenerator<Uint8Array> {
    const { onProgress } = this.#options;
    const signal = this.#signal(given);
    const address = this.#address(commit, file.path);
    const where = `${this.name}/${file.path}`;
    let position = start;
    let total = end;
    let tag: string | null = null;
    for (let fruitless = 0; total === undefined || position < total; ) {
      const before = position;
      let broken: unknown;
      try {
        const part = position > 0 || (end !== undefined && end !== file.size);
        const range = part ? { range: `bytes=${position}-${end === undefined ? '' : end - 1}` } : {};
        const response = await this.#request(address, {
          ...(given ? { signal: given } : {}),
          headers: { ...range, ...(part && tag && !tag.startsWith('W/') ? { 'if-range': tag } : {}) },
        });
        if (response.status === 416)
          throw new YumoError('FILE', `${where}: the server has fewer than the ${position} bytes that came before`, {
            path: file.path,
            changed: true,
          });
        if (!response.ok) this.#refused(response, `no file "${file.path}"`);
        const now = response.headers.get('etag');
        if (tag !== null && now !== null && now !== tag)
          throw new YumoError('FILE', `${where}: the file changed on the server while it was downloaded`, {
            path: file.path,
            changed: true,
          });
        tag ??= now;
        // A server may ignore the range and send everything: what is here already is passed over.
        let skip = response.status === 206 ? 0 : position;
        const from = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
        if (response.status === 206 && from !== undefined && Number(from) !== position)
          throw new YumoError(
            'FILE',
            `${where}: bytes from ${position} were asked for, the server sent those from ${from}`,
            {
              path: file.path,
            },
          );
        const length = response.headers.has('content-encoding')
          ? undefined
          : naturalOf(response.headers.get('content-length'));
        if (length !== undefined) total ??= position - skip + length;
        for (const reader = response.body?.getReader(); reader; ) {
          const { done, value } = await reader.read();
          if (done) break;
          const fresh = skip > 0 ? value.subarray(Math.min(skip, value.length)) : value;
          skip -= value.length - fresh.length;
          const room = total === undefined ? fresh.length : total - position;
          if (fresh.length > room) {
            await reader.cancel().catch(() => undefined);
            if (response.status === 200 && total !== file.size) {
              // Asked for a part and given everything: what follows the part is not ours to read.
              position += room;
              if (room > 0) yield fresh.subarray(0, room);
              break;
            }
            throw new YumoError('FILE', `${where}: more than the ${total} bytes came that were announced`, {
              path: file.path,
              expected: total,
            });
          }
          position += fresh.length;
          if (fresh.length > 0) yield fresh;
          onProgress?.(file.path, position, total);
          told?.(position, total ?? position);
        }
        if (total === undefined) return; // the server said nothing of the size: the end is the end
      } catch (error) {
        throwIfAborted(signal, where);
        if (isYumoError(error) && (error.detail.reached !== false || error.detail.status !== undefined)) throw error;
        broken = error;
      }
      if (total !== undefined && position >= total) return;
      fruitless = position > before ? 0 : fruitless + 1;
      if (fruitless >= attempts) {
        const of = total === undefined ? '' : ` of ${total}`;
        const why = broken === undefined ? 'the server ended the transfer' : messageOf(broken);
        throw new YumoError(
          'FILE',
          `${where}: the download broke off after ${position}${of} bytes (${why}); the next try goes on from there`,
          { path: file.path, loaded: position, ...(total === undefined ? {} : { expected: total }) },
          broken,
        );
      }
      if (fruitless > 0) await wait(0.1 * 2 ** fruitless, signal, where);
    }
  }

  /** @throws YumoError `FILE` when a checksum is not the one that the hub announced. */
  check(file: HubFile, got: { readonly sha256?: string; readonly gitSha1?: string }): void {
    for (const [kind, name] of [
      ['sha256', 'SHA-256'],
      ['gitSha1', "Git's SHA-1"],
    ] as const) {
      const expected = file[kind];
      if (expected === undefined || got[kind] === undefined || got[kind] === expected) continue;
      throw new YumoError(
        'FILE',
        `${this.name}/${file.path}: ${name} is ${got[kind]}, the hub announced ${expected}; the file was not kept`,
        { path: file.path, expected, got: got[kind], checksum: true },
      );
    }
  }
}
