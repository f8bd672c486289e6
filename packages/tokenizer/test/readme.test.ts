// The program in the README, in both languages, prints what its comments say.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokenizer-readme-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(['README.md', 'README.zh.md'])('the examples of %s', (file) => {
  it('print what they say', () => {
    const blocks = readFileSync(join(root, file), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms);
    const program = Array.from(blocks, ([, code]) => code).join('\n');
    const promised = Array.from(program.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm), ([, text]) => text);
    expect(promised.length).toBe(program.split('console.log(').length - 1);
    buildSync({
      stdin: { contents: program, resolveDir: root, loader: 'ts' },
      outfile: join(folder, 'example.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      alias: { '@yumo/tokenizer': join(root, 'src/index.ts') },
    });
    const printed = execFileSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(printed.trim().split('\n')).toEqual(promised);
  });
});
