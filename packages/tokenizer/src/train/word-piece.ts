// Training of WordPiece vocabularies.
import { Tokenizer } from '../tokenizer.ts';
import type { TextSource } from './count-words.ts';
import { learnBpe } from './learn-bpe.ts';
import {
  checkTrainOptions,
  countTrainingWords,
  frameOf,
  specialTokensOf,
  type TrainOptions,
  tokenizerJson,
  vocabularyOf,
} from './options.ts';
import { Pace } from './pace.ts';

export interface WordPieceTrainOptions extends TrainOptions {
  /** Pairs seen less often are not joined. Default 0. */
  minFrequency?: number;
  /** Characters that get a token whether they occur or not. Default: none. */
  initialAlphabet?: Iterable<string>;
  /** Keep the commonest so many characters. Default: all. */
  limitAlphabet?: number | null;
  /** Longest token, in characters without the prefix. Default: no limit. */
  maxTokenLength?: number | null;
  /** Worn by tokens inside a word. Default `##`. */
  continuingSubwordPrefix?: string;
  /** Default `[UNK]`. */
  unknownToken?: string;
}

/**
 * A WordPiece vocabulary for BERT (Devlin et al. 2019, arXiv:1810.04805), lower-cased unless another normalizer is given.
 *
 * How Google chose its vocabulary was not published. As the Rust library `tokenizers` does, the tokens are those of a
 * byte-pair encoding with `##` inside words; unlike there, ids and ties do not depend on the order of a hash table.
 *
 * @throws TokenizerError ARGUMENT for options out of range; the signal's reason when stopped.
 */
export async function trainWordPiece(texts: TextSource, options: WordPieceTrainOptions = {}): Promise<Tokenizer> {
  checkTrainOptions('trainWordPiece', options, [
    ...[
      'minFrequency',
      'initialAlphabet',
      'limitAlphabet',
      'maxTokenLength',
      'continuingSubwordPrefix',
      'unknownToken',
    ],
  ]);
  const prefix = options.continuingSubwordPrefix ?? '##';
  const unknown = options.unknownToken ?? '[UNK]';
  const vocabularySize = options.vocabularySize ?? 30_000;
  const special = options.specialTokens ?? ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];
  const specialTokens = specialTokensOf(special, unknown, vocabularySize);
  const [first, last] = [specialTokens.indexOf('[CLS]'), specialTokens.indexOf('[SEP]')];
  const frame = frameOf(options, {
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    preTokenizer: { type: 'BertPreTokenizer' },
    postProcessor:
      first < 0 || last < 0 ? null : { type: 'BertProcessing', sep: ['[SEP]', last], cls: ['[CLS]', first] },
    decoder: { type: 'WordPiece', prefix, cleanup: true },
  });
  const pace = new Pace(options);
  const words = await countTrainingWords(texts, 'words', frame, options, pace);
  const settings = {
    vocabularySize,
    minFrequency: options.minFrequency ?? 0,
    specialTokens,
    limitAlphabet: options.limitAlphabet ?? null,
    initialAlphabet: options.initialAlphabet ?? [],
    continuingSubwordPrefix: prefix,
    endOfWordSuffix: '',
    maxTokenLength: options.maxTokenLength ?? Number.POSITIVE_INFINITY,
  };
  const { tokens } = await learnBpe(words, settings, pace);
  const model = {
    type: 'WordPiece' as const,
    unk_token: unknown,
    continuing_subword_prefix: prefix,
    max_input_chars_per_word: 100,
    vocab: vocabularyOf(tokens),
  };
  return Tokenizer.fromJson(tokenizerJson(model, frame, specialTokens));
}
