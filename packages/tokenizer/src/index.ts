// Text to token ids and back: the public names of @yumo/tokenizer.
export { byteAlphabet } from './byte-alphabet.ts';
export type { DecodeStream } from './decode-stream.ts';
export { Encoding, type EncodingColumns } from './encoding.ts';
export { TokenizerError, type TokenizerErrorCode } from './errors.ts';
export type * from './formats/tokenizer-json.ts';
export type { Model } from './models/model.ts';
export type { PaddingOptions } from './padding.ts';
export { type DecodeOptions, type EncodeOptions, type TextOptions, Tokenizer } from './tokenizer.ts';
export * from './train/index.ts';
export type { TruncationOptions } from './truncation.ts';
