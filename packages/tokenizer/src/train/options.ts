// What every trainer can be told, and the tokenizer.json that all of them fill in.
import { nearest, show, TokenizerError } from '../errors.ts';
import type {
  AddedTokenJson,
  DecoderJson,
  ModelJson,
  NormalizerJson,
  PostProcessorJson,
  PreTokenizerJson,
  TokenizerJson,
} from '../formats/tokenizer-json.ts';
import { type CountOptions, checkRange, countWords, type TextSource } from './count-words.ts';
import type { Pace, PaceOptions } from './pace.ts';
import { type Counted, type Stages, splitterOf } from './stages.ts';
import type { WordCounts } from './word-counts.ts';

/** Options of every trainer. */
export interface TrainOptions extends CountOptions, PaceOptions {
  /** Tokens in all, special ones included. Default 30,000; Unigram 8,000. An alphabet that is larger is kept whole. */
  vocabularySize?: number;
  /** The first ids, in this order. They are never split, and never learned from text. */
  specialTokens?: readonly string[];
  /** Stages around the model, as in tokenizer.json; absent: the usual ones of the model, null: none. */
  normalizer?: NormalizerJson | null;
  preTokenizer?: PreTokenizerJson | null;
  postProcessor?: PostProcessorJson | null;
  decoder?: DecoderJson | null;
  /**
   * Cuts a text into words, for languages written without spaces: for instance `(text) => jieba.cut(text)`. No token will
   * cross a boundary that it finds. Training alone needs it: afterwards text is encoded without a segmenter.
   */
  segment?: (text: string) => Iterable<string>;
  /** Who counts the words: this thread by default; `threads(n)` of `@yumo/tokenizer/node` for n worker threads. */
  counter?: WordCounting;
}

/** Counts the words of a source, in first-seen order. */
export type WordCounting = (
  texts: TextSource,
  counted: Counted,
  stages: Stages,
  options: CountOptions,
  pace: Pace,
) => Promise<WordCounts>;

/** The words of the texts, as the stages and options of a trainer say. */
export function countTrainingWords(
  texts: TextSource,
  counted: Counted,
  frame: Frame,
  options: TrainOptions,
  pace: Pace,
): Promise<WordCounts> {
  const { normalizer, preTokenizer } = frame;
  const stages = { normalizer, preTokenizer, segment: options.segment ?? null };
  const limits = {
    ...(options.maxWordLength === undefined ? {} : { maxWordLength: options.maxWordLength }),
    ...(options.maxRemembered === undefined ? {} : { maxRemembered: options.maxRemembered }),
  };
  if (options.counter !== undefined) return options.counter(texts, counted, stages, limits, pace);
  return countWords(texts, splitterOf(counted, stages), limits, pace);
}

const common: readonly string[] = [
  ...['vocabularySize', 'specialTokens', 'normalizer', 'preTokenizer', 'postProcessor', 'decoder', 'segment'],
  ...['maxWordLength', 'maxRemembered', 'onProgress', 'signal', 'counter'],
];

/** Throws a TokenizerError ARGUMENT when an option is unknown or out of its range. `own` are those of the one trainer. */
export function checkTrainOptions(trainer: string, options: object, own: readonly string[]): void {
  const known = [...common, ...own];
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    throw new TokenizerError('ARGUMENT', `${trainer}: no option ${show(name)}; did you mean ${meant}?`, {
      option: name,
    });
  }
  const given: Partial<Record<string, unknown>> = { ...options };
  const limits: [string, number, number][] = [
    ['vocabularySize', 1, 2 ** 24],
    ['minFrequency', 0, Number.MAX_SAFE_INTEGER],
    ['limitAlphabet', 0, 0x11_0000],
    ['maxTokenLength', 1, Number.MAX_SAFE_INTEGER],
    ['maxPieceLength', 1, 1024],
    ['seedSize', 1, 2 ** 26],
    ['estimations', 1, 1000],
  ];
  for (const [name, from, to] of limits) {
    const value = given[name];
    if (value !== undefined && value !== null) checkRange(`${trainer}: ${name}`, value, from, to);
  }
}

/** Special tokens, with the unknown token in front unless it is one of them. */
export function specialTokensOf(special: readonly string[], unknown: string | null, vocabularySize: number): string[] {
  const all = unknown === null || special.includes(unknown) ? [...special] : [unknown, ...special];
  for (const [i, token] of all.entries()) {
    if (typeof token === 'string' && token !== '' && all.indexOf(token) === i) continue;
    const fault = token === '' ? 'is empty' : typeof token === 'string' ? 'is there twice' : 'is not a string';
    throw new TokenizerError('ARGUMENT', `specialTokens: item ${i} (${show(token)}) ${fault}`, { item: i });
  }
  if (all.length > vocabularySize) {
    throw new TokenizerError(
      'ARGUMENT',
      `specialTokens: ${all.length} tokens do not fit into a vocabularySize of ${vocabularySize}`,
      { specialTokens: all.length, vocabularySize },
    );
  }
  return all;
}

/** The stages around a model. */
export interface Frame {
  normalizer: NormalizerJson | null;
  preTokenizer: PreTokenizerJson | null;
  postProcessor: PostProcessorJson | null;
  decoder: DecoderJson | null;
}

/** The caller's stages, and the trainer's where the caller gives none. */
export function frameOf(options: TrainOptions, usual: Frame): Frame {
  const { normalizer, preTokenizer, postProcessor, decoder } = options;
  return {
    normalizer: normalizer === undefined ? usual.normalizer : normalizer,
    preTokenizer: preTokenizer === undefined ? usual.preTokenizer : preTokenizer,
    postProcessor: postProcessor === undefined ? usual.postProcessor : postProcessor,
    decoder: decoder === undefined ? usual.decoder : decoder,
  };
}

/** A tokenizer.json: the model in its frame. Special tokens have the first ids. */
export function tokenizerJson(model: ModelJson, frame: Frame, specialTokens: readonly string[]): TokenizerJson {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map(specialToken),
    normalizer: frame.normalizer,
    pre_tokenizer: frame.preTokenizer,
    post_processor: frame.postProcessor,
    decoder: frame.decoder,
    model,
  };
}

function specialToken(content: string, id: number): AddedTokenJson {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** `{ token: id }`. */
export function vocabularyOf(tokens: readonly string[]): Record<string, number> {
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}
