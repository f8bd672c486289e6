// tag: the names in a text.

import { z } from 'zod';
import { limits } from '../limits.ts';
import * as task from '../tasks/read.ts';
import { procedure } from '../trpc.ts';
import { modelName, runTask } from './run-task.ts';

const input = z.strictObject({ model: modelName, text: z.string().min(1).max(limits.textLength) });

export const tag = procedure
  .input(input)
  .query(({ input: { model, ...asked }, ctx, signal }) =>
    runTask(ctx, 'tag', model, signal, (tagger, stop) => task.tag(tagger, asked, stop)),
  );
