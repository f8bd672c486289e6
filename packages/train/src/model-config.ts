// The `model` part of a recipe as a config.json: sizes that the data decide are filled in, misspelt fields are refused.

import { architectureFor, type CausalLmArchitecture, suggestion, YumoError } from '@yumo/core';
import type { Recipe } from './recipe.ts';

/** Fields of config.json that say nothing about the graph, and may stand in a recipe. */
const passive = [
  ...['model_type', 'architectures', 'torch_dtype', 'dtype', 'transformers_version', 'use_cache', 'name_or_path'],
  ...['bos_token_id', 'eos_token_id', 'pad_token_id', 'sep_token_id', 'task_specific_params', 'summary_type'],
];

export interface ModelPlan {
  readonly architecture: CausalLmArchitecture;
  /** What `architecture.readConfig` made of it. */
  readonly config: unknown;
  /** config.json of the bundle. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly context: number;
}

/**
 * @param vocabularySize of the tokenizer; the model's may be larger, for padding.
 * @throws YumoError `CONFIG` for unknown fields and sizes that do not fit; `TOKENIZER` when the model's vocabulary is smaller.
 */
export function planModel(recipe: Pick<Recipe, 'model' | 'context'>, vocabularySize: number): ModelPlan {
  const architecture = architectureFor(recipe.model);
  const given = recipe.model.vocab_size;
  if (typeof given === 'number' && given < vocabularySize)
    throw new YumoError(
      'TOKENIZER',
      `model.vocab_size: the model has ${given} tokens, the tokenizer ${vocabularySize}; leave the field out, or make it larger`,
      { model: given, tokenizer: vocabularySize },
    );
  const json = {
    architectures: [architecture.className],
    bos_token_id: null,
    eos_token_id: null,
    torch_dtype: 'float32',
    ...recipe.model,
    vocab_size: given ?? vocabularySize,
  };
  // What the architecture reads is what it knows; everything else is a mistake that would silently change nothing.
  const read = new Set<string>(passive);
  const config = architecture.readConfig(
    new Proxy<Record<string, unknown>>(json, {
      get(target, field) {
        if (typeof field === 'string') read.add(field);
        return Reflect.get(target, field) as unknown;
      },
    }),
  );
  const unknown = Object.keys(recipe.model).filter((field) => !read.has(field));
  if (unknown.length > 0)
    throw new YumoError(
      'CONFIG',
      unknown
        .map(
          (f) =>
            `model: ${architecture.modelType} has no field "${f}"${suggestion(f, read) || `; it reads ${[...read].join(', ')}`}`,
        )
        .join('; '),
      { unknown },
    );
  const longest = architecture.contextLength(config);
  const context = recipe.context ?? longest;
  if (context > longest)
    throw new YumoError(
      'CONFIG',
      `context: ${context} tokens, the model has ${longest} positions; use at most ${longest}`,
      {
        context,
        longest,
      },
    );
  return { architecture, config, json, context };
}
