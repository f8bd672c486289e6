// The table of PARITY.md: every operation and every family of models, forward and gradients, on every engine that can run here.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from './engines.ts';
import { bundle, pageServer } from './parity/bundle.ts';
import { type Measured, measure, type Outcome, rows } from './parity/measure.ts';

/** Sums of a few hundred terms, and rounding carried through some dozen operations. */
const tolerance = 2e-5;
/** WebGL's own functions and sums are less exact than the processor's; what it is off by is in the table. */
const tolerances: Readonly<Record<string, number>> = { 'tfjs webgl, Chromium': 2e-3 };

/** What an engine cannot do, and why. What is listed must really fail; what fails must be listed. */
const knownFailures: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {};

/** Software that plays a GPU takes seconds a row: the whole table is measured when it is asked for, not with every test run. */
const asked = process.env.YUMO_PARITY_ENGINES === '1';
if (!asked) console.info('parity of all engines: not measured; YUMO_PARITY_ENGINES=1 measures it (minutes)');

const table = new Map<string, readonly Measured[] | string>();

/** Columns are kept, so that a slow machine can measure them one by one (`-t Chromium`). */
const kept = join(import.meta.dirname, '../node_modules/.cache/parity');
const keptFile = (label: string): string => join(kept, `${label.replaceAll(/\W+/g, '-')}.json`);

function check(label: string, measured: readonly Measured[]): void {
  table.set(label, measured);
  mkdirSync(kept, { recursive: true });
  if (asked) writeFileSync(keptFile(label), JSON.stringify(measured));
  expect(measured.map(({ row }) => row)).toEqual(rows);
  const most = tolerances[label] ?? tolerance;
  const wrong: string[] = [];
  for (const { row, ...parts } of measured)
    for (const [part, outcome] of Object.entries(parts) as [string, Outcome][]) {
      const known = knownFailures[label]?.[`${row} ${part}`];
      const failed = typeof outcome === 'string' || (outcome !== null && !(outcome <= most));
      const told = String(outcome);
      if (failed !== (known !== undefined) || (known && !known.test(told))) wrong.push(`${row} ${part}: ${told}`);
    }
  expect(wrong).toEqual([]);
}

/** An engine that is not here leaves its column empty, and a line that says why. */
function absent(label: string, why: string): void {
  console.info(`${label}: not measured: ${why}`);
  table.set(label, why);
}

const here = engines.filter(({ label }) => label !== 'reference');
const inBrowser = [
  ['onnxruntime-web wasm, Chromium', 'wasm'],
  ['onnxruntime-web webgpu, Chromium', 'webgpu'],
  ['tfjs webgl, Chromium', 'tfjs-webgl'],
  ['tfjs webgpu, Chromium', 'tfjs-webgpu'],
] as const;
const columns = [...here.map(({ label }) => label), 'onnxruntime webgpu, Node', ...inBrowser.map(([label]) => label)];

describe.skipIf(!asked)('in this process', () => {
  it.each(here)(
    '$label agrees',
    async ({ label, runtime }) => {
      const measured: Measured[] = [];
      for await (const row of measure(runtime)) measured.push(row);
      check(label, measured);
    },
    120_000,
  );
});

const browsers = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = [...browsers, chromium.executablePath()].find((path) => path && existsSync(path));

describe.skipIf(!asked)('in a process of its own', () => {
  const label = 'onnxruntime webgpu, Node';
  it(`${label} agrees`, async () => {
    const { VK_DRIVER_FILES, VK_ICD_FILENAMES } = process.env;
    // Chromium's package brings a Vulkan driver in software, and the library that loads it.
    const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
    const named = VK_DRIVER_FILES ?? VK_ICD_FILENAMES;
    if (!named && !existsSync(driver)) return absent(label, 'no Vulkan driver');
    const libraries = [process.env.LD_LIBRARY_PATH, dirname(driver)].filter(Boolean).join(':');
    const env = { ...process.env, ...(named ? {} : { VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: libraries }) };
    const program = await bundle('webgpu.ts', 'node');
    const run = promisify(execFile)(process.execPath, [program], { env, maxBuffer: 2 ** 26 });
    const { stdout } = await run.catch((error: { stdout: string; message: string }) => error);
    const measured = stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Measured);
    check(label, measured);
  }, 600_000);
});

describe.skipIf(!asked)('in Chromium', () => {
  let browser: Browser | undefined;
  let server: Awaited<ReturnType<typeof pageServer>> | undefined;
  beforeAll(async () => {
    if (!executablePath) return;
    server = await pageServer(await bundle('page.ts', 'browser'));
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--enable-unsafe-webgpu'] });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  it.each(inBrowser)(
    '%s agrees',
    async (label, engine) => {
      if (!browser || !server) return absent(label, 'no Chromium');
      const page = await browser.newPage();
      try {
        await page.goto(server.address);
        await page.waitForFunction('"measure" in globalThis');
        const measured = await page.evaluate<Measured[] | string, string>(
          (name) => (globalThis as unknown as { measure(engine: string): Promise<Measured[] | string> }).measure(name),
          engine,
        );
        if (typeof measured === 'string') absent(label, measured);
        else check(label, measured);
      } finally {
        await page.close();
      }
    },
    600_000,
  );
});

const shown = (x: Outcome | undefined): string =>
  typeof x === 'number' ? (x === 0 ? '0' : x.toExponential(1)) : typeof x === 'string' ? 'fails' : '';

/** Forward and gradient in one cell: `3e-8 / 1e-7`. */
function cellOf(measured: readonly Measured[] | string | undefined, row: string): string {
  const found = typeof measured === 'string' ? undefined : measured?.find((m) => m.row === row);
  return found
    ? [found.forward, found.gradient]
        .filter((x) => x !== null)
        .map(shown)
        .join(' / ')
    : '';
}

const parity = join(import.meta.dirname, '../PARITY.md');

afterAll(() => {
  if (!asked) return;
  for (const label of columns)
    if (!table.has(label) && existsSync(keptFile(label)))
      table.set(label, JSON.parse(readFileSync(keptFile(label), 'utf8')) as Measured[]);
  const labels = columns.filter((label) => table.has(label));
  const failures = [...table].flatMap(([label, measured]) =>
    typeof measured === 'string'
      ? [`- ${label}: not measured: ${measured}`]
      : measured.flatMap(({ row, ...parts }) =>
          Object.entries(parts).flatMap(([part, x]) =>
            typeof x === 'string' ? [`- ${label}, ${row}, ${part}: ${x.replaceAll('|', '\\|')}`] : [],
          ),
        ),
  );
  writeFileSync(
    parity,
    `# Every operation and every family of models on every engine

Forward / gradients: the largest error over max(1, |value|) against the double-precision interpreter, over all cases of \`test/cases.ts\`, and
over the first head of each family (tiny, all outputs; gradients of its loss by every parameter). float32 rounds at 6e-8. WebGPU and WebGL are
software here (SwiftShader). Written by \`YUMO_PARITY_ENGINES=1 npx vitest run test/parity.test.ts\` in \`packages/core\`, then \`npm run format\`.

| ${['', ...labels].join(' | ')} |
| ${['', ...labels].map(() => '---').join(' | ')} |
${rows.map((row) => `| ${row} | ${labels.map((label) => cellOf(table.get(label), row)).join(' | ')} |`).join('\n')}

## What fails, in the engine's words

${failures.length > 0 ? failures.join('\n') : 'Nothing.'}
`,
  );
});
