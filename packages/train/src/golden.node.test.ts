// The open check as a whole on the small set that the repository keeps: every case passes, and a wrong number is a miss.

import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
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
const change = (path: string, file: string, change: (text: string) => string): void =>
  writeFileSync(join(path, file), change(readFileSync(join(path, file), 'utf8')));
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

  it('names each case that is damaged, and goes on with the others', async () => {
    const path = altered('index.json', /\{/, '[');
    cpSync(join(path, 'gpt2-lm'), join(path, 'without-weights'), { recursive: true });
    rmSync(join(path, 'without-weights/model.safetensors'));
    change(path, 'without-weights/meta.json', (text) =>
      text.replace(/"generation": \[/, '"generation": {}, "before": ['),
    );
    change(path, 'gpt2-lm/meta.json', (text) => text.replace('"steps": ', '"steps": null, "before": '));
    truncateSync(join(path, 'ops/where.safetensors'), 100);
    rmSync(join(path, 'losses/info_nce.safetensors'));
    change(path, 'optimizers/index.json', (text) => text.replace('"hyperparameters"', '"other"'));
    change(path, 'optimizers/schedules.json', (text) => text.replace('"settings"', '"other"'));
    change(path, 'processors/index.json', (text) => text.replace('"settings"', '"other"'));
    const { cases } = await runModelGolden(path);
    const named = cases.filter((c) => c.status === 'fail');
    expect(named.map((c) => c.case)).toEqual([
      'index.json',
      'gpt2-lm/training',
      'without-weights',
      'without-weights/training',
      'without-weights/generation',
      'ops/where',
      'losses/info_nce',
      'optimizers/sgd_nesterov',
      'schedules/cosine_with_warmup',
      'processors/temperature_0.7',
    ]);
    expect(named.every((c) => c.detail)).toBe(true);
    expect(cases.filter((c) => c.status === 'pass').length).toBeGreaterThan(60);
  });

  it('names an option of PyTorch that is not ours; one that is off is none', async () => {
    const path = altered('optimizers/index.json', /"nesterov": true/, '"nesterov": true, "maximize": true');
    change(path, 'optimizers/index.json', (text) =>
      text.replace('"amsgrad": true', '"amsgrad": true, "maximize": false, "foreach": null'),
    );
    const { cases } = await runModelGolden(path);
    expect(cases.filter((c) => c.status !== 'pass')).toEqual([
      expect.objectContaining({ case: 'optimizers/sgd_nesterov', detail: 'maximize true of torch.optim.SGD' }),
    ]);
  });

  it('reports a damaged file as a failed case, and goes on', async () => {
    const cases = await missed(altered('losses/index.json', /\{/, '['));
    expect(cases).toEqual(['losses']);
  });
});
