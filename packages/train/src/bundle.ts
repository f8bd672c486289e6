// The text files of a run's folder: a bundle in Hugging Face's layout, its card, and the record of the training.

import type { Parameter } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { modelCard } from './card.ts';
import { lossCurves } from './curves.ts';
import type { Corpus } from './data/corpus.ts';
import type { TrainingEvent } from './events.ts';
import type { ModelPlan } from './model-config.ts';
import type { Recipe } from './recipe.ts';
import type { BundleFiles, Progress } from './store.ts';

export interface RunFacts {
  readonly recipe: Recipe;
  readonly tokenizer: Tokenizer;
  readonly model: ModelPlan;
  readonly parameters: readonly Parameter[];
  readonly corpus: Corpus;
  readonly events: readonly TrainingEvent[];
  readonly progress: Progress;
  /** The line that describes what computed. */
  readonly runtime: string;
}

const json = (x: unknown): string => `${JSON.stringify(x, null, 2)}\n`;

/** Everything but the weights. */
export function bundleFiles(facts: RunFacts): BundleFiles {
  const { recipe, tokenizer, model, events } = facts;
  const endings = { bos_token_id: model.json.bos_token_id, eos_token_id: model.json.eos_token_id };
  return {
    'config.json': json(model.json),
    'generation_config.json': json(endings),
    'tokenizer.json': json(tokenizer.toJson()),
    'tokenizer_config.json': json({
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: model.context,
      clean_up_tokenization_spaces: false,
    }),
    'README.md': modelCard(facts),
    'training/recipe.json': json(recipe),
    'training/curves.svg': lossCurves(events, recipe.name),
  };
}
