// Unit tests of what the page does without a browser.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@yumo/source'] },
  ssr: { resolve: { conditions: ['@yumo/source', 'node', 'import', 'module', 'default'] } },
  test: { include: ['features/**/*.test.ts', 'server/**/*.test.ts'], testTimeout: 60_000 },
});
