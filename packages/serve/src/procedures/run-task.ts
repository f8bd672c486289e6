// What every task procedure does around its work: a model by name or the default one, its place in the queue, errors with a name.

import { z } from 'zod';
import type { TaskEngine } from '../engine.ts';
import type { Waiting } from '../queue.ts';
import type { headOf, TaskModels } from '../tasks/open.ts';
import { type Context, toTrpc } from '../trpc.ts';

/** Before the events of the task itself. */
export type TaskStart =
  /** The model is being brought into memory. */
  | { readonly kind: 'loading'; readonly model: string }
  | Waiting
  /** It begins. */
  | { readonly kind: 'start'; readonly runtime: string };

/** A name from `models`; the default one when left out. */
export const modelName = z.exactOptional(z.string().min(1).max(200));

/** @throws TRPCError carrying the YumoError. */
export async function* runTask<T extends keyof typeof headOf, E>(
  ctx: Context,
  task: T,
  name: string | undefined,
  signal: AbortSignal | undefined,
  work: (model: TaskModels[(typeof headOf)[T]], signal: AbortSignal) => AsyncIterable<E>,
): AsyncGenerator<TaskStart | E, void> {
  try {
    const model = name ?? (await ctx.models.default(task));
    if (!ctx.models.isLoaded(model)) yield { kind: 'loading', model };
    const engine: TaskEngine<(typeof headOf)[T]> = await ctx.models.taskEngine(model, task);
    yield* engine.run(ctx.client, signal, async function* (loaded, stop): AsyncGenerator<TaskStart | E> {
      yield { kind: 'start', runtime: engine.runtime };
      yield* work(loaded, stop);
    });
  } catch (error) {
    throw toTrpc(error);
  }
}
