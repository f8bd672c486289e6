// A run's folder on disk: a bundle, and under training/ the recipe, the events, the checkpoints.

import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isYumoError, readSafetensors, safetensorsChunks, type Value, type Values, YumoError } from '@yumo/core';
import { diskSource, writeFileAtomic } from '@yumo/core/node';
import type { TrainingEvent } from './events.ts';
import { takeLock } from './lock.node.ts';
import type { Checkpoint, Progress, RunStore } from './store.ts';
import { eventFile, eventFileStart, scalarRecord, scalarsOf, secondsOf } from './tensorboard.ts';

const training = 'training';
const checkpointName = /^step-(\d+)$/;

/** A folder that this process may write to until it is closed. */
export interface OpenRun {
  readonly store: RunStore;
  /** Gives the lock back. */
  close(): Promise<void>;
}

/** progress.json of a checkpoint. */
interface StoredProgress extends Progress {
  /** Length of events.jsonl when the checkpoint was taken. */
  readonly eventBytes: number;
}

/**
 * Opens a folder for training.
 * @param mode `new`: the folder must not hold a training yet; `overwrite`: its training is removed; `resume`: it must hold one.
 * @throws YumoError `BUSY`, `FILE`
 */
export async function openRun(
  folder: string,
  mode: 'new' | 'overwrite' | 'resume',
  { tensorboard = false }: { readonly tensorboard?: boolean } = {},
): Promise<OpenRun> {
  const inside = (...path: string[]): string => join(folder, training, ...path);
  const has = await readFile(inside('recipe.json'), 'utf8').then(
    () => true,
    () => false,
  );
  if (mode === 'resume' && !has)
    throw new YumoError('FILE', `${folder}: no training/recipe.json; is this the folder of a run?`, { folder });
  const release = await takeLock(inside('lock'), folder);
  let log: FileHandle | undefined;
  let board: EventBoard | undefined;
  try {
    if (mode === 'new' && has)
      throw new YumoError(
        'FILE',
        `${folder}: the folder holds a training already; go on with \`yumo resume ${folder}\`, choose another --out, or replace it with --overwrite`,
        { folder },
      );
    if (mode === 'overwrite') {
      for (const path of ['checkpoints', 'events.jsonl', 'recipe.json', 'curves.svg', 'curves.png', 'samples.md'])
        await rm(inside(path), { recursive: true, force: true });
      for (const name of await eventFiles(inside())) await rm(inside(name), { force: true });
      await rm(join(folder, 'model.safetensors'), { force: true });
    }
    await removeLeftovers(folder);
    await mkdir(inside('checkpoints'), { recursive: true });
    log = await open(inside('events.jsonl'), 'a+');
    if (tensorboard) board = await openBoard(inside());
  } catch (error) {
    await log?.close();
    await release();
    throw error;
  }
  return {
    store: diskStore(folder, inside, log, board),
    async close() {
      await board?.close();
      await log.close();
      await release();
    },
  };
}

/** Removes what a killed process left half-written or half-removed; a folder that was about to be replaced takes its place again. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const place of [folder, join(folder, training), join(folder, training, 'checkpoints')]) {
    const names = await readdir(place).catch((): string[] => []);
    for (const name of names) {
      const replaced = /^(.+)\.replaced$/.exec(name)?.[1];
      if (replaced !== undefined && !names.includes(replaced)) await rename(join(place, name), join(place, replaced));
      else if (/\.(tmp|partial|replaced|removed)$/.test(name))
        await rm(join(place, name), { recursive: true, force: true });
    }
  }
}

/** Removes a folder so that a kill at any moment leaves it whole or gone: under its own name it is never half there. */
async function removeFolder(path: string): Promise<void> {
  const doomed = `${path}.removed`;
  await rename(path, doomed);
  await rm(doomed, { recursive: true, force: true });
}

