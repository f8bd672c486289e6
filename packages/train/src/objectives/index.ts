// The table of objectives: one file each.

import type { ObjectiveKind } from '../recipe.ts';
import { causalLm } from './causal-lm.ts';
import { contrastive } from './contrastive.ts';
import { denoising } from './denoising.ts';
import { gapSentences } from './gap-sentences.ts';
import { instruction } from './instruction.ts';
import { maskedLm } from './masked-lm.ts';
import { multiLabelClassification } from './multi-label-classification.ts';
import { bertPretraining, nextSentence } from './next-sentence.ts';
import type { Given, Objective, Reading } from './objective.ts';
import { questionAnswering } from './question-answering.ts';
import { regression } from './regression.ts';
import { sequenceClassification } from './sequence-classification.ts';
import { sequenceToSequence } from './sequence-to-sequence.ts';
import { spanCorruption } from './span-corruption.ts';
import { spanSelection } from './span-selection.ts';
import { tokenClassification } from './token-classification.ts';

/** kind → how data become batches, what is asked of them, and how well it is answered. */
export const objectives: { readonly [K in ObjectiveKind]: Objective<K> } = {
  'causal-lm': causalLm,
  'masked-lm': maskedLm,
  'next-sentence': nextSentence,
  'bert-pretraining': bertPretraining,
  'span-corruption': spanCorruption,
  denoising,
  'gap-sentences': gapSentences,
  'sequence-classification': sequenceClassification,
  'multi-label-classification': multiLabelClassification,
  regression,
  'token-classification': tokenClassification,
  'question-answering': questionAnswering,
  'span-selection': spanSelection,
  'sequence-to-sequence': sequenceToSequence,
  instruction,
  contrastive,
};

/** Reads the data of a recipe as its objective wants them. The generic ties the settings to the row. */
export async function readObjective<K extends ObjectiveKind>(given: Given<K>): Promise<Reading> {
  const objective: Objective<K> = objectives[given.objective.kind as K];
  return objective(given);
}
