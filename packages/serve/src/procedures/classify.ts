// classify: the classes of one text or many.

import { z } from 'zod';
import { limits } from '../limits.ts';
import * as task from '../tasks/read.ts';
import { procedure } from '../trpc.ts';
import { modelName, runTask } from './run-task.ts';

const input = z
  .strictObject({
    model: modelName,
    texts: z.array(z.string().min(1).max(limits.textLength)).min(1).max(limits.texts),
  })
  .refine(({ texts }) => texts.reduce((n, text) => n + text.length, 0) <= limits.textLength, {
    message: `the texts together are longer than ${limits.textLength} characters`,
    path: ['texts'],
  });

export const classify = procedure
  .input(input)
  .query(({ input: { model, ...asked }, ctx, signal }) =>
    runTask(ctx, 'classify', model, signal, (classifier, stop) => task.classify(classifier, asked, stop)),
  );
