// The example of the README is run as it stands there.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');

it('the library example of the README writes text with the shipped model', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  expect(example).toContain('TextGenerator.load');
  expect(example.trim().split('\n').length).toBeLessThanOrEqual(10);
  expect(existsSync(join(root, 'models', 'shakespeare-char', 'model.safetensors'))).toBe(true);
  // Inside the app's node_modules, so that the packages are found by name as they would be in a user's project.
  const folder = join(import.meta.dirname, '..', 'node_modules', '.readme');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'example.mjs'), example);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'example.mjs')], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout.length).toBe(80); // one character a token
});
