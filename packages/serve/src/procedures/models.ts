// models: what is there to generate with.

import { procedure } from '../trpc.ts';

/** The models of the folder, by name, and the one that is used when none is named. */
export const models = procedure.query(async ({ ctx }) => {
  const list = await ctx.models.list();
  return { models: list, default: list.find((m) => m.problem === undefined)?.name ?? null };
});
