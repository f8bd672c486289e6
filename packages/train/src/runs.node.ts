// The trainings that a folder holds, each in a line: what `yumo runs` and a page of runs show.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { YumoError } from '@yumo/core';
import type { TrainingEvent } from './events.ts';
import { isHeld } from './lock.node.ts';
import type { Metrics } from './objectives/objective.ts';
import { readEvents } from './run.node.ts';
import { readRecipe } from './train.node.ts';

/** Losses are nats per token unless the name says otherwise; null: not measured yet. */
export interface RunSummary {
  readonly folder: string;
  readonly name: string;
  /** `running`: a process trains there now; `stopped`: it can be resumed. */
  readonly status: 'completed' | 'running' | 'stopped';
  readonly step: number;
  readonly steps: number;
  readonly parameters: number | null;
  /** Of the last step. */
  readonly loss: number | null;
  readonly bestLoss: number | null;
  readonly bestLossPerCharacter: number | null;
  /** What the best evaluation measured. */
  readonly bestMetrics: Metrics | null;
  readonly bestStep: number | null;
  /** Median of the steps. */
  readonly tokensPerSecond: number | null;
  /** Computing time, evaluations included. */
  readonly seconds: number;
}

const isRun = (folder: string): Promise<boolean> =>
  stat(join(folder, 'training', 'recipe.json')).then(
    (s) => s.isFile(),
    () => false,
  );

/**
 * Summaries of runs: of each folder that is a run, and of the runs directly in each folder that is none. By name.
 * @throws YumoError `FILE` for a folder that is not there.
 */
export async function listRuns(folders: readonly string[]): Promise<RunSummary[]> {
  const found: string[] = [];
  for (const folder of folders) {
    if (await isRun(folder)) {
      found.push(folder);
      continue;
    }
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      throw new YumoError('FILE', `${folder}: no such folder`, { folder }, error);
    });
    for (const { name } of entries) if (await isRun(join(folder, name))) found.push(join(folder, name));
  }
  return Promise.all([...new Set(found)].sort().map(summarizeRun));
}

/** @throws YumoError `FILE`, `CONFIG` when the folder is not that of a run. */
export async function summarizeRun(folder: string): Promise<RunSummary> {
  const recipe = await readRecipe(folder);
  const events = await readEvents(folder);
  const last = <K extends TrainingEvent['kind']>(kind: K) =>
    events.findLast((e): e is TrainingEvent & { kind: K } => e.kind === kind);
  const steps = events.filter((e) => e.kind === 'step');
  const evaluations = events.filter((e) => e.kind === 'evaluation');
  const best = evaluations.findLast((e) => e.best);
  const speeds = steps.map((e) => e.tokensPerSecond).sort((a, b) => a - b);
  const step = steps.at(-1)?.step ?? 0;
  const end = last('done');
  const completed = end?.reason === 'early' || (end?.reason === 'completed' && step >= recipe.steps);
  return {
    folder,
    name: recipe.name,
    status: (await isHeld(join(folder, 'training', 'lock'))) ? 'running' : completed ? 'completed' : 'stopped',
    step,
    steps: recipe.steps,
    parameters: last('start')?.parameters ?? null,
    loss: steps.at(-1)?.loss ?? null,
    bestLoss: best?.loss ?? null,
    bestLossPerCharacter: best?.metrics.lossPerCharacter ?? null,
    bestMetrics: best?.metrics ?? null,
    bestStep: best?.step ?? null,
    tokensPerSecond: speeds[Math.floor(speeds.length / 2)] ?? null,
    seconds: steps.reduce((n, e) => n + e.seconds, 0) + evaluations.reduce((n, e) => n + e.seconds, 0),
  };
}
