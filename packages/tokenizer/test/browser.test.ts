// The package in a browser: bundled as ESM, loaded by a page and by a worker; every column as in Node, and training too.
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Tokenizer, trainByteLevelBpe } from '../src/index.ts';
import { randomNumbers, randomText } from './random-text.ts';
import { tokenizerData } from './shared-data.ts';

const root = join(import.meta.dirname, '../../..');

/** What is used of Playwright, which the web app brings. */
interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<A, R>(work: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
}
interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

/** What the program leaves in the page. */
interface Program {
  answer(data: { json: string; texts: readonly string[] }): Promise<unknown>;
}

async function launch(): Promise<Browser | null> {
  const finder: { chromium(): Promise<string | undefined> } = await import(join(root, 'scripts/chromium.mjs'));
  const executablePath = process.env.CHROMIUM_PATH ?? (await finder.chromium());
  if (executablePath === undefined) return null;
  const require = createRequire(join(root, 'apps/web/package.json'));
  const { chromium } = require('@playwright/test') as { chromium: { launch(options: object): Promise<Browser> } };
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

const random = randomNumbers(5);
const texts = [
  'to be, or not to be: don’t — 12,345 naïve cafés 😀👩‍🚀',
  '生存还是毁灭，这是一个问题。\n\n  tabs\tand  spaces ',
  '<|endoftext|>[MASK]</s>\ud800',
  'x'.repeat(3000),
  ...Array.from({ length: 40 }, () => randomText(random)),
];

/** Tokenizers of this repository, and those of the shared data where it is. */
const files = [
  ...['shakespeare-char', 'chinese-classics'].map((name) => join(root, 'models', name, 'tokenizer.json')),
  ...['gpt2', 'bert-base-chinese', 't5-base', 'llama-2'].map((name) =>
    join(tokenizerData ?? '', name, 'tokenizer.json'),
  ),
].filter(existsSync);

/** Everything of the encodings of `texts`, as plain values. Runs in Node, in the page and in the worker: it must stand alone. */
function columnsOf(tokenizer: Tokenizer, list: readonly string[]): unknown {
  return list.map((text) => {
    const { ids, tokens, offsets, wordIds } = tokenizer.encode(text);
    const same = String(tokenizer.encodeIds(text)) === String(ids);
    return [[...ids], tokens, [...offsets], [...wordIds], same, tokenizer.decode(ids)];
  });
}

// The same program for the page and for the worker.
const program = `
  import { Tokenizer, trainByteLevelBpe } from '/tokenizer.js';
  const columnsOf = ${columnsOf};
  globalThis.answer = async ({ json, texts }) => {
    const trained = await trainByteLevelBpe(texts, { vocabularySize: 300 });
    return { columns: columnsOf(Tokenizer.fromJson(json), texts), trained: trained.toJson() };
  };`;
const worker = `${program}
  addEventListener('message', async ({ data }) => postMessage(await answer(data)));`;

describe('in a browser', () => {
  let browser: Browser | null = null;
  let server: Server | undefined;
  let page: Page;

  beforeAll(async () => {
    browser = await launch();
    if (browser === null) return;
    const { outputFiles } = await build({
      entryPoints: [join(import.meta.dirname, '../src/index.ts')],
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      minify: true,
      logLevel: 'error',
    });
    const bundle = outputFiles[0]!.text;
    const pages: Record<string, [type: string, body: string]> = {
      '/': ['text/html', '<!doctype html><meta charset="utf-8"><script type="module" src="/program.js"></script>'],
      '/tokenizer.js': ['text/javascript', bundle],
      '/program.js': ['text/javascript', program],
      '/worker.js': ['text/javascript', worker],
    };
    server = createServer((request, response) => {
      const [type, body] = pages[request.url ?? ''] ?? ['text/plain', ''];
      response.writeHead(body === '' ? 404 : 200, { 'content-type': `${type}; charset=utf-8` }).end(body);
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  for (const file of files) {
    it(`a page and a worker give what Node gives: ${file.split('/').slice(-3).join('/')}`, async ({ skip }) => {
      if (browser === null) skip('no Chromium');
      const json = readFileSync(file, 'utf8');
      const trained = await trainByteLevelBpe(texts, { vocabularySize: 300 });
      const wanted = { columns: columnsOf(Tokenizer.fromJson(json), texts), trained: trained.toJson() };
      const inPage = await page.evaluate((data) => (globalThis as unknown as Program).answer(data), { json, texts });
      expect(inPage).toEqual(wanted);
      const inWorker = await page.evaluate(
        (data) =>
          new Promise<unknown>((resolve, reject) => {
            const started = new Worker('/worker.js', { type: 'module' });
            started.onmessage = (event) => resolve(event.data);
            started.onerror = (event) => reject(new Error(event.message));
            started.postMessage(data);
          }),
        { json, texts },
      );
      expect(inWorker).toEqual(wanted);
    });
  }
});
