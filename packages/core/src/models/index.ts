// model_type → the module that builds it.

import { suggestion, YumoError } from '../errors.ts';
import { albert } from './albert.ts';
import type { Architecture, CausalLmArchitecture, Head, Seq2SeqArchitecture } from './architecture.ts';
import { bart } from './bart.ts';
import { bert } from './bert.ts';
import { distilbert } from './distilbert.ts';
import { electra } from './electra.ts';
import { gptNeoX } from './gpt-neox.ts';
import { gpt2 } from './gpt2.ts';
import { llama, mistral, qwen2 } from './llama.ts';
import { lstmClassifier, lstmLm } from './lstm.ts';
import { marian } from './marian.ts';
import { modernbert } from './modernbert.ts';
import { ngram } from './ngram.ts';
import { roberta } from './roberta.ts';
import { t5 } from './t5.ts';

// Each reads its own config type, checked by its readConfig.
const causalLms = [gpt2, llama, mistral, qwen2, gptNeoX] as readonly CausalLmArchitecture[];
const seq2seqs = [t5, bart, marian] as readonly Seq2SeqArchitecture[];
const encoders = [bert, distilbert, roberta, albert, electra, modernbert] as readonly Architecture[];
// What came before attention.
const recurrent = [lstmLm, lstmClassifier, ngram] as readonly Architecture[];
const all: readonly Architecture[] = [...causalLms, ...encoders, ...seq2seqs, ...recurrent];

type Json = Readonly<Record<string, unknown>>;

/** Every `model_type` with a causal language-model head. */
export const causalLmTypes: readonly string[] = causalLms.map((a) => a.modelType);
/** Every `model_type` of an encoder-decoder language model. */
export const seq2seqTypes: readonly string[] = seq2seqs.map((a) => a.modelType);
/** Every `model_type`. */
export const modelTypes: readonly string[] = all.map((a) => a.modelType);

function find<A extends Architecture>(config: Json, among: readonly A[]): A {
  const type = config.model_type;
  if (typeof type !== 'string') throw new YumoError('CONFIG', 'config.json: "model_type" is missing', {});
  const known = among.map((a) => a.modelType);
  const found = among.find((a) => a.modelType === type);
  if (!found)
    throw new YumoError(
      'CONFIG',
      `config.json: model_type "${type}" is not supported${suggestion(type, known)}; known: ${known.join(', ')}`,
      { type },
    );
  return found;
}

/** The family that a config.json names, whatever its heads. @throws YumoError `CONFIG` */
export const familyFor = (config: Json): Architecture => find(config, all);

/** The decoder-only language model that a config.json names. @throws YumoError `CONFIG` */
export const architectureFor = (config: Json): CausalLmArchitecture => find(config, causalLms);

/** The encoder-decoder language model that a config.json names. @throws YumoError `CONFIG` */
export const seq2seqFor = (config: Json): Seq2SeqArchitecture => find(config, seq2seqs);

/** A family with the head and the checked configuration that a config.json names. */
export interface Model {
  readonly architecture: Architecture;
  readonly config: unknown;
  readonly className: string;
  readonly head: Head<unknown>;
}

/**
 * What a config.json names: `model_type` says the family, `architectures[0]` the head.
 * @param className another head of the family: a classifier on a language model's encoder, say
 * @throws YumoError `CONFIG`
 */
export function modelFor(config: Json, className?: string): Model {
  const architecture = find(config, all);
  const classes = Object.keys(architecture.heads);
  const listed = Array.isArray(config.architectures) ? config.architectures[0] : undefined;
  const name: unknown = className ?? listed ?? classes[0];
  const head =
    typeof name === 'string' && Object.hasOwn(architecture.heads, name) ? architecture.heads[name] : undefined;
  if (!head || typeof name !== 'string')
    throw new YumoError(
      'CONFIG',
      `config.json: ${architecture.modelType} has no head ${JSON.stringify(name)}${suggestion(String(name), classes)}; known: ${classes.join(', ')}`,
      { name, classes },
    );
  return { architecture, config: architecture.readConfig(config), className: name, head };
}
