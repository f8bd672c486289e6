// The package as others use it: imported, required, and as bytes on the way to a browser.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

describe('a project that installs the package', () => {
  let project = '';
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'tokenizer-package-'));
    const installed = join(project, 'node_modules/@yumo/tokenizer');
    mkdirSync(installed, { recursive: true });
    const tsc = join(root, '../../node_modules/.bin/tsc');
    const out = join(installed, 'dist');
    execFileSync(tsc, ['-p', root, '--outDir', out, '--tsBuildInfoFile', join(project, 'buildinfo')]);
    symlinkSync(join(root, 'package.json'), join(installed, 'package.json'));
  });
  afterAll(() => rmSync(project, { recursive: true }));

  const use = `
    const model = { type: 'WordLevel', vocab: { '[UNK]': 0, hello: 1 }, unk_token: '[UNK]' };
    const tokenizer = Tokenizer.fromJson({ version: '1.0', pre_tokenizer: { type: 'Whitespace' }, model });
    console.log([...tokenizer.encodeIds('hello you')].join());`;
  const run = (file: string, source: string) => {
    writeFileSync(join(project, file), source);
    return execFileSync(process.execPath, ['--no-warnings', file], { cwd: project, encoding: 'utf8' }).trim();
  };

  it('can import it', () => {
    expect(run('main.mjs', `import { Tokenizer } from '@yumo/tokenizer';${use}`)).toBe('1,0');
  });

  it('can require it', () => {
    expect(run('main.cjs', `const { Tokenizer } = require('@yumo/tokenizer');${use}`)).toBe('1,0');
  });
});

/** Bytes of a browser's bundle, minified and compressed. */
async function bundled(names: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export ${names === '*' ? names : `{ ${names} }`} from './src/index.ts'`,
      resolveDir: root,
      loader: 'ts',
    },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

describe('the size in a browser, minified and gzipped', () => {
  // 25 kB is the goal for what most pages need. Trainers, other file formats and
  // Node's parts must fall away by themselves, and a number may only grow when someone decides it.
  const ceilings: Record<string, [names: string, bytes: number]> = {
    'reading, encoding and decoding': ['Tokenizer', 25_000],
    'the same with chat templates, all older file formats and tokenizer_config.json': [
      'Tokenizer, tokenizerFromFiles, applyChatTemplate, sentencePieceToJson, readRanks, ranksToJson',
      31_400,
    ],
    'the same with the training of byte-level BPE instead': ['Tokenizer, trainByteLevelBpe', 31_200],
    everything: ['*', 44_600],
  };
  for (const [what, [names, most]] of Object.entries(ceilings)) {
    it(`of ${what} is at most ${most / 1000} kB`, async () => {
      expect(await bundled(names)).toBeLessThanOrEqual(most);
    });
  }

  it('has nothing in it that only Node has', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };
    expect(dependencies).toEqual({});
  });
});
