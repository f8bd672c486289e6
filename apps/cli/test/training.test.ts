// Training as a user does it: from a recipe to a model that generates; Ctrl-C, resume, two at once.

import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TinyFolder, tinyFolder, tinyRecipe } from './tiny.ts';
import { documentOf, linesOf, start, yumo } from './yumo.ts';

let folder: TinyFolder;
beforeAll(async () => {
  folder = await tinyFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const run = (words: readonly string[]) => yumo(words, { cwd: folder.path });
const digest = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

interface Event {
  readonly kind: string;
  readonly step: number;
  readonly loss?: number;
  readonly reason?: string;
}
const losses = (events: readonly Event[]): (readonly [number, number | undefined])[] =>
  events.filter((e) => e.kind === 'step').map((e) => [e.step, e.loss] as const);

describe('yumo train', () => {
  test('prints what it trains, evaluations and the end on stdout, progress on stderr; the folder generates, evaluates, is listed', async () => {
    const trained = await run(['train', 'recipe.json', '--out', 'runs/plain']);
    expect(trained.exit).toBe(0);
    expect(trained.stdout).toMatch(/^step 30 {2}validation loss \d\.\d{4}, per character \d\.\d+, perplexity/m);
    expect(trained.stdout).toContain('yumo generate runs/plain');
    expect(trained.stderr).toMatch(/^step 30\/30 {2}100% {2}loss \d\.\d{4} {2}[\d,]+ tokens\/s$/m);

    const card = await readFile(`${folder.path}/runs/plain/README.md`, 'utf8');
    expect(card).toMatch(
      /Computing time \| \d+ s, evaluations included; \d[\d.e-]* % of the steps' time waiting for data/,
    );

    const generated = await run(['generate', 'runs/plain', 'The king', '-n', '12']);
    expect(generated.exit).toBe(0);
    expect(generated.stdout).toMatch(/^The king/);
    const json = await run(['generate', 'runs/plain', 'The king', '-n', '12', '--json']);
    const result = documentOf(json) as { text: string; ids: number[]; logProbabilities: number[]; prompt: string };
    expect(`${result.prompt}${result.text}\n`).toBe(generated.stdout);
    expect(result.ids).toHaveLength(12);
    expect(result.logProbabilities.every((p) => p < 0)).toBe(true);

    const listed = documentOf(await run(['runs', '--json'])) as {
      runs: { name: string; status: string; step: number }[];
    };
    expect(listed.runs).toMatchObject([{ folder: 'runs/plain', status: 'completed', step: 30, steps: 30 }]);
  });

  test('a recipe that starts from a training that is not there names that training, and asks no hub', async () => {
    for (const more of [[], ['--dry-run']]) {
      const { exit, stderr } = await run(['train', 'recipe.json', '--init.from', 'runs/first-stage', ...more]);
      expect(exit).not.toBe(0);
      expect(stderr).toMatch(
        /init\.from: no model in .*runs\/first-stage.*; train it first \(`yumo train first-stage`\)/,
      );
      expect(stderr).not.toContain('hub');
    }
  });

  test('--json prints the events, one a line, and nothing else on stdout', async () => {
    const { stdout, exit } = await run(['train', 'recipe.json', '--out', 'runs/json', '--json']);
    expect(exit).toBe(0);
    const events = linesOf({ stdout, stderr: '', exit }) as Event[];
    expect(events[0]!.kind).toBe('start');
    expect(events.at(-1)).toMatchObject({ kind: 'done', reason: 'completed', step: 30 });
    expect(losses(events).map(([step]) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });

  test('every way to set a field gives the same training', async () => {
    const ways = [
      ['--steps', '5', '--optimizer.learningRate', '3e-3', '--model.n_layer', '2', '--evaluate-every', '5'],
      [
        '--set',
        'steps=5',
        '--set',
        'optimizer.learningRate=3e-3',
        '--set',
        'model.n_layer=2',
        '--set',
        'evaluateEvery=5',
      ],
      ['--steps=5', '--optimizer.learning-rate=3e-3', '--model.n_layer=2', '--evaluateEvery=5'],
    ];
    const curves = [];
    for (const [i, way] of ways.entries()) {
      const { stdout, stderr, exit } = await run(['train', 'recipe.json', '--out', `runs/way-${i}`, '--json', ...way]);
      expect(exit, stderr).toBe(0);
      curves.push(losses(linesOf({ stdout, stderr, exit }) as Event[]));
    }
    expect(curves[0]).toHaveLength(5);
    expect(curves[1]).toEqual(curves[0]);
    expect(curves[2]).toEqual(curves[0]);
    const config = JSON.parse(await readFile(folder.at('runs/way-0/config.json'), 'utf8')) as { n_layer: number };
    expect(config.n_layer).toBe(2);
  });

  test('a recipe may be a module, .ts or .mjs, in any folder: it gives the training of the same JSON', async () => {
    const fields = JSON.stringify({ ...tinyRecipe, steps: 4 });
    const source = `// Computed fields are why one writes a module.\nimport { defineRecipe } from '@yumo/train';\nconst recipe = ${fields};\nexport default defineRecipe({ ...recipe, batch: 2 + 2 });\n`;
    const curves = [];
    await writeFile(folder.at('module.json'), fields);
    for (const file of ['module.json', 'module.ts', 'module.mjs']) {
      if (file !== 'module.json') await writeFile(folder.at(file), source);
      const result = await run(['train', file, '--out', `runs/${file}`, '--json']);
      expect(result.exit, result.stderr).toBe(0);
      curves.push(losses(linesOf(result) as Event[]));
    }
    expect(curves[1]).toEqual(curves[0]);
    expect(curves[2]).toEqual(curves[0]);

    await writeFile(
      folder.at('wrong.ts'),
      "import { defineRecipe } from '@yumo/train';\nexport default defineRecipe({ nam: 'x' });\n",
    );
    const wrong = await run(['train', 'wrong.ts', '--out', 'nothing']);
    expect(wrong.exit).toBe(3);
    expect(wrong.stderr).toContain('unknown field "nam"; did you mean "name"?');
  });

  test('--dry-run says what a training takes, and writes nothing', async () => {
    const dry = await run(['train', 'recipe.json', '--out', 'nothing', '--dry-run', '--json']);
    expect(dry.exit, dry.stderr).toBe(0);
    const estimate = documentOf(dry) as { parameters: number; vocabularySize: number; seconds: number };
    expect(estimate.parameters).toBe(12 * 32 ** 2 + 13 * 32 + (estimate.vocabularySize + 32) * 32 + 2 * 32);
    expect(estimate.seconds).toBeGreaterThan(0);
    await expect(stat(folder.at('nothing'))).rejects.toThrow('ENOENT');
  });

  test('a recipe whose expectation is missed ends with 15', async () => {
    const words = [
      'train',
      'recipe.json',
      '--out',
      'runs/expect',
      '--steps',
      '10',
      '--expect.metric',
      'validationLoss',
      '--expect.atMost',
      '0.1',
    ];
    const { exit, stdout } = await run(words);
    expect(stdout).toContain('NOT as expected (≤ 0.1)');
    expect(exit).toBe(15);
  });
});

describe('Ctrl-C', () => {
  test('ends with a checkpoint and 130; yumo resume gives the uninterrupted losses and weights, bit for bit', async () => {
    const long = ['--steps', '400', '--checkpoint-every', '1000', '--evaluate-every', '200', '--json'];
    const whole = await run(['train', 'recipe.json', '--out', 'runs/whole', ...long]);
    expect(whole.exit).toBe(0);

    const stopped = start(['train', 'recipe.json', '--out', 'runs/stopped', ...long], { cwd: folder.path });
    await stopped.printed('stdout', /"kind":"step","step":40,/);
    stopped.child.kill('SIGINT');
    const first = await stopped.finished;
    expect(first.exit).toBe(130);
    expect(first.stderr).toContain('stopping where it is safe');
    const before = linesOf(first) as Event[];
    expect(before.at(-1)).toMatchObject({ kind: 'done', reason: 'aborted' });
    expect(before.at(-1)!.step).toBeLessThan(400);

    const resumed = await run(['resume', 'runs/stopped', '--json']);
    expect(resumed.exit).toBe(0);
    const after = linesOf(resumed) as Event[];
    expect(after[0]).toMatchObject({ kind: 'start', step: before.at(-1)!.step });
    expect([...losses(before), ...losses(after)]).toEqual(losses(linesOf(whole) as Event[]));
    expect(await digest(folder.at('runs/stopped/model.safetensors'))).toBe(
      await digest(folder.at('runs/whole/model.safetensors')),
    );
  });

  test('twice ends at once by the signal itself, and nothing of the engine is on stderr', async () => {
    const words = ['train', 'recipe.json', '--out', 'runs/twice-stopped', '--steps', '100000', '--batch', '64'];
    const started = start(words, { cwd: folder.path });
    await started.printed('stderr', /step \d/);
    started.child.kill('SIGINT');
    started.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 20));
    started.child.kill('SIGINT');
    const { exit, stderr } = await started.finished;
    expect(stderr.split('\n').filter((line) => line !== '' && !/^(step \d|stopping where)/.test(line))).toEqual([]);
    // Between two signals the first may have ended it as it should.
    expect([null, 130]).toContain(exit);
  });

  test('the data of a run are found again from another working directory', async () => {
    await run(['train', 'recipe.json', '--out', 'runs/moved', '--steps', '5']);
    const resumed = await yumo(['resume', folder.at('runs/moved'), '--steps', '6', '--json'], { cwd: '/' });
    expect(resumed.stderr).not.toContain('yumo:');
    expect(linesOf(resumed).at(-1)).toMatchObject({ kind: 'done', step: 6 });
  });
});

describe('a run’s folder', () => {
  test('is held by one training: the second is told who holds it, exit code 9; the first is not harmed', async () => {
    const first = start(['train', 'recipe.json', '--out', 'runs/held', '--steps', '100000', '--json'], {
      cwd: folder.path,
    });
    await first.printed('stdout', /"kind":"step","step":3,/);
    const listed = documentOf(await run(['runs', 'runs/held', '--json'])) as { runs: { status: string }[] };
    expect(listed.runs[0]!.status).toBe('running');
    const second = await run(['resume', 'runs/held']);
    expect(second.exit).toBe(9);
    expect(second.stderr).toContain(`process ${first.child.pid} has been training in this folder`);
    first.child.kill('SIGTERM');
    expect(await first.finished).toMatchObject({ exit: 143 });
    const later = documentOf(await run(['runs', 'runs/held', '--json'])) as { runs: { status: string }[] };
    expect(later.runs[0]!.status).toBe('stopped');
  });

  test('is not trained in twice by mistake: exit code 4 and both ways out', async () => {
    await run(['train', 'recipe.json', '--out', 'runs/twice', '--steps', '2']);
    const weights = await digest(folder.at('runs/twice/model.safetensors'));
    const again = await run(['train', 'recipe.json', '--out', 'runs/twice']);
    expect(again.exit).toBe(4);
    expect(again.stderr).toMatch(/yumo resume runs\/twice.*--overwrite/);
    expect(await digest(folder.at('runs/twice/model.safetensors'))).toBe(weights);
  });
});

describe('a mistake in a recipe leaves nothing behind', () => {
  test.each([
    [['--set', 'optimizer.lerningRate=3'], 3, /did you mean "optimizer.learningRate"\?/],
    [['--steps', 'abc'], 3, /"steps=abc": expected a number/],
    [['--model.n_layers', '3'], 3, /gpt2 has no field "n_layers"; did you mean "n_layer"\?/],
    [['--model.n_head', '5'], 3, /"n_embd" \(32\) must be a multiple of "n_head" \(5\)/],
    [['--data.files', 'none.txt'], 4, /"none.txt" matches no file in .*--data/],
    [['--model.vocab_size', '7'], 7, /the model has 7 tokens, the tokenizer \d+/],
    [['--context', '64'], 3, /64 tokens, the model has 32 positions/],
    [['--device', 'dml'], 10, /--device dml/],
  ])('%j', async (words, exit, message) => {
    const result = await run(['train', 'recipe.json', '--out', 'nothing', ...words]);
    expect(result.stderr).toMatch(message);
    expect(
      result.stderr
        .trim()
        .split('\n')
        .filter((l) => l.includes('    at ')),
    ).toEqual([]);
    expect(result.exit).toBe(exit);
    await expect(stat(folder.at('nothing'))).rejects.toThrow('ENOENT');
  });

  test('--debug shows the stack', async () => {
    const { stderr } = await run(['train', 'none.json', '--debug']);
    expect(stderr).toMatch(/^yumo: recipe none.json: cannot be read/);
    expect(stderr).toMatch(/\n {4}at /);
  });

  test('a recipe that is not JSON names the place', async () => {
    const result = await run(['train', 'text.txt']);
    expect(result).toMatchObject({ exit: 3 });
    expect(result.stderr).toContain('text.txt: not JSON');
    expect((await readdir(folder.path)).includes('nothing')).toBe(false);
  });
});
