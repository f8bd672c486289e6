// summarize: a long text in a few sentences, as they are written.

import { z } from 'zod';
import { limits } from '../limits.ts';
import * as task from '../tasks/rewrite.ts';
import { procedure } from '../trpc.ts';
import { modelName, runTask } from './run-task.ts';

const input = z.strictObject({
  model: modelName,
  text: z.string().min(1).max(limits.textLength),
  prefix: z.exactOptional(z.string().max(limits.prefixLength)),
  beams: z.exactOptional(z.int().min(1).max(limits.beams)),
  merge: z.exactOptional(z.enum(['join', 'summarize'])),
});

export const summarize = procedure
  .input(input)
  .query(({ input: { model, ...asked }, ctx, signal }) =>
    runTask(ctx, 'summarize', model, signal, (summarizer, stop) => task.summarize(summarizer, asked, stop)),
  );
