// The hub in a real browser: parts in Cache Storage, resumed, checked, and used without a network.

import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HubServer, hubServer } from './hub-server.ts';
import { bundle, pageServer } from './parity/bundle.ts';
import { chromiumPath } from './parity/chromium.ts';
import type { Seen } from './parity/hub-page.ts';

const id = 'tiny-org/tiny';
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 253);
const sumOf = (bytes: Uint8Array): number =>
  bytes.reduce((total, byte, i) => (total + byte * ((i % 251) + 1)) % 1_000_003, 0);
const file = 'model.safetensors';
type Read = (endpoint: string, name: string, path: string, more?: object) => Promise<Seen>;

describe.skipIf(chromiumPath === undefined)('in Chromium', () => {
  let browser: Browser;
  let site: Awaited<ReturnType<typeof pageServer>>;
  let hub: HubServer;
  let page: Page;
  beforeAll(async () => {
    site = await pageServer((await bundle('hub-page.ts', 'browser')).program);
    browser = await chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    hub = await hubServer([{ id, files: { 'config.json': '{"model_type": "gpt2"}', [file]: weights } }]);
    page = await (await browser.newContext()).newPage(); // a cache of its own
    await page.goto(site.address);
    await page.waitForFunction(() => 'read' in globalThis);
  });
  afterEach(async () => {
    await page.context().close();
    await hub[Symbol.asyncDispose]();
  });
  const read = (path: string, more: object = {}, name = id): Promise<Seen> =>
    page.evaluate(
      ([endpoint, model, of, options]) => (globalThis as unknown as { read: Read }).read(endpoint, model, of, options), // what the program left in the page
      [hub.endpoint, name, path, more] as const,
    );
  const transfers = (): string[] =>
    hub.log.filter((r) => r.method === 'GET' && r.path === `storage ${file}`).map((r) => r.range ?? 'all');

  it('downloads a file once, with progress, and keeps it for later pages', async () => {
    const first = await read(file, { ask: ['config.json', 'none.json'] });
    expect(first).toMatchObject({ sum: sumOf(weights), length: weights.length, exists: [true, false], notices: [] });
    expect(first.progress.at(-1)).toBe(weights.length);
    await page.reload();
    await page.waitForFunction(() => 'read' in globalThis);
    const second = await read(file);
    expect(second).toMatchObject({ sum: sumOf(weights), progress: [] });
    expect(transfers()).toEqual(['all']);
  });

  it('gives a part of a kept file, across the borders of what is kept together', async () => {
    await read(file);
    for (const [start, end] of [
      [0, 8],
      [2 ** 16 - 3, 2 ** 16 + 5],
      [70_000, 290_000],
      [299_999, 300_000],
    ] as const)
      expect(await read(file, { start, end })).toMatchObject({
        sum: sumOf(weights.subarray(start, end)),
        length: end - start,
      });
    expect((await read(file, { start: 0, end: 300_001 })).error).toContain('the file has 300000');
  });

  it('goes on after an abort, behind the last whole part', async () => {
    // In pieces, so that the stop is heard on the way.
    hub.mischief = (request, response, path) => {
      if (path !== file || request.method !== 'GET' || !request.url?.includes('?file=') || request.headers.range)
        return false;
      response.writeHead(200, { 'content-length': weights.length });
      response.write(weights.subarray(0, 150_000)); // and no more, until the reader leaves
      return true;
    };
    expect(await read(file, { abortAt: 140_000 })).toMatchObject({ code: 'ABORTED' });
    hub.mischief = undefined;
    expect(await read(file)).toMatchObject({ sum: sumOf(weights) });
    expect(transfers()).toEqual(['all', `bytes=${2 * 2 ** 16}-299999`]);
  });

  it('refuses a file that is not what the hub announced, and fetches it anew the next time', async () => {
    hub.mischief = (request, response, path) => {
      if (path !== file || request.method !== 'GET' || !request.url?.includes('?file=')) return false;
      response.writeHead(200, { 'content-length': weights.length }).end(weights.toReversed());
      return true;
    };
    expect((await read(file)).error).toContain('SHA-256');
    hub.mischief = undefined;
    expect(await read(file)).toMatchObject({ sum: sumOf(weights) });
  });

  it('works without a network from what is here, and says so', async () => {
    await read(file);
    const { endpoint } = hub;
    await hub[Symbol.asyncDispose]();
    const again = await read(file, { ask: [file, 'config.json'] });
    expect(again).toMatchObject({ sum: sumOf(weights), exists: [true, false] });
    expect(again.notices[0]).toContain(`${endpoint} cannot be reached`);
    expect((await read('config.json')).error).toContain('was not downloaded before');
    expect(await read(file, { offline: true })).toMatchObject({ sum: sumOf(weights), notices: [] });
    expect((await read(file, { offline: true }, 'tiny-org/other')).error).toContain('not kept in this browser');
  });

  it('names what is not there', async () => {
    expect((await read('model.safetensor')).error).toContain('did you mean "model.safetensors"?');
    expect((await read(file, {}, 'tiny-org/none')).code).toBe('FILE');
  });
});
