// The program in the README, in both languages, prints what its comments say. It runs on the compiled package, as in a user's project.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const core = join(import.meta.dirname, '..');
const root = join(core, '../..');
const built = existsSync(join(core, 'dist/index.node.js'));
if (!built) console.log('skipped: packages/core is not compiled (pnpm build)');

it.runIf(built).each(['README.md', 'README.zh.md'])('the examples of %s print what they say', (file) => {
  const blocks = readFileSync(join(core, file), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms);
  const program = Array.from(blocks, ([, code]) => code).join('\n');
  const promised = Array.from(program.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm), ([, text]) => text);
  expect(promised.length).toBe(program.split('console.log(').length - 2); // the losses of the first block are numbers
  const example = join(core, 'dist', `example-${file}.mjs`); // where packages are found by name
  try {
    writeFileSync(example, program);
    const { stdout, stderr } = spawnSync(process.execPath, [example], { cwd: root, encoding: 'utf8' });
    expect(stderr).toBe('');
    const [before, after, ...printed] = stdout.trim().split('\n');
    expect(Number(before!.split('loss ')[1])).toBeCloseTo(Math.log(3), 2);
    expect(Number(after!.split('loss ')[1])).toBeLessThan(0.2);
    expect(printed).toEqual(promised);
  } finally {
    rmSync(example, { force: true });
  }
});