function diskStore(
  folder: string,
  inside: (...path: string[]) => string,
  log: FileHandle,
  board: EventBoard | undefined,
): RunStore {
  const checkpoints = inside('checkpoints');
  const cannotWrite = (error: unknown): never => {
    if (isYumoError(error)) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new YumoError(
      'FILE',
      `${folder}: cannot be written (${code}); the last checkpoint is as it was`,
      { folder, code },
      error,
    );
  };
  const steps = async (): Promise<number[]> =>
    (await readdir(checkpoints))
      .flatMap((name) => checkpointName.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a);

  let resumedBytes = 0; // of the log, at the checkpoint that the run goes on from
  return {
    name: folder,
    async resume() {
      const problems: string[] = [];
      for (const step of await steps()) {
        try {
          const { checkpoint, eventBytes } = await readCheckpoint(join(checkpoints, `step-${step}`));
          resumedBytes = eventBytes;
          return checkpoint;
        } catch (error) {
          problems.push(error instanceof Error ? error.message : String(error));
        }
      }
      if (problems.length > 0)
        throw new YumoError('CHECKPOINT', `${folder}: no checkpoint can be read: ${problems.join('; ')}`, { problems });
      resumedBytes = 0;
      return undefined;
    },
    async restart() {
      await log.truncate(resumedBytes);
      await board?.restart(await readEvents(folder)).catch(cannotWrite);
    },
    readText: (path) => readFile(join(folder, path), 'utf8').catch(() => undefined),
    async writeFiles(files) {
      for (const [path, text] of Object.entries(files))
        await writeFileAtomic(join(folder, path), text).catch(cannotWrite);
    },
    writeWeights: (parameters) =>
      writeFileAtomic(join(folder, 'model.safetensors'), safetensorsChunks(parameters)).catch(cannotWrite),
    async saveCheckpoint({ progress, parameters, state }) {
      const name = `step-${progress.step}`;
      const aside = join(checkpoints, `${name}.partial`);
      try {
        await log.sync();
        const stored: StoredProgress = { ...progress, eventBytes: (await log.stat()).size };
        await rm(aside, { recursive: true, force: true });
        await writeFileAtomic(join(aside, 'model.safetensors'), safetensorsChunks(parameters));
        await writeFileAtomic(join(aside, 'optimizer.safetensors'), safetensorsChunks(state, {}));
        await writeFileAtomic(join(aside, 'progress.json'), `${JSON.stringify(stored, null, 2)}\n`);
        await replaceFolder(aside, join(checkpoints, name));
        await syncFolder(checkpoints);
        for (const step of await steps())
          if (step !== progress.step && step !== progress.bestStep)
            await removeFolder(join(checkpoints, `step-${step}`));
      } catch (error) {
        await rm(aside, { recursive: true, force: true }).catch(() => undefined);
        cannotWrite(error);
      }
    },
    async append(event) {
      await log.appendFile(`${JSON.stringify(event)}\n`).catch(cannotWrite);
      await board?.append(event).catch(cannotWrite);
    },
    events: () => readEvents(folder),
  };
}

/** Renames a folder into a place that may be taken. Killed in between, the older one waits under another name and the newer is still aside. */
async function replaceFolder(from: string, to: string): Promise<void> {
  const old = `${to}.replaced`;
  await rename(to, old).catch(() => undefined);
  await rename(from, to);
  await rm(old, { recursive: true, force: true });
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The file that TensorBoard reads. */
interface EventBoard {
  append(event: TrainingEvent): Promise<void>;
  /** Begins anew with the events that a run goes on from: those after its checkpoint will happen again. */
  restart(events: readonly TrainingEvent[]): Promise<void>;
  close(): Promise<void>;
}

const eventFiles = async (training: string): Promise<string[]> =>
  (await readdir(training).catch((): string[] => [])).filter((name) => name.startsWith('events.out.tfevents.'));

async function openBoard(training: string): Promise<EventBoard> {
  const now = (): number => Date.now() / 1000;
  const [known] = await eventFiles(training);
  const started = now();
  // TensorBoard takes any name with this beginning.
  const path = join(training, known ?? `events.out.tfevents.${Math.floor(started)}.yumo`);
  let file: FileHandle | undefined; // opened when there is something to write: a run that is refused leaves none
  const opened = async (): Promise<FileHandle> => {
    file ??= await open(path, 'a');
    if ((await file.stat()).size === 0) await file.appendFile(eventFileStart(started));
    return file;
  };
  return {
    async append(event) {
      const scalars = scalarsOf(event);
      if (scalars.length > 0 && 'step' in event)
        await (await opened()).appendFile(scalarRecord(now(), event.step, scalars));
    },
    async restart(events) {
      await file?.close();
      file = undefined;
      await writeFileAtomic(path, eventFile(events, started - events.reduce((n, e) => n + secondsOf(e), 0)));
    },
    close: async () => file?.close(),
  };
}

async function readCheckpoint(path: string): Promise<{ checkpoint: Checkpoint; eventBytes: number }> {
  const source = diskSource(path);
  const { eventBytes, ...progress } = JSON.parse(await readFile(join(path, 'progress.json'), 'utf8')) as StoredProgress;
  const all = async (file: string): Promise<Values> => {
    const tensors = await readSafetensors(source, file);
    const values: Record<string, Value> = {};
    for (const name of tensors.names) values[name] = await tensors.read(name);
    return values;
  };
  const checkpoint = {
    progress,
    parameters: await all('model.safetensors'),
    state: await all('optimizer.safetensors'),
  };
  return { checkpoint, eventBytes };
}

/** The events of a run, finished or not. A line that is being written is left out. @throws YumoError `FILE` */
export async function readEvents(folder: string): Promise<TrainingEvent[]> {
  const path = join(folder, training, 'events.jsonl');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new YumoError('FILE', `${path}: cannot be read; is ${folder} the folder of a run?`, { path }, error);
  });
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as TrainingEvent]));
}
