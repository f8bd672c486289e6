// generate: a prompt continued, as a stream of events that ends when the caller leaves.

import { z } from 'zod';
import type { EngineEvent } from '../engine.ts';
import { limits } from '../limits.ts';
import { samplingSchema } from '../sampling.ts';
import { procedure, toTrpc } from '../trpc.ts';

/** Before the events of the engine, when it is so: the model is being brought into memory. */
export type GenerateEvent = { kind: 'loading'; model: string } | EngineEvent;

const input = z.strictObject({
  /** A name from `models`; the default one when left out. */
  model: z.exactOptional(z.string().min(1).max(200)),
  prompt: z.string().min(1).max(limits.promptLength),
  options: z.exactOptional(samplingSchema),
  /** `slide`: a text longer than the model's context is continued from its end. `end` (default) refuses it. */
  pastContext: z.exactOptional(z.enum(['end', 'slide'])),
});

export const generate = procedure.input(input).query(async function* ({
  input,
  ctx,
  signal,
}): AsyncGenerator<GenerateEvent, void> {
  try {
    const model = input.model ?? (await ctx.models.default());
    if (!ctx.models.isLoaded(model)) yield { kind: 'loading', model };
    const engine = await ctx.models.engine(model);
    yield* engine.generate(input.prompt, { ...input.options, pastContext: input.pastContext, signal }, ctx.client);
  } catch (error) {
    throw toTrpc(error);
  }
});
