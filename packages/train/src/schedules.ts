// Learning-rate schedules: step → share of the peak rate. Pure functions, so that a resumed run needs no state.

import type { ScheduleRecipe } from './recipe.ts';

/**
 * The share of the peak rate that step number `step` (the first is 0) uses. With a warm-up the first step's rate is 0, as in Hugging
 * Face's schedulers; after the end of the decay the floor is kept.
 *
 * @param steps length of the run, the end of the decay unless the schedule names another.
 */
export function rateShare(schedule: ScheduleRecipe, step: number, steps: number): number {
  const { warmupSteps: warmup } = schedule;
  if (step < warmup) return step / Math.max(1, warmup);
  switch (schedule.kind) {
    case 'constant':
      return 1;
    case 'inverse-sqrt': {
      const timescale = schedule.timescale ?? (warmup || 10_000);
      return 1 / Math.sqrt((step + timescale - warmup) / timescale);
    }
    case 'warmup-stable-decay': {
      const end = schedule.totalSteps ?? steps;
      const left = Math.max(0, end - step);
      return above(schedule.floor, Math.min(1, left / schedule.decaySteps));
    }
    default: {
      const end = schedule.totalSteps ?? steps;
      const progress = (step - warmup) / Math.max(1, end - warmup);
      return above(schedule.floor, fall(schedule, progress));
    }
  }
}

const above = (floor: number, share: number): number => floor + (1 - floor) * share;

/** From 1 at progress 0 to 0 at progress 1. */
function fall(
  schedule: Extract<ScheduleRecipe, { kind: 'linear' | 'cosine' | 'cosine-with-restarts' | 'polynomial' }>,
  progress: number,
): number {
  switch (schedule.kind) {
    case 'linear':
      return Math.max(0, 1 - progress);
    case 'polynomial':
      return Math.max(0, 1 - progress) ** schedule.power;
    case 'cosine':
      // Half a wave falls once and stays; whole waves come back as in the source.
      if (schedule.cycles === 0.5 && progress >= 1) return 0;
      return Math.max(0, 0.5 * (1 + Math.cos(2 * Math.PI * schedule.cycles * progress)));
    case 'cosine-with-restarts':
      return progress >= 1 ? 0 : Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((schedule.cycles * progress) % 1))));
  }
}
