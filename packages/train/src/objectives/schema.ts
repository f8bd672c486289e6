// The `objective` part of a recipe: what the loss asks for, and its settings.

import { z } from 'zod';

/** One kind an objective; each has its file in this folder. */
export const objective = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('causal-lm').describe('Predict the next token.') }),
]);
