// The tRPC router: one procedure a file.

import { ask } from './procedures/ask.ts';
import { classify } from './procedures/classify.ts';
import { generate } from './procedures/generate.ts';
import { models } from './procedures/models.ts';
import { summarize } from './procedures/summarize.ts';
import { tag } from './procedures/tag.ts';
import { translate } from './procedures/translate.ts';
import { callerFactory, router } from './trpc.ts';

export const appRouter = router({ models, generate, ask, summarize, translate, classify, tag });
export type AppRouter = typeof appRouter;

/** Calls procedures without a network: `createCaller(context).models()`. */
export const createCaller = callerFactory(appRouter);
