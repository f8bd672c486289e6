// The tRPC router: one procedure a file.

import { generate } from './procedures/generate.ts';
import { models } from './procedures/models.ts';
import { callerFactory, router } from './trpc.ts';

export const appRouter = router({ models, generate });
export type AppRouter = typeof appRouter;

/** Calls procedures without a network: `createCaller(context).models()`. */
export const createCaller = callerFactory(appRouter);
