// What tests need of the system: a Chromium (one that is here, else Playwright's download, else the system's package), and Vulkan's loader.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run, webApp } from './prepare.mjs';

const playwright = join(webApp, 'node_modules/@playwright/test');

/** A path may be announced and absent, or present without its libraries: only an answer counts. On a busy machine it takes its time. */
async function works(path) {
  if (!path || !existsSync(path)) return false;
  const { code } = await run(path, ['--version', '--no-sandbox'], { quiet: true, timeoutSeconds: 120 });
  return code === 0;
}

async function find() {
  const { default: api } = await import(pathToFileURL(join(playwright, 'index.js')).href);
  const candidates = [
    process.env.CHROMIUM_PATH,
    api.chromium.executablePath(),
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ];
  for (const path of candidates) if (await works(path)) return path;
  return undefined;
}

const installsPackages = process.platform === 'linux' && process.getuid?.() === 0;

async function installPackage(name) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env, quiet: true, timeoutSeconds: 120 });
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], { env, timeoutSeconds: 300 });
}

/** The path of a Chromium that starts, installed when there is none; undefined with a line that says what to do. */
export async function chromium() {
  const here = await find();
  if (here) return here;
  console.log('yumo: no Chromium here; downloading the one of Playwright …');
  await run(process.execPath, [join(playwright, 'cli.js'), 'install', 'chromium'], { timeoutSeconds: 240 });
  const downloaded = await find();
  if (downloaded) return downloaded;
  if (installsPackages) {
    console.log("yumo: that did not work; installing the system's package …");
    await installPackage('chromium');
    const installed = await find();
    if (installed) return installed;
  }
  console.log(
    'yumo: browser tests skipped: no Chromium could be installed. Install one and set CHROMIUM_PATH to its program.',
  );
  return undefined;
}

/** Vulkan's loader, by which onnxruntime's WebGPU in Node finds an adapter: a graphics card's, or Chromium's in software. Without it those tests are skipped. */
export async function vulkanLoader() {
  if (process.platform !== 'linux') return;
  const isThere = async () => (await run('ldconfig', ['-p'], { quiet: true })).output?.includes('libvulkan.so.1');
  if (await isThere()) return;
  if (installsPackages) await installPackage('libvulkan1');
  if (!(await isThere())) console.log('yumo: tests of WebGPU in Node will be skipped: install libvulkan1.');
}
