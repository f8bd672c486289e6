// What a page imports: a typed client of the router, and the reading of its errors. Nothing of Node.

import { createTRPCClient, httpBatchStreamLink, TRPCClientError } from '@trpc/client';
import type { AppRouter } from './router.ts';
import type { Failure } from './trpc.ts';

export type { CardResult } from './card.ts';
export type { Direction, ModelInfo } from './model-info.ts';
export type { GenerateEvent } from './procedures/generate.ts';
export type { TaskStart } from './procedures/run-task.ts';
export type { RecipeInfo } from './recipes.ts';
export type { Sampling } from './sampling.ts';
export type { Failure } from './trpc.ts';

/** @param url Where the router answers, for example `/api/trpc`. */
export function createClient(url: string): ReturnType<typeof createTRPCClient<AppRouter>> {
  return createTRPCClient<AppRouter>({
    links: [
      // POST: a text does not fit into an address. One call a request: stopping one must not wait for another.
      httpBatchStreamLink({ url, methodOverride: 'POST', maxItems: 1 }),
    ],
  });
}

export type Client = ReturnType<typeof createClient>;

/** The named failure behind an error of the client; undefined when the server was not reached or broke. */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof TRPCClientError)) return undefined;
  return (error as TRPCClientError<AppRouter>).data?.failure ?? undefined;
}
