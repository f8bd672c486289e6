// What every command gets: where to print, in which language, and the signal that stops it.

import type { FileSource, Runtime } from '@yumo/core';
import { type ChooseNodeOptions, chooseRuntime, type HubNodeOptions, modelSource } from '@yumo/core/node';
import type { Command } from 'commander';
import type { Interruption } from './interrupt.ts';
import type { Phrases } from './phrases/en.ts';
import type { Output } from './ui/output.ts';
import { Progress } from './ui/progress.ts';

export interface Session {
  readonly output: Output;
  readonly phrases: Phrases;
  readonly interruption: Interruption;
}

/** Adds one command to the program. */
export type Register = (program: Command, session: Session) => void;

/** The model that a user names: a folder, or `org/name[@revision]` of the hub, whose downloads are shown. */
export function modelOf(session: Session, name: string, options: HubNodeOptions = {}): FileSource {
  const { output, phrases, interruption } = session;
  let shown: { readonly path: string; readonly progress: Progress } | undefined;
  return modelSource(name, {
    signal: interruption.signal,
    onNotice: (message) => output.note(message),
    onProgress(path, loaded, total) {
      if (total !== undefined && total < worthShowing) return;
      if (shown?.path !== path) shown = { path, progress: progressOf(session) };
      const megabytes = (n: number): number => Math.round(n / 1e6);
      const state = {
        unit: phrases.download(path),
        done: megabytes(loaded),
        total: total === undefined ? null : megabytes(total),
      };
      shown.progress.update(state);
      if (loaded === total) shown.progress.finish();
    },
    ...options,
  });
}

/** Downloads of less than this, in bytes, are over before anyone reads about them. */
const worthShowing = 4e6;

/** The engine that was named, or the best one that is here; what `auto` passed over is told with its reason. */
export async function engineOf(
  { output, phrases, interruption }: Session,
  { device, threads }: ChooseNodeOptions,
): Promise<Runtime> {
  const { runtime, rejected } = await chooseRuntime({
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
    signal: interruption.signal,
  });
  if (rejected.length > 0)
    output.note(
      phrases.fellBack(
        runtime.name,
        rejected.map(({ name, reason }) => `${name}: ${reason.split(';')[0]}`),
      ),
    );
  return runtime;
}

export const progressOf = ({ output, phrases }: Session): Progress =>
  new Progress({ stream: output.stderr, left: phrases.timeLeft });
