// Runs on disk, in processes that are killed: nothing is lost, nothing is half-written, nothing differs.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { isYumoError, readSafetensors } from '@yumo/core';
import { diskSource } from '@yumo/core/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainingEvent } from '../src/events.ts';
import { randomUniform } from '../src/random.ts';
import type { RecipeInput } from '../src/recipe.ts';
import { parseRecipe } from '../src/recipe-fields.ts';
import { readEvents } from '../src/run.node.ts';
import { loadRecipe, resume, train } from '../src/train.node.ts';

const here = dirname(fileURLToPath(import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'yumo-train-'));
const data = join(place, 'data');
/** The same text in pieces, with averaged weights. */
const streamed = join(place, 'streamed');
/** Labelled rows in pieces, and the same in memory. */
const rowsInPieces = join(place, 'rows-in-pieces');
const rowsInMemory = join(place, 'rows-in-memory');
/** How often the run is killed; more by YUMO_KILLS. */
const kills = Number(process.env.YUMO_KILLS ?? 5);

const recipe: RecipeInput = {
  name: 'ink',
  data: { kind: 'text', files: ['texts/*.txt.gz'] },
  tokenizer: { kind: 'byte-level-bpe', vocabularySize: 300 },
  model: {
    model_type: 'gpt2',
    n_embd: 32,
    n_layer: 2,
    n_head: 2,
    n_positions: 32,
    resid_pdrop: 0.1,
    attn_pdrop: 0,
    embd_pdrop: 0,
  },
  optimizer: { kind: 'muon' },
  schedule: { kind: 'cosine', warmupSteps: 5, floor: 0.1 },
  batch: 4,
  steps: 120,
  evaluateEvery: 10,
  checkpointEvery: 4,
  sampleEvery: 50,
  samplePrompt: '7 bottles',
  threads: 1,
};

beforeAll(() => {
  // The children run what is built.
  const tsc = createRequire(import.meta.url).resolve('typescript/package.json');
  execFileSync(process.execPath, [join(dirname(tsc), 'bin/tsc'), '-b'], { cwd: join(here, '..') });
  mkdirSync(join(data, 'texts'), { recursive: true });
  const lines = Array.from({ length: 300 }, (_, i) => `${i} bottles of ink, ${(i * 7) % 11} blue. 墨水${i % 3}瓶。\n`);
  writeFileSync(join(data, 'texts/ink.txt.gz'), gzipSync(lines.join('')));
  writeFileSync(join(data, 'recipe.json'), JSON.stringify(recipe));
  mkdirSync(join(streamed, 'texts'), { recursive: true });
  writeFileSync(join(streamed, 'texts/ink.txt.gz'), gzipSync(lines.join('')));
  const files = {
    kind: 'text',
    files: ['texts/*.txt.gz'],
    stream: true,
    unit: 'line',
    separator: '\n',
    shuffleRows: 64,
  };
  const more = { ema: 0.99, recompute: 'activations', tensorboard: true, tokenizer: { kind: 'characters' } };
  writeFileSync(join(streamed, 'recipe.json'), JSON.stringify({ ...recipe, data: files, ...more }));
  const labelled = lines.map((text, i) => JSON.stringify({ text: text.repeat(1 + (i % 3)), label: i % 3 }));
  for (const folder of [rowsInPieces, rowsInMemory]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'ink.jsonl.gz'), gzipSync(labelled.join('\n')));
    const classifying: RecipeInput = {
      ...recipe,
      data: { kind: 'rows', train: [{ files: ['*.jsonl.gz'] }], validationShare: 0.2, stream: folder === rowsInPieces },
      tokenizer: { kind: 'word-piece', vocabularySize: 200 },
      model: {
        model_type: 'bert',
        ...{ hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 },
        max_position_embeddings: 48,
      },
      objective: { kind: 'sequence-classification' },
    };
    writeFileSync(join(folder, 'recipe.json'), JSON.stringify(classifying));
  }
}, 120_000);

const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(place, { recursive: true, force: true });
});

