// Where Chromium is: the one that the environment names, the system's, or Playwright's.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Undefined where there is none. */
export const chromiumPath = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  chromium.executablePath(),
].find((path) => path !== undefined && existsSync(path));
