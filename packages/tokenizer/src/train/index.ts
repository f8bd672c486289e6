// The trainers: text in, a tokenizer out.
export { type BpeTrainOptions, type MergeTrainOptions, trainBpe, trainByteLevelBpe } from './bpe.ts';
export { type CharacterTrainOptions, trainCharacters } from './characters.ts';
export type { TextSource } from './count-words.ts';
export type { TrainOptions } from './options.ts';
export type { TrainingProgress, TrainingStage } from './pace.ts';
export { textLines } from './text-lines.ts';
export { trainUnigram, type UnigramTrainOptions } from './unigram.ts';
export { trainWordLevel, type WordLevelTrainOptions } from './word-level.ts';
export { trainWordPiece, type WordPieceTrainOptions } from './word-piece.ts';
