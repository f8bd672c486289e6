// Text to token ids and back: the public names of @yumo/tokenizer.
export { byteAlphabet } from './byte-alphabet.ts';
export { applyChatTemplate, type ChatMessage, type ChatOptions, type TemplateEngine } from './chat-template.ts';
export type { DecodeStream } from './decode-stream.ts';
export { requireEncodable } from './encodable.ts';
export { Encoding, type EncodingColumns } from './encoding.ts';
export { TokenizerError, type TokenizerErrorCode } from './errors.ts';
export {
  type ExplainedPiece,
  type ExplainedToken,
  explain,
  type LongestStep,
  type MergeStep,
  type Path,
  type Reason,
} from './explain.ts';
export { type SpecialTokenRoles, type TokenizerFolder, tokenizerFromFiles } from './formats/from-files.ts';
export { sentencePieceToJson } from './formats/sentencepiece-json.ts';
export { type Ranks, ranksToJson, readRanks } from './formats/tiktoken.ts';
export type { TokenizerFiles } from './formats/tokenizer-classes.ts';
export type * from './formats/tokenizer-json.ts';
export type { Model } from './models/model.ts';
export type { PaddingOptions } from './padding.ts';
export { readSentencePieceFile, type SentencePieceFile } from './sentencepiece/model-file.ts';
export { SentencePiece, type SentencePieceEncoding } from './sentencepiece/sentencepiece.ts';
export { type DecodeOptions, type EncodeOptions, type TextOptions, Tokenizer } from './tokenizer.ts';
export * from './train/index.ts';
export type { TruncationOptions } from './truncation.ts';
