// `npm test`: lint, types, unit tests, golden checks and browser tests; a table at the end, `N passed, N failed` last.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, vulkanLoader } from './chromium.mjs';
import { firstFree } from './ports.mjs';
import { build, install, root, run, tool, turbo, webApp } from './prepare.mjs';

const results = join(root, 'test-results');
const shared = process.env.YUMO_SHARED ?? join(root, '../shared');

/** One line of the summary. `note` says what a count cannot. */
const none = { passed: 0, failed: 0, skipped: 0, note: '' };
const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

/** A check that passes or not as a whole; it counts only when it fails. */
const whole = ({ code }) => (code === 0 ? { ...none, note: 'clean' } : { ...none, failed: 1 });

const lint = async () => whole(await tool('@biomejs/biome/bin/biome', ['check', '.']));
const types = async () => whole(await turbo(['run', 'typecheck', '--output-logs=errors-only']));

/** The unit tests of one package or app, run from its folder so that its own configuration counts. */
async function unit(folder) {
  const report = join(results, `${folder.replaceAll('/', '-')}.json`);
  const { code } = await run(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--passWithNoTests',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { cwd: join(root, folder) },
  );
  const said = readJson(report);
  const failed = said?.numFailedTests ?? 0;
  return {
    passed: said?.numPassedTests ?? 0,
    failed: failed === 0 && code !== 0 ? 1 : failed, // a file that does not load has no tests to fail
    skipped: said?.numPendingTests ?? 0,
    note: '',
  };
}

/** A set of reference values; the checker prints a line a case and JSON last. */
async function golden(kind, path) {
  const script = join(root, 'scripts/golden.mjs');
  if (!existsSync(script)) return { ...none, note: 'no checker yet' };
  if (!existsSync(path)) return { ...none, note: `skipped: no ${path} (reference data lies beside the repository)` };
  const { code, output } = await run(process.execPath, [script, kind, path], { quiet: true });
  const cases = lastJson(output)?.cases;
  if (!cases) {
    console.log(output);
    return { ...none, failed: 1, note: 'the checker gave no result' };
  }
  const count = (status) => cases.filter((c) => c.status === status).length;
  const failed = count('fail');
  for (const c of cases.filter((c) => c.status === 'fail'))
    console.log(`FAIL ${kind} ${c.case} ${JSON.stringify(c.worst ?? '')}`);
  return {
    passed: count('pass'),
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: count('unsupported'),
    note: count('unsupported') > 0 ? 'skipped = not supported yet' : '',
  };
}

/** The JSON document that a program printed last, on one line or several. */
function lastJson(output) {
  for (let start = output.lastIndexOf('{"cases"'); start >= 0; start = output.lastIndexOf('{"cases"', start - 1)) {
    try {
      return JSON.parse(output.slice(start));
    } catch {
      if (start === 0) return undefined;
    }
  }
  return undefined;
}

async function browser() {
  if (!existsSync(join(webApp, 'playwright.config.ts'))) return { ...none, note: 'no tests yet' };
  const path = await chromium();
  if (!path) return { ...none, note: 'skipped: no Chromium' };
  const report = join(results, 'browser.json');
  const { code } = await run(
    process.execPath,
    [join(webApp, 'node_modules/@playwright/test/cli.js'), 'test', '--reporter=list,json'],
    {
      cwd: webApp,
      env: {
        CHROMIUM_PATH: path,
        PLAYWRIGHT_JSON_OUTPUT_FILE: report,
        YUMO_TEST_PORT: String(await firstFree(3917)),
      },
    },
  );
  const stats = readJson(report)?.stats;
  const failed = stats?.unexpected ?? 0;
  return {
    passed: (stats?.expected ?? 0) + (stats?.flaky ?? 0),
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: stats?.skipped ?? 0,
    note: stats?.flaky ? `${stats.flaky} only on a second try` : '',
  };
}

function summarize(rows) {
  const cells = rows.map(({ name, seconds, passed, failed, skipped, note }) => [
    failed > 0 ? '✗' : '✓',
    name,
    `${passed}`,
    `${failed}`,
    `${skipped}`,
    `${seconds.toFixed(1)} s`,
    note,
  ]);
  cells.unshift(['', 'check', 'passed', 'failed', 'skipped', 'time', '']);
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  console.log(
    `\n${cells
      .map((row) =>
        row
          .map((cell, i) => (i < 2 || i === 6 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
          .join('  ')
          .trimEnd(),
      )
      .join('\n')}`,
  );
}

/** Resolves to the exit code. With names as arguments only those checks run: `npm test -- lint unit`. */
export async function test(only) {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const folders = ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => `${group}/${name}`)
      .filter((folder) => existsSync(join(root, folder, 'vitest.config.ts'))),
  );
  const checks = [
    ['lint', lint],
    ['types', types],
    ...folders.map((folder) => [`unit ${folder}`, () => unit(folder)]),
    ['golden models', () => golden('models', join(shared, 'golden/models'))],
    ['golden tokenizers', () => golden('tokenizers', join(shared, 'data/tokenizers/golden-cases.json'))],
    ['browser', browser],
  ].filter(([name]) => only.length === 0 || only.some((wanted) => name.split(' ').includes(wanted)));

  const rows = [];
  const measure = async (name, work) => {
    const started = performance.now();
    console.log(`\nyumo: ${name} …`);
    const result = await work();
    rows.push({ name, seconds: (performance.now() - started) / 1000, ...result });
    return result.failed === 0;
  };
  const prepared = await measure('install and build', async () => {
    try {
      await install();
      await build();
      return none;
    } catch (error) {
      console.error(error.message);
      return { ...none, failed: 1 };
    }
  });
  // Packages open browsers and WebGPU in their own tests too, and find what is there.
  if (prepared && checks.some(([name]) => /packages\/(core|train)$|^browser$/.test(name)))
    await measure('Chromium and Vulkan', async () => {
      await chromium();
      await vulkanLoader();
      return none;
    });
  if (prepared) for (const [name, work] of checks) await measure(name, work);

  summarize(rows);
  const total = (key) => rows.reduce((sum, row) => sum + row[key], 0);
  console.log(`\n${total('passed')} passed, ${total('failed')} failed`);
  return total('failed') === 0 ? 0 : 1;
}
