// What a user meets first: help, in both languages, and answers to slips of the keyboard.

import { describe, expect, test } from 'vitest';
import { yumo } from './yumo.ts';

const commands = [
  ...['train', 'resume', 'runs', 'generate', 'evaluate', 'export', 'serve', 'inspect', 'doctor'].map((c) => [c]),
  ...['list', 'init', 'check', 'fields'].map((c) => ['recipe', c]),
  ...['train', 'encode', 'decode'].map((c) => ['tokenizer', c]),
];

describe('--help', () => {
  test.each(commands)('yumo %s %s says what it does, its own options, and those of every command', async (...words) => {
    const path = words.filter((w) => typeof w === 'string');
    const { exit, stdout, stderr } = await yumo([...path, '--help']);
    expect(stderr).toBe('');
    expect(exit).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: yumo ${path.join(' ')}`));
    for (const option of ['--json', '--debug', '--lang', '--help']) expect(stdout).toContain(option);
    // A description stands between the usage and the first list.
    expect(stdout.split('\n\n')[1]!.length).toBeGreaterThan(10);
  });

  test('yumo --help lists every command', async () => {
    const { stdout } = await yumo(['--help']);
    for (const [command] of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  test('train --help has a flag for every field of a recipe', async () => {
    const [help, fields] = await Promise.all([yumo(['train', '--help']), yumo(['recipe', 'fields', '--json'])]);
    const every = (JSON.parse(fields.stdout) as { fields: { path: string }[] }).fields.map((f) => f.path);
    // Items of lists have no flag of their own: --set data.train.0.files=… names one.
    const paths = every.filter((path) => !path.includes('*'));
    expect(every).toContain('data.train.*.files');
    expect(paths).toContain('optimizer.learningRate');
    for (const path of paths) expect(help.stdout).toContain(`--${path} `);
  });

  test('help and mistakes are Chinese by --lang and by the environment', async () => {
    const byFlag = await yumo(['train', '--help', '--lang', 'zh']);
    expect(byFlag.stdout).toContain('按配方训练模型');
    expect(byFlag.stdout).not.toMatch(/^Options:/m);
    const choices = await yumo(['data', 'clean', '--help', '--lang', 'zh']);
    expect(choices.stdout).not.toMatch(/choices|default/);
    expect(choices.stdout.replace(/\s/g, '')).toContain('（可选：keep,identical,exact,near；默认："exact"）');
    const byLocale = await yumo(['trian'], { environment: { LC_ALL: 'zh_CN.UTF-8' } });
    expect(byLocale.stderr).toBe('yumo: 未知命令 trian；是否指 train？\n');
    const english = await yumo(['trian', '--lang', 'en'], { environment: { LC_ALL: 'zh_CN.UTF-8' } });
    expect(english.stderr).toBe('yumo: unknown command trian; did you mean train?\n');
  });
});

describe('slips', () => {
  test.each([
    [['trian'], 'unknown command trian; did you mean train?'],
    [['tokenizer', 'trai'], 'unknown command trai; did you mean train?'],
    [['train', 'x.json', '--stpes', '3'], 'unknown option --stpes; did you mean --steps?'],
    [
      ['train', 'x.json', '--optimizer.learningrate', '3'],
      'unknown option --optimizer.learningrate; did you mean --optimizer.learningRate?',
    ],
    [['generate'], '<bundle> is missing; --help shows what the command takes'],
    [['generate', 'x', 'two', 'words'], 'too many words; quote a text that has spaces'],
    [['generate', 'x', '--top-p', '2'], '--top-p <x>: "2" must be a number from 0 to 1'],
    [['generate', 'x', '--top-p'], '--top-p <x>: its value is missing'],
    [
      ['doctor', '--device', 'gpu'],
      '--device <names...>: "gpu" is unknown; one of cuda, webgpu, tfjs-node-gpu, cpu, tfjs-node, wasm, tfjs-wasm, tfjs-cpu, dml, coreml',
    ],
  ])('%j is answered by the nearest valid words, with exit code 2', async (words, message) => {
    const { exit, stdout, stderr } = await yumo(words);
    expect(stderr).toBe(`yumo: ${message}\n`);
    expect(stdout).toBe('');
    expect(exit).toBe(2);
    const json = await yumo([...words, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'USAGE', message, exit: 2 } });
  });

  test('a group without a command prints its help on stderr and fails', async () => {
    const { exit, stdout, stderr } = await yumo(['tokenizer']);
    expect(exit).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Usage: yumo tokenizer/);
  });
});
