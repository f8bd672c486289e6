// Programs by input shape, a bounded number of them: graphs with concrete sizes are compiled once for each shape that comes up.

import { YumoError } from '../errors.ts';
import type { Graph } from '../tensor.ts';
import type { CompileOptions, Program, Runtime } from './runtime.ts';

export interface ProgramCacheOptions extends Omit<CompileOptions, 'signal'> {
  /** Programs held at once; the one unused for longest is disposed of first. 8 by default: each holds its own copy of constants. */
  readonly most?: number;
}

export class ProgramCache {
  private readonly runtime: Runtime;
  private readonly options: CompileOptions;
  private readonly most: number;
  /** In the order of their last use. */
  private readonly programs = new Map<string, Promise<Program>>();
  private closed = false;

  /** @throws YumoError `CONFIG` unless `most` is a whole number from 1. */
  constructor(runtime: Runtime, { most = 8, ...options }: ProgramCacheOptions = {}) {
    if (!Number.isSafeInteger(most) || most < 1)
      throw new YumoError('CONFIG', `programCache.most: ${most} is not a whole number from 1`, { most });
    this.runtime = runtime;
    this.options = options;
    this.most = most;
  }

  /** Number of programs held, those that are being compiled among them. */
  get size(): number {
    return this.programs.size;
  }

  /**
   * The program for a shape; compiled when it is not there. Two askers at once share one compilation, and a failed one is not kept.
   * Do not dispose of what you get: the cache does, after the runs that are queued on it.
   * @param key what tells the graph from the others: its sizes, `4x128`.
   */
  async get(key: string, build: () => Graph): Promise<Program> {
    if (this.closed) throw new YumoError('RUNTIME', 'programCache: it was disposed', {});
    const known = this.programs.get(key);
    // Deleted and set again: a Map keeps the order of insertion.
    this.programs.delete(key);
    const program = known ?? Promise.resolve().then(() => this.runtime.compile(build(), this.options));
    this.programs.set(key, program);
    if (!known) {
      program.catch(() => {
        if (this.programs.get(key) === program) this.programs.delete(key);
      });
      await this.shrink();
    }
    return program;
  }

  /** Disposes of every program. @throws the first failure, after all were tried. */
  async dispose(): Promise<void> {
    this.closed = true;
    const all = [...this.programs.values()];
    this.programs.clear();
    await Promise.all(all.map(discard));
  }

  private async shrink(): Promise<void> {
    while (this.programs.size > this.most) {
      const [oldest, program] = this.programs.entries().next().value!; // more than `most` ≥ 1 are there
      this.programs.delete(oldest);
      await discard(program);
    }
  }
}

/** One that failed to compile has nothing to free; whoever asked for it was told. */
const discard = (program: Promise<Program>): Promise<void> =>
  program.then(
    (p) => p.dispose(),
    () => undefined,
  );
