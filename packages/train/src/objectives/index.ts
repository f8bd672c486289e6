// The table of objectives: one file each.

import type { ObjectiveKind } from '../recipe.ts';
import { causalLm } from './causal-lm.ts';
import type { Given, Objective, Reading } from './objective.ts';

/** kind → how data become batches, what is asked of them, and how well it is answered. */
export const objectives: { readonly [K in ObjectiveKind]: Objective<K> } = {
  'causal-lm': causalLm,
};

/** Reads the data of a recipe as its objective wants them. The generic ties the settings to the row. */
export async function readObjective<K extends ObjectiveKind>(given: Given<K>): Promise<Reading> {
  const objective: Objective<K> = objectives[given.objective.kind as K];
  return objective(given);
}
