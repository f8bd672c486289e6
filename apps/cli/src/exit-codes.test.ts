// Exit codes: each its own, stable, and written down.

import { readFile } from 'node:fs/promises';
import { YumoError } from '@yumo/core';
import { TokenizerError } from '@yumo/tokenizer';
import { describe, expect, test } from 'vitest';
import { exitCodes, failureOf, internalExit, missedExit } from './exit-codes.ts';

describe('exit codes', () => {
  test('no two kinds of failure share one', () => {
    const all = [...Object.values(exitCodes), internalExit, missedExit, 0];
    expect(new Set(all).size).toBe(all.length);
  });

  test('docs/cli.md has the same table', async () => {
    const page = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| (\d+) +\| `([A-Z]+)`/gm)].map(
      ([, exit, code]) => [code, Number(exit)] as const,
    );
    expect(Object.fromEntries(rows)).toEqual({ ...exitCodes, INTERNAL: internalExit });
  });

  test('errors of the packages keep their message and get their code', () => {
    expect(failureOf(new YumoError('CONTEXT', 'too long', { n: 3 }))).toEqual({
      code: 'CONTEXT',
      message: 'too long',
      detail: { n: 3 },
      exit: 8,
    });
    expect(failureOf(new TokenizerError('FORMAT', 'bad file'))).toMatchObject({ code: 'TOKENIZER', exit: 7 });
    expect(failureOf(new TokenizerError('ARGUMENT', 'bad option'))).toMatchObject({ code: 'USAGE', exit: 2 });
    expect(failureOf(new DOMException('stop', 'AbortError'))).toMatchObject({ code: 'ABORTED', exit: 130 });
    expect(failureOf(new TypeError('x is undefined'))).toMatchObject({ code: 'INTERNAL', exit: 1 });
    expect(failureOf('a string')).toMatchObject({ code: 'INTERNAL', message: 'a string' });
  });
});
