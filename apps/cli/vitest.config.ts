import { defineConfig } from 'vitest/config';

// The condition makes sibling packages resolve to their sources, so that unit tests see edits without a build.
export default defineConfig({
  resolve: { conditions: ['@yumo/source'] },
  ssr: { resolve: { conditions: ['@yumo/source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/build.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
