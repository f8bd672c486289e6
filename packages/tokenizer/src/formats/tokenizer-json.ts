// The layout of tokenizer.json, under the names that the file uses.

/** Pattern of Split and Replace: a literal string, or a regular expression in Oniguruma's dialect. */
export type PatternJson = { String: string } | { Regex: string };

export type NormalizerJson =
  | { type: 'Sequence'; normalizers: NormalizerJson[] }
  | { type: 'NFC' | 'NFD' | 'NFKC' | 'NFKD' | 'Lowercase' | 'StripAccents' | 'Nmt' | 'ByteLevel' }
  | { type: 'Strip'; strip_left: boolean; strip_right: boolean }
  | { type: 'Prepend'; prepend: string }
  | { type: 'Replace'; pattern: PatternJson; content: string }
  | { type: 'Precompiled'; precompiled_charsmap: string | null }
  | {
      type: 'BertNormalizer';
      clean_text: boolean;
      handle_chinese_chars: boolean;
      strip_accents: boolean | null;
      lowercase: boolean;
    };

export type SplitBehavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

export interface MetaspaceJson {
  type: 'Metaspace';
  replacement: string;
  prepend_scheme?: 'always' | 'first' | 'never';
  /** Files of before 2024 have this instead of `prepend_scheme`. */
  add_prefix_space?: boolean;
  split?: boolean;
  str_rep?: string;
}

export interface ByteLevelJson {
  type: 'ByteLevel';
  add_prefix_space?: boolean;
  trim_offsets?: boolean;
  use_regex?: boolean;
}

export type PreTokenizerJson =
  | { type: 'Sequence'; pretokenizers: PreTokenizerJson[] }
  | { type: 'BertPreTokenizer' | 'Whitespace' | 'WhitespaceSplit' | 'UnicodeScripts' }
  | ByteLevelJson
  | MetaspaceJson
  | { type: 'CharDelimiterSplit' | 'Delimiter'; delimiter: string }
  | { type: 'Punctuation'; behavior?: SplitBehavior }
  | { type: 'Digits'; individual_digits: boolean }
  | { type: 'FixedLength'; length?: number }
  | { type: 'Split'; pattern: PatternJson; behavior: SplitBehavior; invert: boolean };

/** A piece of a template: one of the sequences, or a special token by its name. */
export type TemplatePiece =
  | { Sequence: { id: 'A' | 'B'; type_id: number } }
  | { SpecialToken: { id: string; type_id: number } };

export interface TemplateJson {
  type: 'TemplateProcessing';
  single: TemplatePiece[];
  pair: TemplatePiece[];
  special_tokens: Record<string, { id: string; ids: number[]; tokens: string[] }>;
}

export type PostProcessorJson =
  | { type: 'Sequence'; processors: PostProcessorJson[] }
  | { type: 'BertProcessing'; sep: [string, number]; cls: [string, number] }
  | {
      type: 'RobertaProcessing';
      sep: [string, number];
      cls: [string, number];
      trim_offsets?: boolean;
      add_prefix_space?: boolean;
    }
  | ByteLevelJson
  | TemplateJson;

export type DecoderJson =
  | { type: 'Sequence'; decoders: DecoderJson[] }
  | { type: 'WordPiece'; prefix: string; cleanup: boolean }
  | { type: 'ByteFallback' | 'Fuse' }
  | ByteLevelJson
  | MetaspaceJson
  | { type: 'BPEDecoder'; suffix: string }
  | { type: 'Strip'; content: string; start: number; stop: number }
  | { type: 'Replace'; pattern: PatternJson; content: string }
  | { type: 'CTC'; pad_token: string; word_delimiter_token: string; cleanup: boolean };

export interface BpeJson {
  type: 'BPE';
  dropout?: number | null;
  unk_token?: string | null;
  continuing_subword_prefix?: string | null;
  end_of_word_suffix?: string | null;
  fuse_unk?: boolean;
  byte_fallback?: boolean;
  ignore_merges?: boolean;
  vocab: Record<string, number>;
  /** Pairs, or in older files "left right". */
  merges: [string, string][] | string[];
}

export interface WordPieceJson {
  type: 'WordPiece';
  unk_token?: string;
  continuing_subword_prefix?: string;
  max_input_chars_per_word?: number;
  vocab: Record<string, number>;
}

export interface UnigramJson {
  type: 'Unigram';
  unk_id?: number | null;
  byte_fallback?: boolean;
  vocab: [string, number][];
}

export interface WordLevelJson {
  type: 'WordLevel';
  unk_token: string;
  vocab: Record<string, number>;
}

export type ModelJson = BpeJson | WordPieceJson | UnigramJson | WordLevelJson;

export interface AddedTokenJson {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

export interface TruncationJson {
  direction?: 'Left' | 'Right';
  max_length: number;
  strategy: 'LongestFirst' | 'OnlyFirst' | 'OnlySecond';
  stride: number;
}

export interface PaddingJson {
  strategy: 'BatchLongest' | { Fixed: number };
  direction: 'Left' | 'Right';
  pad_to_multiple_of: number | null;
  pad_id: number;
  pad_type_id: number;
  pad_token: string;
}

/** A whole tokenizer.json. */
export interface TokenizerJson {
  version: string;
  truncation?: TruncationJson | null;
  padding?: PaddingJson | null;
  added_tokens?: AddedTokenJson[];
  normalizer?: NormalizerJson | null;
  pre_tokenizer?: PreTokenizerJson | null;
  post_processor?: PostProcessorJson | null;
  decoder?: DecoderJson | null;
  model: ModelJson;
}
