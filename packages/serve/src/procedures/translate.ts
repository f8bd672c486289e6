// translate: a text in another language, sentence by sentence as it is written.

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
});

export const translate = procedure
  .input(input)
  .query(({ input: { model, ...asked }, ctx, signal }) =>
    runTask(ctx, 'translate', model, signal, (translator, stop) => task.translate(translator, asked, stop)),
  );
