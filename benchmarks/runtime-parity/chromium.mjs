// Measures an engine in Chromium: the program of page.mjs, served cross-origin isolated, so that WebAssembly has threads.

import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const { CHROMIUM_PATH } = process.env;
const named = [CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = [...named, chromium.executablePath()].find((path) => path && existsSync(path));

/** @throws what the page says */
export async function measureInChromium(engine, runs) {
  if (!executablePath) throw new Error('no Chromium is installed (CHROMIUM_PATH names one)');
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'page.mjs')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
  });
  // onnxruntime-web is a dependency of core: the version that core was written for is the one that is served.
  const entry = createRequire(import.meta.resolve('@yumo/core')).resolve('onnxruntime-web/webgpu');
  const isolated = {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'cross-origin-resource-policy': 'same-origin',
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    const send = (type) => response.writeHead(200, { ...isolated, 'content-type': type });
    if (pathname === '/')
      return send('text/html').end(
        '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.mjs"></script>',
      );
    if (pathname === '/page.mjs') return send('text/javascript').end(outputFiles[0].contents);
    const file = join(dirname(entry), pathname.replace(/^\/ort\//, '').replaceAll('/', ''));
    if (!existsSync(file)) return response.writeHead(404).end();
    createReadStream(file).pipe(send(file.endsWith('.wasm') ? 'application/wasm' : 'text/javascript'));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--enable-unsafe-webgpu'] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}`);
    await page.waitForFunction('"measure" in globalThis');
    return await page.evaluate(([name, n]) => globalThis.measure(name, n), [engine, runs]);
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}
