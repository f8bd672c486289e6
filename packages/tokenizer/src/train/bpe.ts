// Training of byte-pair encodings: over characters, and over bytes as GPT-2 has it.
import { byteAlphabet } from '../byte-alphabet.ts';
import type { BpeJson } from '../formats/tokenizer-json.ts';
import { Tokenizer } from '../tokenizer.ts';
import type { TextSource } from './count-words.ts';
import { type BpeSettings, type LearnedBpe, learnBpe, learnByteLevelBpe } from './learn-bpe.ts';
import {
  checkTrainOptions,
  countTrainingWords,
  type Frame,
  frameOf,
  specialTokensOf,
  type TrainOptions,
  tokenizerJson,
  vocabularyOf,
} from './options.ts';
import { Pace } from './pace.ts';
import { endsInBytes } from './stages.ts';

/** What both BPE trainers can be told. */
export interface MergeTrainOptions extends TrainOptions {
  /** Pairs seen less often are not merged. Default 0. */
  minFrequency?: number;
  /** Characters that get a token whether they occur or not. Default: none; byte-level: all 256 bytes, in the byte alphabet. */
  initialAlphabet?: Iterable<string>;
  /** Keep the commonest so many characters. Default: all. */
  limitAlphabet?: number | null;
  /** Longest token, in characters (bytes, if byte-level). Default: no limit. */
  maxTokenLength?: number | null;
}

export interface BpeTrainOptions extends MergeTrainOptions {
  /** Worn by tokens inside a word: `##` makes `un ##like ##ly`. */
  continuingSubwordPrefix?: string | null;
  /** Worn by tokens at the end of a word: `</w>`. */
  endOfWordSuffix?: string | null;
  /** Stands for characters outside the alphabet. Default null: encoding them is an error or drops them, as the model does. */
  unknownToken?: string | null;
}

const ownOptions = ['minFrequency', 'initialAlphabet', 'limitAlphabet', 'maxTokenLength'];

/**
 * Byte-pair encoding over characters (Sennrich et al. 2016, arXiv:1508.07909), cut at white space and punctuation by default.
 *
 * The same texts in the same order give the same tokenizer. Merges are those of the Rust library `tokenizers`, in order.
 *
 * @throws TokenizerError ARGUMENT for options out of range; the signal's reason when stopped.
 */
export async function trainBpe(texts: TextSource, options: BpeTrainOptions = {}): Promise<Tokenizer> {
  checkTrainOptions('trainBpe', options, [...ownOptions, 'continuingSubwordPrefix', 'endOfWordSuffix', 'unknownToken']);
  const suffix = options.endOfWordSuffix ?? '';
  const unknown = options.unknownToken ?? null;
  const settings = settingsOf(options, unknown, []);
  const frame = frameOf(options, {
    normalizer: null,
    preTokenizer: { type: 'Whitespace' },
    postProcessor: null,
    decoder: suffix === '' ? null : { type: 'BPEDecoder', suffix },
  });
  const pace = new Pace(options);
  const words = await countTrainingWords(texts, 'words', frame, options, pace);
  return tokenizerOf(await learnBpe(words, settings, pace), settings, frame, unknown);
}

/**
 * Byte-level BPE as GPT-2's (Radford et al. 2019, §2.2): 256 byte tokens under the merges, so that any text can be
 * encoded, and decoding gives it back to the byte.
 *
 * The same texts in the same order give the same tokenizer. Merges are those of the Rust library `tokenizers`, in order.
 *
 * @throws TokenizerError ARGUMENT for options out of range; the signal's reason when stopped.
 */
export async function trainByteLevelBpe(texts: TextSource, options: MergeTrainOptions = {}): Promise<Tokenizer> {
  checkTrainOptions('trainByteLevelBpe', options, ownOptions);
  const settings = settingsOf(options, null, byteAlphabet);
  const frame = frameOf(options, {
    normalizer: null,
    preTokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    postProcessor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  });
  const pace = new Pace(options);
  // Another pre-tokenizer gives words in the byte alphabet: then they are characters like others.
  const bytes = endsInBytes(frame.preTokenizer);
  const words = await countTrainingWords(texts, bytes ? 'bytes' : 'words', frame, options, pace);
  const learn = bytes ? learnByteLevelBpe : learnBpe;
  return tokenizerOf(await learn(words, settings, pace), settings, frame, null);
}

function settingsOf(options: BpeTrainOptions, unknown: string | null, alphabet: Iterable<string>): BpeSettings {
  const vocabularySize = options.vocabularySize ?? 30_000;
  return {
    vocabularySize,
    minFrequency: options.minFrequency ?? 0,
    specialTokens: specialTokensOf(options.specialTokens ?? [], unknown, vocabularySize),
    limitAlphabet: options.limitAlphabet ?? null,
    initialAlphabet: options.initialAlphabet ?? alphabet,
    continuingSubwordPrefix: options.continuingSubwordPrefix ?? '',
    endOfWordSuffix: options.endOfWordSuffix ?? '',
    maxTokenLength: options.maxTokenLength ?? Number.POSITIVE_INFINITY,
  };
}

function tokenizerOf(learned: LearnedBpe, settings: BpeSettings, frame: Frame, unknown: string | null): Tokenizer {
  const model: BpeJson = {
    type: 'BPE',
    dropout: null,
    unk_token: unknown,
    continuing_subword_prefix: settings.continuingSubwordPrefix || null,
    end_of_word_suffix: settings.endOfWordSuffix || null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: vocabularyOf(learned.tokens),
    merges: learned.merges,
  };
  return Tokenizer.fromJson(tokenizerJson(model, frame, settings.specialTokens));
}
