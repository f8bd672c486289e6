// Browser tests: the built app on a free port, in a Chromium of this computer.

import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, defineConfig } from '@playwright/test';

// Not 3000: a person may be using that one.
const port = Number(process.env.YUMO_TEST_PORT ?? 3917);
// What is shipped, and tiny random models that global-setup.ts makes; the workers read the same variable.
process.env.YUMO_TEST_MODELS ??= join(tmpdir(), `yumo-test-models-${port}`);
const shipped = process.env.YUMO_MODELS ?? join(import.meta.dirname, '../../models');
const executablePath = [
  process.env.CHROMIUM_PATH,
  chromium.executablePath(),
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));

export default defineConfig({
  testDir: './e2e',
  globalSetup: './e2e/global-setup.ts',
  outputDir: '../../test-results/browser',
  // One browser at a time: software WebGPU and wasm threads take both cores.
  workers: 1,
  fullyParallel: false,
  // Generous: a loaded machine is slow, and a test that passes does not wait.
  timeout: 300_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env.CI),
  reporter: 'list',
  use: {
    baseURL: `http://localhost:${port}`,
    locale: 'en-US',
    screenshot: 'only-on-failure',
    trace: 'off',
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      // As root Chromium refuses its sandbox; the second gives a WebGPU adapter in software where there is no graphics card.
      args: ['--no-sandbox', '--enable-unsafe-webgpu'],
    },
  },
  webServer: {
    command: `node server.mjs --port ${port} --hostname localhost`,
    url: `http://localhost:${port}/health`,
    reuseExistingServer: false,
    timeout: 300_000,
    env: { YUMO_MODELS: [shipped, process.env.YUMO_TEST_MODELS].join(delimiter) },
  },
});
