// A vocabulary of single characters, for models that read and write letter by letter.
import { Tokenizer } from '../tokenizer.ts';
import { chooseAlphabet, countCharacters } from './alphabet.ts';
import type { TextSource } from './count-words.ts';
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

export interface CharacterTrainOptions extends Omit<TrainOptions, 'preTokenizer' | 'segment' | 'maxWordLength'> {
  /** Rarer characters get no token. Default 0. */
  minFrequency?: number;
  /** Characters that get a token whether they occur or not. Default: none. */
  initialAlphabet?: Iterable<string>;
  /** Stands for characters outside the vocabulary. Default null: the vocabulary is the characters of the text, no more. */
  unknownToken?: string | null;
}

/**
 * One token for each code point of the texts, in the order of code points; the commonest if `vocabularySize` is smaller.
 *
 * The model is a BPE without merges and without pre-tokenizer, which every reader of tokenizer.json opens: text is cut
 * into its characters, and decoding joins them again.
 *
 * @throws TokenizerError ARGUMENT for options out of range; the signal's reason when stopped.
 */
export async function trainCharacters(texts: TextSource, options: CharacterTrainOptions = {}): Promise<Tokenizer> {
  checkTrainOptions('trainCharacters', options, ['minFrequency', 'initialAlphabet', 'unknownToken']);
  const unknown = options.unknownToken ?? null;
  const vocabularySize = options.vocabularySize ?? 0x11_0000;
  const specialTokens = specialTokensOf(options.specialTokens ?? [], unknown, vocabularySize);
  const frame = {
    ...frameOf(options, { normalizer: null, preTokenizer: null, postProcessor: null, decoder: { type: 'Fuse' } }),
  };
  const pace = new Pace(options);
  const words = await countTrainingWords(texts, 'characters', frame, options, pace);
  const counts = [...countCharacters(words)].filter(([, times]) => times >= (options.minFrequency ?? 0));
  const alphabet = chooseAlphabet(new Map(counts), {
    limitAlphabet: vocabularySize - specialTokens.length,
    initialAlphabet: options.initialAlphabet ?? [],
  });
  const model = {
    type: 'BPE' as const,
    dropout: null,
    unk_token: unknown,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: vocabularyOf([...new Set([...specialTokens, ...alphabet.map((c) => String.fromCodePoint(c))])]),
    merges: [],
  };
  return Tokenizer.fromJson(tokenizerJson(model, frame, specialTokens));
}
