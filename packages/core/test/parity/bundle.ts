// Programs from our sources for a browser and for a child process, and a server for the page.

import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
/** Inside the package, so that a child process finds the packages that stay outside of the bundle. */
export const folder = resolve(here, '../../node_modules/.cache/parity');

export interface Bundle {
  /** Path of the program. */
  readonly program: string;
  /** Of its text: what was measured with another program says nothing about this one. */
  readonly digest: string;
}

const made = new Map<string, Promise<Bundle>>();

export function bundle(entry: string, platform: 'browser' | 'node'): Promise<Bundle> {
  const known = made.get(entry) ?? make(entry, platform);
  made.set(entry, known);
  return known;
}

async function make(entry: string, platform: 'browser' | 'node'): Promise<Bundle> {
  const program = join(folder, `${entry.replace('.ts', '')}.mjs`);
  const { outputFiles } = await build({
    entryPoints: [join(here, entry)],
    outfile: program,
    write: false,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform,
    conditions: ['@yumo/source'],
    external: platform === 'node' ? ['onnxruntime-node', 'onnxruntime-web', 'onnxruntime-web/*', '@tensorflow/*'] : [],
    minifyWhitespace: true, // comments name folders: the digest would depend on where the checkout lies
    logLevel: 'error',
  });
  const { contents } = outputFiles[0]!; // one entry, one file
  await mkdir(folder, { recursive: true });
  await writeFile(program, contents);
  return { program, digest: createHash('sha256').update(contents).digest('hex') };
}

/** Serves the page, cross-origin isolated as the app is, and onnxruntime's files. */
export async function pageServer(script: string): Promise<AsyncDisposable & { readonly address: string }> {
  const engine = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/webgpu'));
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const isolated = {
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
    };
    if (path === '/')
      return void response
        .writeHead(200, { ...isolated, 'content-type': 'text/html' })
        .end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.mjs"></script>');
    const file = path === '/page.mjs' ? script : join(engine, path.replace(/^\/ort\//, '').replaceAll('/', ''));
    if (!existsSync(file)) return void response.writeHead(404).end();
    const type = file.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
    response.writeHead(200, { ...isolated, 'content-type': type });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
