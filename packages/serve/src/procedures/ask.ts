// ask: the places of a text that answer a question.

import { z } from 'zod';
import { limits } from '../limits.ts';
import * as task from '../tasks/read.ts';
import { procedure } from '../trpc.ts';
import { modelName, runTask } from './run-task.ts';

const input = z.strictObject({
  model: modelName,
  question: z.string().min(1).max(limits.questionLength),
  context: z.string().min(1).max(limits.textLength),
  topK: z.exactOptional(z.int().min(1).max(limits.answers)),
  maxAnswerTokens: z.exactOptional(z.int().min(1).max(limits.answerTokens)),
});

export const ask = procedure
  .input(input)
  .query(({ input: { model, ...asked }, ctx, signal }) =>
    runTask(ctx, 'ask', model, signal, (reader, stop) => task.ask(reader, asked, stop)),
  );
