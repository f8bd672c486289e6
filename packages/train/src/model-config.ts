// The `model` part of a recipe as a config.json: sizes that the data decide are filled in, misspelt fields are refused.

import { type Architecture, familyFor, type Head, modelFor, suggestion, YumoError } from '@yumo/core';
import type { Recipe } from './recipe.ts';

type Json = Readonly<Record<string, unknown>>;

/** Fields of config.json that say nothing about the graph, and may stand in a recipe. */
const passive = [
  ...['model_type', 'architectures', 'torch_dtype', 'dtype', 'transformers_version', 'use_cache', 'name_or_path'],
  ...['bos_token_id', 'eos_token_id', 'pad_token_id', 'sep_token_id', 'task_specific_params', 'summary_type'],
  ...['id2label', 'label2id', 'problem_type', 'is_encoder_decoder', 'n_positions', 'decoder_start_token_id'],
];

/** Tokens in a sequence where neither recipe nor model has a limit. */
const usualContext = 512;

export interface ModelPlan {
  readonly architecture: Architecture;
  readonly head: Head<unknown>;
  /** Of the head, as in `architectures`. */
  readonly className: string;
  /** What `architecture.readConfig` made of it. */
  readonly config: unknown;
  /** config.json of the bundle. */
  readonly json: Json;
  readonly context: number;
}

/** What an objective wants of a model. */
export interface ModelWishes {
  /** Its name, for messages. */
  readonly objective: string;
  /** Ends of class names, the preferred first. */
  readonly heads: readonly RegExp[];
  /** Fields that data and tokenizer decide; the recipe's own go before. */
  readonly fields?: Json;
  /** config.json of the model that the training starts from. */
  readonly base?: Json | undefined;
}

/** Fields of a model's config.json that another head, or another tokenizer, decides anew. */
const ownOfHead = [
  'architectures',
  'id2label',
  'label2id',
  'num_labels',
  'problem_type',
  'torch_dtype',
  'dtype',
  'transformers_version',
];

/**
 * @param vocabularySize of the tokenizer; the model's may be larger, for padding.
 * @throws YumoError `CONFIG` for unknown fields, sizes that do not fit, and models without a head for the objective; `TOKENIZER` when the
 *   model's vocabulary is smaller.
 */
export function planModel(
  recipe: Pick<Recipe, 'model' | 'context'>,
  vocabularySize: number,
  { objective, heads, fields = {}, base }: ModelWishes,
): ModelPlan {
  const kept = Object.fromEntries(Object.entries(base ?? {}).filter(([name]) => !ownOfHead.includes(name)));
  const own = { ...kept, ...recipe.model };
  if (own.model_type === undefined)
    throw new YumoError(
      'CONFIG',
      'model: "model_type" is missing; name one (gpt2, llama, bert, t5 …), or give init.from',
      {},
    );
  if (base && recipe.model.model_type !== undefined && recipe.model.model_type !== base.model_type)
    throw new YumoError(
      'CONFIG',
      `model.model_type is ${recipe.model.model_type}, init.from is a ${String(base.model_type)}; leave the field out, or start from another model`,
      { model: recipe.model.model_type, init: base.model_type },
    );
  const given = own.vocab_size;
  if (typeof given === 'number' && given < vocabularySize)
    throw new YumoError(
      'TOKENIZER',
      `model.vocab_size: the model has ${given} tokens, the tokenizer ${vocabularySize}; leave the field out, or make it larger`,
      { model: given, tokenizer: vocabularySize },
    );
  const architecture = familyFor(own);
  const classes = Object.keys(architecture.heads);
  const className = heads.map((end) => classes.find((name) => end.test(name))).find((name) => name !== undefined);
  if (className === undefined)
    throw new YumoError(
      'CONFIG',
      `objective ${objective}: ${architecture.modelType} has no head for it; it has ${classes.join(', ')}. Choose another model_type, or another objective`,
      { objective, classes },
    );
  const json: Json = {
    architectures: [className],
    torch_dtype: 'float32',
    ...fields,
    ...own,
    vocab_size: given ?? vocabularySize,
  };
  // What the architecture reads is what it knows; everything else is a mistake that would silently change nothing.
  const read = new Set<string>(passive);
  const watched = new Proxy<Record<string, unknown>>(json, {
    get(target, field) {
      if (typeof field === 'string') read.add(field);
      return Reflect.get(target, field) as unknown;
    },
  });
  const { config, head } = modelFor(watched, className);
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
  const context = recipe.context ?? longest ?? usualContext;
  if (longest !== undefined && context > longest)
    throw new YumoError(
      'CONFIG',
      `context: ${context} tokens, the model has ${longest} positions; use at most ${longest}`,
      {
        context,
        longest,
      },
    );
  return { architecture, head, className, config, json, context };
}
