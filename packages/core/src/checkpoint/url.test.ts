// Files over HTTP: ranges, servers without ranges, broken downloads, stopping, and files kept for later.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { urlSource } from './url.ts';

const content = new TextEncoder().encode('0123456789');
let server: Server | undefined;
afterEach(() => {
  vi.unstubAllGlobals();
  server?.closeAllConnections();
  server?.close();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((ready) => server!.listen(0, '127.0.0.1', ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/model`;
}

/** A server of one file that knows ranges and tags. */
const ranged =
  (log: string[] = [], tag = '"1"') =>
  (request: IncomingMessage, response: ServerResponse): void => {
    log.push(`${request.method} ${request.url} ${request.headers.range ?? ''}`.trim());
    if (request.url !== '/model/a%20b.bin') return void response.writeHead(404).end();
    const [, start, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const part = start === undefined ? content : content.subarray(Number(start), Number(end) + 1);
    response.writeHead(start === undefined ? 200 : 206, { 'content-length': part.length, etag: tag });
    response.end(request.method === 'HEAD' ? undefined : part);
  };

/** Cache Storage as far as it is used, in memory. */
function stubCaches(): Map<string, Response> {
  const kept = new Map<string, Response>();
  const cache = {
    match: async (url: string) => kept.get(url)?.clone(),
    put: async (url: string, response: Response) => void kept.set(url, response),
  };
  vi.stubGlobal('caches', { open: async () => cache });
  return kept;
}
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('a web address', () => {
  it('gives sizes, ranges and whole files, with progress', async () => {
    const log: string[] = [];
    const progress: [string, number, number][] = [];
    const source = urlSource(`${await serve(ranged(log))}/`, { onProgress: (...p) => progress.push(p) });
    expect(await source.exists('a b.bin')).toBe(true);
    expect(await source.exists('c.bin')).toBe(false);
    expect(await source.size('a b.bin')).toBe(10);
    expect(text(await source.read('a b.bin', { start: 2, end: 5 }))).toBe('234');
    expect(text(await source.read('a b.bin'))).toBe('0123456789');
    expect(log.filter((line) => line.startsWith('HEAD /model/a'))).toHaveLength(1);
    expect(progress.at(-1)).toEqual(['a b.bin', 10, 10]);
  });

  it('may ignore ranges: then the part is cut out of the whole', async () => {
    const source = urlSource(
      await serve((request, response) => {
        response.writeHead(200, { 'content-length': 10 }).end(request.method === 'HEAD' ? undefined : content);
      }),
    );
    expect(text(await source.read('x', { start: 7, end: 9 }))).toBe('78');
  });

  it('refuses paths that leave the folder, before asking the server', async () => {
    const log: string[] = [];
    const source = urlSource(await serve(ranged(log)));
    await expect(source.read('../secret')).rejects.toMatchObject({ code: 'FILE', message: /leaves the folder/ });
    expect(log).toEqual([]);
  });

  it('names a missing file, a refusal, an unreachable server and a broken download', async () => {
    const base = await serve((request, response) => {
      if (request.url?.endsWith('gone')) return void response.writeHead(404).end();
      if (request.url?.endsWith('secret')) return void response.writeHead(403).end();
      response.writeHead(200, { 'content-length': 10 });
      response.write(content.subarray(0, 4));
      response.destroy();
    });
    const source = urlSource(base);
    await expect(source.read('gone')).rejects.toMatchObject({ code: 'FILE', message: `${base}/gone: no such file` });
    await expect(source.read('secret')).rejects.toThrow('the server answered 403');
    await expect(source.read('broken')).rejects.toThrow(/broke off after \d bytes|cannot be reached/);
    await expect(urlSource('http://127.0.0.1:1').size('x')).rejects.toThrow('cannot be reached');
  });

  it('stops a download when told', async () => {
    const stop = new AbortController();
    const base = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write(content.subarray(0, 4));
    });
    const reading = urlSource(base).read('x', { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(reading).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('with a cache', () => {
  it('a file is downloaded once, and is there when the server is not', async () => {
    stubCaches();
    const log: string[] = [];
    const base = await serve(ranged(log));
    const first = urlSource(base, { cache: true });
    expect(text(await first.read('a b.bin', { start: 0, end: 2 }))).toBe('01');
    expect(text(await first.read('a b.bin', { start: 4, end: 6 }))).toBe('45');
    expect(log.filter((line) => line.startsWith('GET'))).toEqual(['GET /model/a%20b.bin']);
    server!.closeAllConnections();
    await new Promise((closed) => server!.close(closed));
    const offline = urlSource(base, { cache: true });
    expect(await offline.exists('a b.bin')).toBe(true);
    expect(await offline.size('a b.bin')).toBe(10);
    expect(text(await offline.read('a b.bin'))).toBe('0123456789');
  });

  it('a file that the cache has no room for is downloaded once all the same', async () => {
    vi.stubGlobal('caches', {
      open: async () => ({ match: async () => undefined, put: () => Promise.reject(new Error('QuotaExceeded')) }),
    });
    const log: string[] = [];
    const source = urlSource(await serve(ranged(log)), { cache: true });
    expect(text(await source.read('a b.bin', { start: 0, end: 2 }))).toBe('01');
    expect(text(await source.read('a b.bin', { start: 4, end: 6 }))).toBe('45');
    expect(log.filter((line) => line.startsWith('GET'))).toHaveLength(1);
  });

  it('a file that changed on the server is fetched again', async () => {
    const kept = stubCaches();
    const log: string[] = [];
    const base = await serve(ranged(log));
    kept.set(`${base}/a%20b.bin`, new Response('old', { headers: { etag: '"0"' } }));
    expect(text(await urlSource(base, { cache: true }).read('a b.bin'))).toBe('0123456789');
  });
});
