// How far a pass over data is, and how long it still takes: told a few times a second.

import type { Preparing, Progress } from '../objectives/objective.ts';

/** Milliseconds between two reports. */
const every = 250;

export interface ProgressMeter {
  /** So much more was done. */
  add(amount: number): void;
  /** So much need not be done: it was found. */
  skip(amount: number): void;
}

export function progressMeter(stage: Preparing['stage'], total: number, progress: Progress | undefined): ProgressMeter {
  let [done, worked] = [0, 0];
  const began = performance.now();
  let told = began;
  const tell = (): void => {
    const now = performance.now();
    if (now - told < every || worked === 0) return;
    told = now;
    const secondsLeft = ((now - began) / 1000 / worked) * Math.max(0, total - done);
    progress?.({ kind: 'preparing', stage, done: Math.min(done, total), total, secondsLeft });
  };
  return {
    add(amount) {
      done += amount;
      worked += amount;
      tell();
    },
    skip(amount) {
      done += amount;
    },
  };
}
