// Training of Unigram vocabularies.
import { Tokenizer } from '../tokenizer.ts';
import { checkShare, type TextSource } from './count-words.ts';
import { learnUnigram } from './learn-unigram.ts';
import {
  checkTrainOptions,
  countTrainingWords,
  frameOf,
  specialTokensOf,
  type TrainOptions,
  tokenizerJson,
} from './options.ts';
import { Pace } from './pace.ts';

export interface UnigramTrainOptions extends TrainOptions {
  /** Stands for characters outside the vocabulary. Default `<unk>`. Null: none, and such characters cannot be encoded. */
  unknownToken?: string | null;
  /** Characters that get a piece whether they occur or not. Default: none. */
  initialAlphabet?: Iterable<string>;
  /** Longest piece, in characters. Default 16. */
  maxPieceLength?: number;
  /** Pieces to start from. Default 1,000,000. */
  seedSize?: number;
  /** Share of the pieces that a round of pruning leaves, above 0 and below 1. Default 0.75. */
  shrinkingFactor?: number;
  /** Rounds of estimation between rounds of pruning. Default 2. */
  estimations?: number;
}

/**
 * A Unigram vocabulary (Kudo 2018, arXiv:1804.10959), on NFKC text with `▁` for spaces by default, as SentencePiece has it.
 *
 * The same texts in the same order give the same tokenizer, scores included. Candidates are substrings that several
 * distinct words share, as in the Rust library `tokenizers`; so with `segment`, where words share little, prefer BPE.
 *
 * @throws TokenizerError ARGUMENT for options out of range; the signal's reason when stopped.
 */
export async function trainUnigram(texts: TextSource, options: UnigramTrainOptions = {}): Promise<Tokenizer> {
  checkTrainOptions('trainUnigram', options, [
    ...['unknownToken', 'initialAlphabet', 'maxPieceLength', 'seedSize', 'shrinkingFactor', 'estimations'],
  ]);
  const { shrinkingFactor = 0.75 } = options;
  checkShare('trainUnigram: shrinkingFactor', shrinkingFactor);
  const vocabularySize = options.vocabularySize ?? 8000;
  const unknown = options.unknownToken === undefined ? '<unk>' : options.unknownToken;
  const specialTokens = specialTokensOf(options.specialTokens ?? [], unknown, vocabularySize);
  const metaspace = { type: 'Metaspace' as const, replacement: '▁', prepend_scheme: 'always' as const, split: true };
  const frame = frameOf(options, {
    normalizer: { type: 'NFKC' },
    preTokenizer: metaspace,
    postProcessor: null,
    decoder: metaspace,
  });
  const pace = new Pace(options);
  const words = await countTrainingWords(texts, 'words', frame, options, pace);
  const settings = {
    pieces: vocabularySize - specialTokens.length,
    vocabularySize,
    maxPieceLength: options.maxPieceLength ?? 16,
    seedSize: options.seedSize ?? 1_000_000,
    shrinkingFactor,
    estimations: options.estimations ?? 2,
    initialAlphabet: options.initialAlphabet ?? [],
  };
  const pieces = await learnUnigram(words, settings, pace);
  const model = {
    type: 'Unigram' as const,
    unk_id: unknown === null ? null : specialTokens.indexOf(unknown),
    vocab: [...specialTokens.map((token): [string, number] => [token, 0]), ...pieces],
    byte_fallback: false,
  };
  return Tokenizer.fromJson(tokenizerJson(model, frame, specialTokens));
}
