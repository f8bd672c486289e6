// Installing and building: each is skipped when nothing it depends on has changed since it last succeeded.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const webApp = join(root, 'apps/web');

const pnpmVersion = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devEngines.packageManager.version;

/** Runs a program with its output shown, or collected when `quiet`; resolves to its exit code and output. */
export function run(program, args, { cwd = root, env = {}, quiet = false, timeoutSeconds } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      shell: process.platform === 'win32', // npx is a .cmd file there
    });
    let output = '';
    child.stdout?.on('data', (piece) => (output += piece));
    child.stderr?.on('data', (piece) => (output += piece));
    const timer = timeoutSeconds ? setTimeout(() => child.kill('SIGTERM'), timeoutSeconds * 1000) : undefined;
    child.on('error', (error) => resolve({ code: 127, output: String(error) }));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** pnpm at the version that package.json pins, brought by npx: no global install, no corepack. */
export const pnpm = (args, options) => run('npx', ['--yes', `pnpm@${pnpmVersion}`, ...args], options);

/** A program of the root's node_modules, without the second that npx costs. */
export const tool = (path, args, options) =>
  run(process.execPath, [join(root, 'node_modules', path), ...args], options);

const outputs = new Set([
  'node_modules',
  'dist',
  '.next',
  '.turbo',
  'test-results',
  'playwright-report',
  '.git',
  'ort', // the browser's engine, copied by the build
]);

/** Every file below `folder` that a build may read, in a fixed order. */
function* sources(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (outputs.has(entry.name) || entry.name.endsWith('.tsbuildinfo') || entry.name === 'next-env.d.ts') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.isFile()) yield path;
  }
}

function fingerprint(paths) {
  const hash = createHash('sha256').update(process.versions.node).update(process.platform).update(process.arch);
  for (const path of paths)
    hash.update(relative(root, path).split(sep).join('/')).update('\0').update(readFileSync(path));
  return hash.digest('hex');
}

const manifests = () => [
  ...['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'].map((name) => join(root, name)),
  ...['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => join(root, group, name, 'package.json'))
      .filter((path) => existsSync(path)),
  ),
];
const buildInputs = () => [
  ...manifests(),
  ...['turbo.json', 'tsconfig.base.json'].map((name) => join(root, name)),
  ...sources(join(root, 'packages')),
  ...sources(join(root, 'apps')),
];

/** Runs `work` unless its mark says that it succeeded with these inputs and `results` are still there. */
async function once(name, inputs, results, work) {
  const mark = join(root, 'node_modules', `.yumo-${name}`);
  const print = fingerprint(inputs);
  const done = existsSync(mark) && readFileSync(mark, 'utf8') === print;
  if (done && results.every((path) => existsSync(join(root, path)))) return;
  const started = performance.now();
  console.log(`yumo: ${name} …`);
  const { code } = await work();
  if (code !== 0) throw new Error(`yumo: ${name} failed (exit code ${code}); the lines above say why`);
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, print);
  console.log(`yumo: ${name} done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** Dependencies as the lock file says. */
export const install = () =>
  once('install', manifests(), ['node_modules/turbo', 'apps/web/node_modules/next'], () =>
    pnpm(['install', '--frozen-lockfile', '--prefer-offline']),
  );

/** Turborepo looks for pnpm itself, so pnpm starts it. */
export const turbo = (args, options) => pnpm(['exec', 'turbo', ...args], options);

/** Every package and app. */
export const build = () =>
  once(
    'build',
    buildInputs(),
    ['packages/core/dist/index.js', 'apps/cli/dist/main.js', 'apps/web/.next/BUILD_ID'],
    () => turbo(['run', 'build', '--output-logs=new-only', '--log-order=grouped']),
  );
