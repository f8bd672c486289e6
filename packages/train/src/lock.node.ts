// One training a folder: a lock file that a dead process cannot hold.

import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { YumoError } from '@yumo/core';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system tells it: a process of the same number that began at another time is another one. */
  readonly processStarted: string;
  readonly since: string;
}

/**
 * Takes the lock of a folder.
 * @returns what gives it back.
 * @throws YumoError `BUSY` when a living process, or one on another computer, holds it.
 */
export async function takeLock(path: string, folder: string): Promise<() => Promise<void>> {
  const me: Holder = {
    pid: process.pid,
    host: hostname(),
    processStarted: await startOf(process.pid),
    since: new Date().toISOString(),
  };
  for (;;) {
    try {
      await mkdir(dirname(path), { recursive: true });
      await create(path, JSON.stringify(me));
      return () => rm(path, { force: true });
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST')
        throw new YumoError(
          'FILE',
          `${folder}: cannot be written (${code}); free space there, or choose another folder`,
          { folder, code },
          error,
        );
    }
    await removeIfStale(path, folder);
  }
}

/** A new file; none where its text does not fit on the disk. */
async function create(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(text);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** Whether a living process of this computer, or one of another, holds a lock. */
export async function isHeld(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const holder = text === undefined ? undefined : parse(text);
  if (!holder) return false;
  return (
    holder.host !== hostname() ||
    (holder.processStarted !== '' && (await startOf(holder.pid)) === holder.processStarted)
  );
}

async function removeIfStale(path: string, folder: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return; // given back meanwhile
  const holder = parse(text);
  if (holder && holder.host !== hostname())
    throw new YumoError(
      'BUSY',
      `${folder}: a training on ${holder.host} (process ${holder.pid}, since ${holder.since}) holds this folder; if it is dead, delete ${path}`,
      { ...holder, path },
    );
  if (holder && (await startOf(holder.pid)) === holder.processStarted && holder.processStarted !== '')
    throw new YumoError(
      'BUSY',
      `${folder}: process ${holder.pid} has been training in this folder since ${holder.since}; stop it first, or choose another folder`,
      { ...holder, path },
    );
  // Moved aside first: of two that find the same dead holder only one moves it, and whoever moved a living one puts it back.
  const aside = `${path}.${process.pid}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readFile(aside, 'utf8').catch(() => text);
  if (moved !== text) await rename(aside, path);
  else await rm(aside, { force: true });
}

function parse(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return undefined; // its writer died between creating and writing it
  }
}

/** When a process began; `''` when there is none. Only Linux tells cheaply; elsewhere a living process of that number counts. */
async function startOf(pid: number): Promise<string> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return '';
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name may hold spaces and parentheses; field 22 is the 20th after it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'alive';
}
