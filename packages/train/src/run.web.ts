// A run's folder in a browser's private file system: the same bundle as on disk, and checkpoints that a kill at any moment leaves whole.

import {
  isYumoError,
  memorySource,
  readSafetensors,
  safetensorsChunks,
  type Value,
  type Values,
  YumoError,
} from '@yumo/core';
import type { TrainingEvent } from './events.ts';
import {
  type AccessHandle,
  bytesOf,
  type FolderHandle,
  findFile,
  makeFolder,
  openFile,
  writeAll,
} from './private-folder.web.ts';
import type { Checkpoint, Progress, RunStore } from './store.ts';

/** A folder that this worker may write to until it is closed. */
export interface OpenPrivateRun {
  readonly store: RunStore;
  close(): void;
}

/**
 * progress.json of a checkpoint: written last, so that a folder with one is whole. The digests tell a file that the system lost a part of.
 * There is no rename of folders here; this file takes its place as the moment of commitment.
 */
interface StoredProgress extends Progress {
  readonly eventBytes: number;
  /** SHA-256 of each file beside it, hexadecimal. */
  readonly digests: Readonly<Record<string, string>>;
}

const checkpointName = /^step-(\d+)-(\d+)$/;
const weights = 'model.safetensors';
const optimizer = 'optimizer.safetensors';

/**
 * Opens a folder for training, inside a worker.
 * @param root the private files, or a folder of them
 * @param path of the run: `runs/first`
 * @param mode as on disk: `new` refuses a folder that holds a training, `resume` one that does not
 * @throws YumoError `FILE`, `BUSY` while another page trains there, `RUNTIME`
 */
export async function openPrivateRun(
  root: FolderHandle,
  path: string,
  mode: 'new' | 'overwrite' | 'resume',
): Promise<OpenPrivateRun> {
  const has = (await findFile(root, `${path}/training/recipe.json`)) !== undefined;
  if (mode === 'resume' && !has)
    throw new YumoError('FILE', `${path}: no training/recipe.json; is this the folder of a run?`, { path });
  const folder = await makeFolder(root, path);
  const training = await makeFolder(folder, 'training');
  const log = await openFile(training, 'events.jsonl'); // open, it is the lock of the run
  try {
    if (mode === 'new' && has)
      throw new YumoError(
        'FILE',
        `${path}: the folder holds a training already; go on with it, choose another, or replace it`,
        { path },
      );
    if (mode === 'overwrite') {
      await remove(training, 'checkpoints');
      await remove(training, 'recipe.json');
      await remove(folder, weights);
      log.truncate(0);
      log.flush();
    }
    const checkpoints = await makeFolder(training, 'checkpoints');
    return { store: privateStore(path, folder, checkpoints, log), close: () => log.close() };
  } catch (error) {
    log.close();
    throw error;
  }
}

async function remove(folder: FolderHandle, name: string): Promise<void> {
  await folder.removeEntry(name, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof Error && error.name === 'NotFoundError')) throw error;
  });
}

interface StoredStep {
  readonly name: string;
  readonly step: number;
  readonly attempt: number;
}

async function stepsIn(checkpoints: FolderHandle): Promise<StoredStep[]> {
  const found: StoredStep[] = [];
  for await (const name of checkpoints.keys()) {
    const [, step, attempt] = checkpointName.exec(name) ?? [];
    if (step !== undefined) found.push({ name, step: Number(step), attempt: Number(attempt) });
  }
  return found.sort((a, b) => b.step - a.step || b.attempt - a.attempt);
}

