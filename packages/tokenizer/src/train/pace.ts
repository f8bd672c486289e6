// Keeps a long training answerable: reports progress, lets other work run, stops when asked to.

/** What a trainer is doing. Words for `counting`, merges for `merging`, rounds for the rest. */
export type TrainingStage = 'counting' | 'pairs' | 'merging' | 'seeding' | 'estimating' | 'pruning';

export interface TrainingProgress {
  stage: TrainingStage;
  done: number;
  /** Unknown (null) while a stream is read. */
  total: number | null;
}

export interface PaceOptions {
  /** Called at most every 50 ms, and once at the end of each stage. */
  onProgress?: (progress: TrainingProgress) => void;
  /** Stops the training, mostly within 0.1 s; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

const millisecondsPerSlice = 50;

export class Pace {
  readonly #options: PaceOptions;
  #sliceEnds: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    options.signal?.throwIfAborted();
    this.#sliceEnds = performance.now() + millisecondsPerSlice;
  }

  /** Call often. Answers with a promise, to be awaited, only when a slice of work is over. */
  step(stage: TrainingStage, done: number, total: number | null): Promise<void> | undefined {
    if (performance.now() < this.#sliceEnds) return undefined;
    return this.#rest(stage, done, total);
  }

  /** Reports the end of a stage. */
  finish(stage: TrainingStage, done: number): void {
    this.#options.signal?.throwIfAborted();
    this.#options.onProgress?.({ stage, done, total: done });
  }

  async #rest(stage: TrainingStage, done: number, total: number | null): Promise<void> {
    this.#options.onProgress?.({ stage, done, total });
    await new Promise((resolve) => setTimeout(resolve));
    this.#options.signal?.throwIfAborted();
    this.#sliceEnds = performance.now() + millisecondsPerSlice;
  }
}
