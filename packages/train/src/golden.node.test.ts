// The open check as a whole on the small set that the repository keeps: every case passes, and a wrong number is a miss.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { runModelGolden } from './golden.node.ts';

const kept = join(import.meta.dirname, '../../core/test/golden');
let folder: string | undefined;
afterEach(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** A copy of the set with one text in one file replaced. */
function altered(path: string, from: string | RegExp, to: string): string {
  folder = mkdtempSync(join(tmpdir(), 'yumo-golden-'));
  cpSync(kept, folder, { recursive: true });
  const text = readFileSync(join(folder, path), 'utf8');
  expect(text).toMatch(from);
  writeFileSync(join(folder, path), text.replace(from, to));
  return folder;
}
const missed = async (path: string): Promise<string[]> =>
  (await runModelGolden(path)).cases.filter((c) => c.status === 'fail').map((c) => c.case);

describe('pnpm golden models', () => {
  it('passes every case of the kept set and names each as it is known', async () => {
    const printed: string[] = [];
    const { cases } = await runModelGolden(kept, (c) => printed.push(c.case));
    expect(cases.filter((c) => c.status === 'fail')).toEqual([]);
    expect(printed).toEqual(cases.map((c) => c.case));
    for (const name of [
      'gpt2-lm',
      'gpt2-lm/training',
      'gpt2-lm/generation/beam3',
      'ops/where',
      'losses/info_nce',
      'optimizers/adafactor',
      'schedules/polynomial',
      'processors/chain',
    ])
      expect(cases.find((c) => c.case === name)?.status, name).toBe('pass');
    expect(cases.every((c) => c.status !== 'pass' || (c.worst !== null && c.worst <= 1))).toBe(true);
  });

  it.each([
    ['gpt2-lm/training', 'gpt2-lm/meta.json', /"loss_after_last_step": 3\.456/, '"loss_after_last_step": 3.457'],
    ['optimizers/sgd_nesterov', 'optimizers/index.json', /"nesterov": true/, '"nesterov": false'],
    ['schedules/cosine_with_warmup', 'optimizers/schedules.json', /"cycles": 0\.5/, '"cycles": 0.6'],
  ])('misses %s when its file is changed', async (name, path, from, to) => {
    expect(await missed(altered(path, from, to))).toEqual([name]);
  });

  it('reports a damaged file as a failed case, and goes on', async () => {
    const cases = await missed(altered('losses/index.json', /\{/, '['));
    expect(cases).toEqual(['losses']);
  });
});
