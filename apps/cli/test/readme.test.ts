// The examples of the READMEs are run as they stand there.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');

/** The first TypeScript block of a README, as text. */
const exampleOf = (readme: string): string =>
  /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, readme), 'utf8'))?.[1] ?? '';

/** Runs an example inside the app's node_modules, where the packages are found by name as in a user's project. */
function run(readme: string, ...args: string[]): string {
  const folder = join(import.meta.dirname, '..', 'node_modules', '.readme');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${readme.replaceAll('/', '-')}.mjs`);
  writeFileSync(file, exampleOf(readme));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { cwd: root, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

it('README: ten lines write text with the shipped model', () => {
  expect(exampleOf('README.md').trim().split('\n').length).toBeLessThanOrEqual(10);
  expect(run('README.md').length).toBe(80); // one character a token
});

it('the Chinese README has the same example, models, figures and pictures that are there', () => {
  const [english, chinese] = ['README.md', 'README.zh.md'].map((name) => readFileSync(join(root, name), 'utf8'));
  expect(exampleOf('README.zh.md')).toBe(exampleOf('README.md'));
  const models = (text: string): string[][] =>
    [...text.matchAll(/^\| \[[\w-]+\]\((models\/[\w-]+)\)(.*)$/gm)].map(([, model, cells]) => [
      model!,
      ...(cells!.match(/\d+\.\d+/g) ?? []).toSorted(),
    ]);
  expect(models(english!).length).toBeGreaterThanOrEqual(8);
  expect(models(chinese!)).toEqual(models(english!));
  for (const [, place] of `${english}${chinese}`.matchAll(/\]\(([^):]+)\)/g))
    expect([place, existsSync(join(root, place!))]).toEqual([place, true]);
});

it('packages/core: the classifier learns its three points', () => {
  const losses = [...run('packages/core/README.md').matchAll(/loss ([\d.]+)/g)].map((m) => Number(m[1]));
  expect(losses[0]).toBeCloseTo(Math.log(3), 2); // zero weights: three equal chances
  expect(losses[1]).toBeLessThan(0.2);
});

it('packages/train: a first training ends better than chance', () => {
  const folder = mkdtempSync(join(tmpdir(), 'yumo-readme-'));
  try {
    const losses = [...run('packages/train/README.md', join(folder, 'first')).matchAll(/loss ([\d.]+)/g)].map((m) =>
      Number(m[1]),
    );
    expect(losses.at(-1)).toBeLessThan(Math.log(65));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('packages/serve: the completion continues the prompt', () => {
  expect(run('packages/serve/README.md').length).toBeGreaterThan(10);
});