/** Runs a child; `killAfter` milliseconds from its first step it is killed. Returns how it ended. */
async function child(
  verb: 'train' | 'resume',
  folder: string,
  killAfter?: number,
  from = data,
): Promise<NodeJS.Signals | number | null> {
  const started = spawn(process.execPath, [join(here, 'child.mjs'), verb, folder, from], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, YUMO_CACHE: join(place, 'cache') },
  });
  children.add(started);
  createInterface({ input: started.stdout }).once('line', () => {
    if (killAfter !== undefined) setTimeout(() => started.kill('SIGKILL'), killAfter);
  });
  return new Promise((resolve) => {
    started.once('close', (code, signal) => {
      children.delete(started);
      resolve(signal ?? code);
    });
  });
}

const curve = (events: readonly TrainingEvent[]): unknown[] =>
  events.flatMap((e) =>
    e.kind === 'step'
      ? [[e.step, e.loss, e.gradientNorm]]
      : e.kind === 'evaluation'
        ? [['evaluation', e.step, e.loss]]
        : [],
  );

const failure = async (events: AsyncIterable<unknown>): Promise<{ code: string; message: string }> => {
  try {
    for await (const _ of events);
  } catch (error) {
    if (isYumoError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('a run on disk', () => {
  it.each([
    ['text in memory', data],
    ['text in pieces, with averaged weights, dropout and recomputation', streamed],
    ['rows in pieces', rowsInPieces],
  ])(
    `killed ${kills} times at random moments ends as if nothing had happened, bit for bit: %s`,
    {
      timeout: Math.max(600_000, 60_000 * kills),
    },
    async (name, from) => {
      const [whole, pieces] = [join(place, `whole ${name}`), join(place, `pieces ${name}`)];
      expect(await child('train', whole, undefined, from)).toBe(0);
      let killed = 0;
      for (let attempt = 0; attempt < kills; attempt++) {
        const verb = existsSync(join(pieces, 'training/recipe.json')) ? 'resume' : 'train';
        const after = Math.floor(randomUniform(7, attempt) * 400);
        if ((await child(verb, pieces, after, from)) === 'SIGKILL') killed++;
        // Every checkpoint that has its name is whole.
        const folder = join(pieces, 'training/checkpoints');
        if (!existsSync(folder)) continue;
        for (const name of readdirSync(folder).filter((n) => /^step-\d+$/.test(n))) {
          const source = diskSource(join(folder, name));
          for (const file of ['model.safetensors', 'optimizer.safetensors'])
            expect((await readSafetensors(source, file)).names.length).toBeGreaterThan(10);
        }
      }
      expect(killed).toBeGreaterThan(0);
      const last = existsSync(join(pieces, 'training/recipe.json')) ? 'resume' : 'train';
      expect(await child(last, pieces, undefined, from)).toBe(0);
      expect(curve(await readEvents(pieces))).toEqual(curve(await readEvents(whole)));
      for (const file of ['model.safetensors', 'tokenizer.json', 'config.json'])
        expect(readFileSync(join(pieces, file)).equals(readFileSync(join(whole, file))), file).toBe(true);
      const left = readdirSync(pieces, { recursive: true }).map(String);
      expect(left.filter((f) => /tmp$|partial$|replaced$|lock/.test(f))).toEqual([]);
      expect(readdirSync(join(pieces, 'training/checkpoints')).length).toBeLessThanOrEqual(2);
    },
  );

  it('of rows in pieces is that of rows in memory, bit for bit', { timeout: 120_000 }, async () => {
    const folders = [join(place, 'memory'), join(place, 'whole rows in pieces')] as const;
    expect(await child('train', folders[0], undefined, rowsInMemory)).toBe(0);
    const [memory, pieces] = [await readEvents(folders[0]), await readEvents(folders[1])];
    expect(curve(pieces)).toEqual(curve(memory));
    for (const file of ['model.safetensors', 'tokenizer.json', 'config.json'])
      expect(readFileSync(join(folders[1], file)).equals(readFileSync(join(folders[0], file))), file).toBe(true);
  });

  it('in a worker thread leaves the process responsive, and the signal ends it with a checkpoint', {
    timeout: 60_000,
  }, async () => {
    const folder = join(place, 'responsive');
    const command = [join(here, 'child.mjs'), 'train', folder, data, '12', 'steps=10000', 'batch=64'];
    const lines = execFileSync(process.execPath, command, { encoding: 'utf8' }).trim().split('\n');
    const { ticks } = JSON.parse(lines.pop()!) as { ticks: number };
    const events = lines.map((l) => JSON.parse(l) as TrainingEvent);
    expect(ticks).toBeGreaterThan(20);
    const done = events.at(-1);
    expect(done).toMatchObject({ kind: 'done', reason: 'aborted' });
    const { step } = done as Extract<TrainingEvent, { kind: 'done' }>;
    expect(step).toBeLessThan(40);
    expect(existsSync(join(folder, `training/checkpoints/step-${step}/progress.json`))).toBe(true);
    expect(existsSync(join(folder, 'training/lock'))).toBe(false);
  });

  it('refuses a second training in the same folder, and takes over the lock of a dead process', async () => {
    const folder = join(place, 'locked');
    const few = parseRecipe({ ...recipe, steps: 6 });
    for await (const event of train(few, { folder, dataFolders: [data] })) {
      if (event.kind !== 'step' || event.step !== 3) continue;
      const error = await failure(resume({ folder, dataFolders: [data] }));
      expect(error).toMatchObject({ code: 'BUSY' });
      expect(error.message).toContain(`process ${process.pid} has been training in this folder`);
      break;
    }
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('close', resolve));
    const lock = join(folder, 'training/lock');
    const { hostname } = await import('node:os');
    writeFileSync(lock, JSON.stringify({ pid: dead.pid, host: hostname(), processStarted: '1', since: 'then' }));
    const events: TrainingEvent[] = [];
    for await (const event of resume({ folder, dataFolders: [data] })) events.push(event);
    expect(events.at(-1)).toMatchObject({ kind: 'done', reason: 'completed', step: 6 });
    expect(existsSync(lock)).toBe(false);
  });

  it('is not overwritten by accident, and goes on for more steps when asked', async () => {
    const folder = join(place, 'more');
    const few = parseRecipe({ ...recipe, steps: 5, schedule: { kind: 'constant' } });
    for await (const _ of train(few, { folder, dataFolders: [data] }));
    const again = await failure(train(few, { folder, dataFolders: [data] }));
    expect(again).toMatchObject({ code: 'FILE' });
    expect(again.message).toContain('holds a training already; go on with `yumo resume');
    const refused = await failure(resume({ folder, dataFolders: [data], overrides: ['optimizer.learningRate=1'] }));
    expect(refused.message).toContain('optimizer.learningRate cannot change in the middle of a run');
    const events: TrainingEvent[] = [];
    for await (const event of resume({ folder, dataFolders: [data], overrides: ['steps=8'] })) events.push(event);
    expect(events.flatMap((e) => (e.kind === 'step' ? [e.step] : []))).toEqual([6, 7, 8]);
    for await (const _ of train(few, { folder, dataFolders: [data], overwrite: true }));
    expect((await readEvents(folder)).filter((e) => e.kind === 'step').length).toBe(5);
  });

  it('that is finished and refuses to go on stays as it was, to the byte', async () => {
    const [folder, other] = [join(place, 'refusing'), join(place, 'other data')];
    for await (const _ of train(parseRecipe({ ...recipe, steps: 4 }), { folder, dataFolders: [data] }));
    const content = (): Record<string, string> =>
      Object.fromEntries(
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((f) => f.isFile())
          .map((f) => join(f.parentPath, f.name))
          .map((path) => [path, readFileSync(path, 'base64')]),
      );
    const before = content();
    mkdirSync(join(other, 'texts'), { recursive: true });
    writeFileSync(join(other, 'texts/ink.txt.gz'), gzipSync('another text of ink\n'.repeat(300)));
    const overrides = ['tensorboard=true', 'steps=8'];
    expect(await failure(resume({ folder, dataFolders: [other], overrides }))).toMatchObject({ code: 'CHECKPOINT' });
    expect(content()).toEqual(before);
  });

  it.runIf(existsSync('/bin/bash'))('keeps the last checkpoint when the disk takes no more', async () => {
    const folder = join(place, 'full');
    for await (const _ of train(parseRecipe({ ...recipe, steps: 4 }), { folder, dataFolders: [data] }));
    const before = readFileSync(join(folder, 'training/checkpoints/step-4/model.safetensors'));
    // Files of at most 32 KiB: the next checkpoint does not fit.
    const command = `ulimit -f 32; exec "${process.execPath}" "${join(here, 'child.mjs')}" resume "${folder}" "${data}" 0 steps=8`;
    const { status, stderr } = spawnSync('/bin/bash', ['-c', command], { encoding: 'utf8' });
    expect(status).not.toBe(0);
    expect(stderr).toContain('cannot be written (EFBIG)');
    expect(readdirSync(join(folder, 'training/checkpoints'))).toEqual(['step-4']);
    expect(readFileSync(join(folder, 'training/checkpoints/step-4/model.safetensors')).equals(before)).toBe(true);
    expect(existsSync(join(folder, 'training/lock'))).toBe(false);
    const events: TrainingEvent[] = [];
    for await (const event of resume({ folder, dataFolders: [data], overrides: ['steps=8'] })) events.push(event);
    expect(events.at(-1)).toMatchObject({ kind: 'done', step: 8 });
  });

  it('falls back to the checkpoint before when the last one is damaged', async () => {
    const folder = join(place, 'damaged');
    for await (const _ of train(parseRecipe({ ...recipe, steps: 12 }), { folder, dataFolders: [data] }));
    const checkpoints = join(folder, 'training/checkpoints');
    expect(readdirSync(checkpoints).sort()).toEqual(['step-12']);
    cpSync(join(checkpoints, 'step-12'), join(checkpoints, 'step-13'), { recursive: true });
    writeFileSync(join(checkpoints, 'step-13/optimizer.safetensors'), 'half');
    const events: TrainingEvent[] = [];
    for await (const event of resume({ folder, dataFolders: [data], overrides: ['steps=14'] })) events.push(event);
    expect(events.find((e) => e.kind === 'step')?.step).toBe(13);
  });
});

describe('mistakes', () => {
  it('missing data are named with the folders that were searched, and leave no folder behind', async () => {
    const folder = join(place, 'none');
    const wrong = parseRecipe({ ...recipe, data: { kind: 'text', files: ['nothing/*.txt'] } });
    const error = await failure(train(wrong, { folder, dataFolders: [data] }));
    expect(error.code).toBe('FILE');
    expect(error.message).toContain(
      `"nothing/*.txt" matches no file in ${data}; give the folder that holds it by --data`,
    );
    expect(existsSync(folder)).toBe(false);
  });

  it.each([
    ['bad.jsonl', '{"text": "ok"}\n{"text": 3}\n', 'bad.jsonl:2: "text" is 3, expected text'],
    ['name.jsonl', '{"txt": "ok"}\n', 'name.jsonl:1: no field "text"; did you mean "txt"?'],
    ['cut.jsonl', '{"text": "ok"\n', 'cut.jsonl:1: not JSON'],
    ['empty.txt', ' \n', 'empty.txt: the file has no text'],
    ['latin.txt', Buffer.from([0x66, 0xfc, 0x72]), 'latin.txt: not UTF-8 text'],
    ['cut.txt.gz', gzipSync('some text').subarray(0, 12), 'cut.txt.gz: damaged gzip'],
  ])('a damaged file is named with its line: %s', async (name, content, message) => {
    writeFileSync(join(data, name), content);
    const wrong = parseRecipe({ ...recipe, data: { kind: 'text', files: [name] } });
    const error = await failure(train(wrong, { folder: join(place, 'never'), dataFolders: [data] }));
    expect(error.code).toBe('DATA');
    expect(error.message).toContain(message);
  });

  it('a recipe that is no JSON, or not there, is named by its path', async () => {
    writeFileSync(join(data, 'broken.json'), '{');
    await expect(loadRecipe(join(data, 'broken.json'))).rejects.toMatchObject({ code: 'CONFIG' });
    await expect(loadRecipe(join(data, 'absent.json'))).rejects.toMatchObject({ code: 'FILE' });
    writeFileSync(join(data, 'recipe.mjs'), `export default ${JSON.stringify(recipe)};`);
    expect((await loadRecipe(join(data, 'recipe.mjs'), ['steps=9'])).steps).toBe(9);
  });
});