function privateStore(name: string, folder: FolderHandle, checkpoints: FolderHandle, log: AccessHandle): RunStore {
  const cannotWrite = (error: unknown): never => {
    if (isYumoError(error)) throw error;
    const why = error instanceof Error ? error.name : String(error);
    throw new YumoError(
      'FILE',
      `${name}: cannot be written (${why === 'QuotaExceededError' ? 'the browser allows this page no more space' : why}); the last checkpoint is as it was`,
      { name, why },
      error,
    );
  };
  const eventsOf = (): TrainingEvent[] => {
    const bytes = new Uint8Array(log.getSize());
    log.read(bytes, { at: 0 });
    const text = new TextDecoder().decode(bytes);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1); // a line that was being written is left out
    return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as TrainingEvent])); // our own lines
  };
  const cutLog = (size: number): void => {
    log.truncate(size);
    log.flush();
  };

  let resumedBytes = 0; // of the log, at the checkpoint that the run goes on from
  return {
    name,
    async resume() {
      const problems: string[] = [];
      for (const { name: stored } of await stepsIn(checkpoints)) {
        const found = await readCheckpoint(await checkpoints.getDirectoryHandle(stored)).catch((error: unknown) => {
          problems.push(`${stored}: ${error instanceof Error ? error.message : String(error)}`);
          return undefined;
        });
        if (found === undefined) continue; // never finished, or damaged
        resumedBytes = found.eventBytes;
        return found.checkpoint;
      }
      if (problems.length > 0)
        throw new YumoError('CHECKPOINT', `${name}: no checkpoint can be read: ${problems.join('; ')}`, { problems });
      resumedBytes = 0;
      return undefined;
    },
    restart: async () => cutLog(resumedBytes),
    async readText(path) {
      const handle = await findFile(folder, path);
      return handle && (await (await handle.getFile()).text());
    },
    async writeFiles(files) {
      for (const [path, text] of Object.entries(files))
        await replaceFile(folder, path, [new TextEncoder().encode(text)]).catch(cannotWrite);
    },
    writeWeights: (parameters) => replaceFile(folder, weights, safetensorsChunks(parameters)).catch(cannotWrite),
    async saveCheckpoint({ progress, parameters, state }) {
      const before = await stepsIn(checkpoints);
      const attempt = 1 + Math.max(-1, ...before.filter((s) => s.step === progress.step).map((s) => s.attempt));
      const own = `step-${progress.step}-${attempt}`;
      try {
        log.flush();
        const place = await checkpoints.getDirectoryHandle(own, { create: true });
        const digests: Record<string, string> = {};
        for (const [file, chunks] of [
          [weights, safetensorsChunks(parameters)],
          [optimizer, safetensorsChunks(state, {})],
        ] as const) {
          await writeNew(place, file, chunks);
          digests[file] = await digestOf(await bytesOf(await place.getFileHandle(file)));
        }
        const stored: StoredProgress = { ...progress, eventBytes: log.getSize(), digests };
        await writeNew(place, 'progress.json', [new TextEncoder().encode(`${JSON.stringify(stored, null, 2)}\n`)]);
      } catch (error) {
        await remove(checkpoints, own).catch(() => undefined);
        cannotWrite(error);
      }
      for (const { name: old, step } of before)
        if (step !== progress.bestStep || step === progress.step)
          await removeCheckpoint(checkpoints, old).catch(cannotWrite);
    },
    async append(event) {
      try {
        const line = new TextEncoder().encode(`${JSON.stringify(event)}\n`);
        const at = log.getSize();
        if (log.write(line, { at }) < line.length) {
          log.truncate(at);
          throw new YumoError(
            'FILE',
            `${name}: cannot be written (no space is left); the last checkpoint is as it was`,
            { name },
          );
        }
      } catch (error) {
        cannotWrite(error);
      }
    },
    events: async () => eventsOf(),
  };
}

/** Its marker first, so that a kill in between leaves a folder that is no checkpoint. */
async function removeCheckpoint(checkpoints: FolderHandle, name: string): Promise<void> {
  await remove(await checkpoints.getDirectoryHandle(name), 'progress.json');
  await remove(checkpoints, name);
}

async function writeNew(folder: FolderHandle, name: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const file = await openFile(folder, name);
  try {
    writeAll(file, chunks);
  } finally {
    file.close();
  }
}

/**
 * The old or the new content, whole, under a name: written aside and moved over it, where the browser can move files; else in place, when the
 * bundle is behind what the next checkpoint writes again.
 */
async function replaceFile(root: FolderHandle, path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const names = path.split('/');
  const name = names.pop()!; // a path has a last part
  const folder = await makeFolder(root, names.join('/'));
  const aside = `${name}.partial`;
  await writeNew(folder, aside, chunks);
  const handle = (await folder.getFileHandle(aside)) as unknown as { move?(to: string): Promise<void> }; // newer than the types
  if (handle.move) {
    await handle.move(name);
    return;
  }
  await writeNew(folder, name, [await bytesOf(await folder.getFileHandle(aside))]);
  await remove(folder, aside);
}

/** Undefined for a folder without its marker: it was not finished. @throws when a file is not what its digest says */
async function readCheckpoint(
  place: FolderHandle,
): Promise<{ checkpoint: Checkpoint; eventBytes: number } | undefined> {
  const marker = await findFile(place, 'progress.json');
  const text = marker && new TextDecoder().decode(await bytesOf(marker));
  if (text === undefined || !text.endsWith('}\n')) return undefined;
  const { eventBytes, digests, ...progress } = JSON.parse(text) as StoredProgress; // written by saveCheckpoint, whole
  const all = async (file: string): Promise<Values> => {
    const handle = await findFile(place, file);
    if (handle === undefined) throw new YumoError('CHECKPOINT', `${file} is missing`, { file });
    const bytes = await bytesOf(handle);
    if ((await digestOf(bytes)) !== digests[file])
      throw new YumoError('CHECKPOINT', `${file} is damaged (SHA-256 differs)`, { file });
    const tensors = await readSafetensors(memorySource({ [file]: bytes }), file);
    const values: Record<string, Value> = {};
    for (const name of tensors.names) values[name] = await tensors.read(name);
    return values;
  };
  return { checkpoint: { progress, parameters: await all(weights), state: await all(optimizer) }, eventBytes };
}

const digestOf = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
