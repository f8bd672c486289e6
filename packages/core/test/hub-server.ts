// A hub on this computer: the paths of the Hugging Face hub, with large files on a second host as there; and every way in which a server can misbehave.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubRepository {
  readonly id: string;
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** Files stored as large ones, with a SHA-256: those ending in these. */
  readonly large?: readonly string[];
  /** Answers with 401 unless this token is sent. */
  readonly token?: string;
}

export interface HubRequest {
  readonly method: string;
  /** `api`, `resolve` or `storage`, and the file. */
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly token: string | undefined;
}

/** What a test changes about an answer. Return true when it was given here. */
export type Mischief = (request: IncomingMessage, response: ServerResponse, file: string | undefined) => boolean;

export interface HubServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly log: HubRequest[];
  /** The transfers of a file, in bytes sent. */
  mischief: Mischief | undefined;
  /** Extra fields of the list, or another list. */
  list: ((told: Record<string, unknown>) => unknown) | undefined;
}

export const commitOf = (id: string): string => createHash('sha1').update(id).digest('hex');
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Uint8Array): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

const bytesOf = (content: Uint8Array | string): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** Sends a file or a part of it. */
export function send(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array, more: object = {}): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from ?? 0);
  if (from !== undefined && start >= bytes.length)
    return void response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
  const end = to ? Math.min(Number(to) + 1, bytes.length) : bytes.length;
  response.writeHead(from === undefined ? 200 : 206, {
    'content-length': end - start,
    ...(from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` }),
    ...more,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes.subarray(start, end));
}

/** Lets pages of other origins read, as the hub does. @returns true for a question whether they may */
function forPages(request: IncomingMessage, response: ServerResponse): boolean {
  for (const name of ['allow-origin', 'allow-headers', 'expose-headers'])
    response.setHeader(`access-control-${name}`, name === 'allow-headers' ? 'authorization, range, if-range' : '*');
  if (request.method !== 'OPTIONS') return false;
  response.writeHead(204).end();
  return true;
}

/** Starts the hub; the second host, where large files lie, has an address of its own. */
export async function hubServer(repositories: readonly HubRepository[]): Promise<HubServer> {
  const log: HubRequest[] = [];
  const note = (request: IncomingMessage, path: string): void => {
    const { range, authorization, 'if-range': ifRange } = request.headers;
    log.push({
      method: request.method ?? '',
      path,
      range,
      ifRange: ifRange as string | undefined,
      token: authorization,
    });
  };
  const isLarge = ({ large = ['.safetensors'] }: HubRepository, path: string): boolean =>
    large.some((ending) => path.endsWith(ending));

  const storage = createServer((request, response) => {
    if (forPages(request, response)) return;
    const [, repository, path] = /^\/([^?]*)\?file=(.*)$/.exec(request.url ?? '')?.map(decodeURIComponent) ?? [];
    note(request, `storage ${path}`);
    if (hub.mischief?.(request, response, path)) return;
    const found = repositories.find(({ id }) => id === repository)?.files[path ?? ''];
    if (found === undefined) return void response.writeHead(404).end();
    send(request, response, bytesOf(found), { etag: `"${sha256(bytesOf(found)).slice(0, 32)}"` });
  });
  const front = createServer((request, response) => {
    if (forPages(request, response)) return;
    const url = decodeURIComponent(request.url ?? '');
    const [, kind, id, rest = ''] = /^\/(api\/models\/)?([^/]+\/[^/?]+)\/(?:revision|resolve)\/(.*)$/.exec(url) ?? [];
    const [revision = '', ...segments] = rest.replace(/\?.*$/, '').split('/');
    const path = segments.join('/');
    note(request, kind ? `api ${revision}` : `resolve ${path}`);
    if (hub.mischief?.(request, response, kind ? undefined : path)) return;
    const repository = repositories.find((r) => r.id === id);
    const fail = (status: number, code: string): void =>
      void response.writeHead(status, { 'x-error-code': code }).end();
    if (!repository) return fail(404, 'RepoNotFound');
    if (repository.token && request.headers.authorization !== `Bearer ${repository.token}`)
      return fail(401, 'GatedRepo');
    const commit = commitOf(repository.id);
    if (revision !== 'main' && revision !== commit) return fail(404, 'RevisionNotFound');
    if (kind) {
      const siblings = Object.entries(repository.files).map(([rfilename, content]) => {
        const bytes = bytesOf(content);
        const lfs = { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 };
        return {
          rfilename,
          size: bytes.length,
          blobId: gitSha1(bytes),
          ...(isLarge(repository, rfilename) ? { lfs } : {}),
        };
      });
      const told: Record<string, unknown> = { id, sha: commit, siblings };
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify(hub.list ? hub.list(told) : told));
    }
    const content = repository.files[path];
    if (content === undefined) return fail(404, 'EntryNotFound');
    const bytes = bytesOf(content);
    if (!isLarge(repository, path))
      return send(request, response, bytes, { etag: `"${gitSha1(bytes)}"`, 'x-repo-commit': commit });
    response
      .writeHead(302, {
        location: `${storageEndpoint}/${encodeURIComponent(repository.id)}?file=${encodeURIComponent(path)}`,
        'x-repo-commit': commit,
        'x-linked-size': bytes.length,
        'x-linked-etag': `"${sha256(bytes)}"`,
      })
      .end();
  });
  const storageEndpoint = await listen(storage);
  const hub: HubServer = {
    endpoint: await listen(front),
    log,
    mischief: undefined,
    list: undefined,
    async [Symbol.asyncDispose]() {
      for (const server of [front, storage]) {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      }
    },
  };
  return hub;
}
