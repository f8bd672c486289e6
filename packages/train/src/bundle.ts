// The text files of a run's folder: a bundle in Hugging Face's layout, its card, and the record of the training.

import type { Parameter } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { modelCard } from './card.ts';
import { lossCurves } from './curves.ts';
import { tokenOf } from './data/special-tokens.ts';
import type { TrainingEvent } from './events.ts';
import type { ModelPlan } from './model-config.ts';
import type { Reading, Task, TokenRole } from './objectives/objective.ts';
import type { Recipe } from './recipe.ts';
import type { BundleFiles, Progress } from './store.ts';

export interface RunFacts {
  readonly recipe: Recipe;
  readonly reading: Reading;
  readonly tokenizer: Tokenizer;
  readonly model: ModelPlan;
  readonly task: Task;
  readonly parameters: readonly Parameter[];
  readonly events: readonly TrainingEvent[];
  readonly progress: Progress;
  /** The line that describes what computed. */
  readonly runtime: string;
}

const json = (x: unknown): string => `${JSON.stringify(x, null, 2)}\n`;

/** Names of special tokens in tokenizer_config.json. */
const tokenFields: readonly (readonly [string, TokenRole])[] = [
  ['pad_token', 'padding'],
  ['unk_token', 'unknown'],
  ['cls_token', 'start'],
  ['sep_token', 'end'],
  ['bos_token', 'start'],
  ['eos_token', 'end'],
  ['mask_token', 'mask'],
];

/** Everything but the weights. */
export function bundleFiles(facts: RunFacts): BundleFiles {
  const { recipe, reading, tokenizer, model, events } = facts;
  const endings = { bos_token_id: model.json.bos_token_id ?? null, eos_token_id: model.json.eos_token_id ?? null };
  const specials = tokenFields.flatMap(([field, role]) => {
    const id = tokenOf(tokenizer, role);
    return id === undefined ? [] : [[field, tokenizer.idToToken(id)] as const];
  });
  return {
    'config.json': json({ ...model.json, ...(recipe.save === 'float16' ? { torch_dtype: 'float16' } : {}) }),
    'generation_config.json': json({ ...endings, ...reading.generation?.(model) }),
    'tokenizer.json': json(tokenizer.toJson()),
    'tokenizer_config.json': json({
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: model.context,
      clean_up_tokenization_spaces: false,
      ...Object.fromEntries(specials),
      ...(reading.chatTemplate === undefined ? {} : { chat_template: reading.chatTemplate }),
    }),
    'README.md': modelCard(facts),
    'training/recipe.json': json(recipe),
    'training/curves.svg': lossCurves(events, recipe.name),
    ...samplesFile(events),
  };
}

/** What the model said on the way, if it was asked. */
function samplesFile(events: readonly TrainingEvent[]): BundleFiles {
  const samples = events.filter((e) => e.kind === 'sample');
  if (samples.length === 0) return {};
  // Four spaces make a text stand as it is, whatever marks are in it.
  const indented = (text: string): string => text.replaceAll(/^/gm, '    ');
  const sections = samples.map((s) => `## Step ${s.step}\n\n${indented(s.prompt + s.text)}\n`);
  return { 'training/samples.md': `# Samples\n\n${sections.join('\n')}` };
}
