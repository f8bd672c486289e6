// What every trainer can be told, and the tokenizer.json that all of them fill in.
import { TokenizerError } from '../errors.ts';
import type {
  AddedTokenJson,
  DecoderJson,
  ModelJson,
  NormalizerJson,
  PostProcessorJson,
  PreTokenizerJson,
  TokenizerJson,
} from '../formats/tokenizer-json.ts';
import { type CountOptions, checkRange } from './count-words.ts';
import type { PaceOptions } from './pace.ts';

/** Options of every trainer. */
export interface TrainOptions extends CountOptions, PaceOptions {
  /** Tokens in all, special ones included. An alphabet larger than this is kept whole. */
  vocabularySize?: number;
  /** Rarer candidates are passed over; default 0, which is the same as 1. */
  minFrequency?: number;
  /** The first ids, in this order. They are never split, and never learned from text. */
  specialTokens?: readonly string[];
  /** Stages around the model, in the words of tokenizer.json. Each trainer has the usual ones of its model as default. */
  normalizer?: NormalizerJson | null;
  preTokenizer?: PreTokenizerJson | null;
  postProcessor?: PostProcessorJson | null;
  decoder?: DecoderJson | null;
  /**
   * Cuts a text into words before the pre-tokenizer, for languages written without spaces: for instance jieba's
   * `cut`. It serves training only: tokens then never cross the boundaries it sees, and encoding needs no segmenter.
   */
  segment?: (text: string) => Iterable<string>;
}

export function checkTrainOptions(options: TrainOptions): void {
  if (options.vocabularySize !== undefined) {
    checkRange('vocabularySize', options.vocabularySize, 1, 2 ** 24);
    if ((options.specialTokens?.length ?? 0) > options.vocabularySize) {
      throw new TokenizerError(
        'ARGUMENT',
        `specialTokens: ${options.specialTokens?.length} tokens do not fit into vocabularySize ${options.vocabularySize}`,
        { vocabularySize: options.vocabularySize },
      );
    }
  }
  if (options.minFrequency !== undefined) checkRange('minFrequency', options.minFrequency, 0, Number.MAX_SAFE_INTEGER);
  const special = options.specialTokens ?? [];
  for (const [i, token] of special.entries()) {
    if (typeof token === 'string' && token !== '' && special.indexOf(token) === i) continue;
    const what = token === '' ? 'is empty' : typeof token === 'string' ? `(${token}) is there twice` : 'is not a string';
    throw new TokenizerError('ARGUMENT', `specialTokens: item ${i} ${what}`, { item: i });
  }
}

/** A tokenizer.json around a trained model. `defaults` are the stages of the trainer, `options` those of the caller. */
export function tokenizerJson(
  model: ModelJson,
  idOf: (token: string) => number,
  options: TrainOptions,
  defaults: { normalizer: NormalizerJson | null; preTokenizer: PreTokenizerJson | null; decoder: DecoderJson | null },
): TokenizerJson {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: (options.specialTokens ?? []).map((token) => specialToken(token, idOf(token))),
    normalizer: options.normalizer === undefined ? defaults.normalizer : options.normalizer,
    pre_tokenizer: options.preTokenizer === undefined ? defaults.preTokenizer : options.preTokenizer,
    post_processor: options.postProcessor ?? null,
    decoder: options.decoder === undefined ? defaults.decoder : options.decoder,
    model,
  };
}

function specialToken(content: string, id: number): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** `{ token: id }` in the order of ids. */
export function vocabularyOf(tokens: readonly string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}
