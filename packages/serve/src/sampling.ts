// The choices of a generation as they come from outside, checked: the tRPC procedure and the page read this one schema.

import { z } from 'zod';
import { limits } from './limits.ts';

/** Unknown keys are refused, so that a misspelt one is not a silent default. */
export const samplingSchema = z.strictObject({
  maxNewTokens: z.exactOptional(z.int().min(1).max(limits.maxNewTokens)),
  /** 0 takes the likeliest token each time. */
  temperature: z.exactOptional(z.number().min(0).max(limits.temperature)),
  topK: z.exactOptional(z.int().min(0).max(limits.topK)),
  topP: z.exactOptional(z.number().gt(0).max(1)),
  minP: z.exactOptional(z.number().min(0).max(1)),
  typicalP: z.exactOptional(z.number().gt(0).max(1)),
  repetitionPenalty: z.exactOptional(z.number().gt(0).max(limits.penalty)),
  frequencyPenalty: z.exactOptional(z.number().min(-limits.penalty).max(limits.penalty)),
  presencePenalty: z.exactOptional(z.number().min(-limits.penalty).max(limits.penalty)),
  noRepeatNgramSize: z.exactOptional(z.int().min(0).max(1000)),
  seed: z.exactOptional(
    z
      .int()
      .min(0)
      .max(2 ** 32 - 1),
  ),
  stop: z.exactOptional(z.array(z.string().min(1).max(limits.stopLength)).max(limits.stopStrings)),
});

export type Sampling = z.infer<typeof samplingSchema>;
