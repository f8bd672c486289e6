// The quick way from text to tokens for the tokenizers that most models use; the general way does the rest.
import { gpt2Pattern } from '../byte-level.ts';
import { CheckedJson } from '../checked-json.ts';
import type { TokenizerJson } from '../formats/tokenizer-json.ts';
import { Bpe } from '../models/bpe.ts';
import type { Model } from '../models/model.ts';
import { WordPiece } from '../models/word-piece.ts';
import type { Normalizer } from '../normalizers.ts';
import type { PreTokenizer } from '../pre-tokenizers.ts';
import type { TokenList } from '../token-list.ts';
import { BertWords } from './bert-words.ts';
import { ByteLevelWords } from './byte-level-words.ts';
import { scannerOf } from './scanners.ts';

/** Gives the same tokens, offsets and words as normalizer, pre-tokenizer and model one after the other. */
export interface QuickPath {
  /** Whether the path can take the text at all. */
  takes(text: string): boolean;
  /** Adds the tokens of `units[from..to)`, which has no added token in it, to the list. */
  encode(units: Uint16Array, from: number, to: number, list: TokenList): void;
}

/** What a tokenizer is made of. */
export interface Parts {
  readonly json: TokenizerJson;
  readonly model: Model;
  readonly normalizer: Normalizer | null;
  readonly preTokenizer: PreTokenizer | null;
}

/** The quick path for the parts, where there is one. `forbidden` as in `Model.tokenize`. */
export function quickPathOf(parts: Parts, forbidden: Uint8Array | null): QuickPath | null {
  const { model } = parts;
  const normalizer = typeOf(parts.json.normalizer);
  if (model instanceof Bpe && (normalizer === null || normalizer === 'NFC')) {
    const split = byteLevelSplit(parts.json.pre_tokenizer);
    if (split === null || !ByteLevelWords.suits(model, forbidden)) return null;
    return new ByteLevelWords(model, split.scan, split.prefix, normalizer === 'NFC', forbidden);
  }
  const bert = normalizer === null || normalizer === 'BertNormalizer';
  if (model instanceof WordPiece && bert && typeOf(parts.json.pre_tokenizer) === 'BertPreTokenizer')
    return new BertWords(model, parts.normalizer, parts.preTokenizer!, forbidden);
  return null;
}

function typeOf(json: unknown): unknown {
  return json === null || json === undefined ? null : (json as { type?: unknown }).type;
}

/** The scanner of `ByteLevel`, or of `Split` and `ByteLevel` in sequence, and whether a space goes before the text. */
function byteLevelSplit(json: unknown) {
  const config = new CheckedJson(json ?? {}, 'pre_tokenizer');
  const parts =
    config.get('type') === 'Sequence'
      ? config.list('pretokenizers').map((part) => new CheckedJson(part, ''))
      : [config];
  const last = parts.at(-1);
  if (last?.get('type') !== 'ByteLevel') return null;
  const prefix = last.boolean('add_prefix_space', true);
  const usesPattern = last.boolean('use_regex', true);
  if (parts.length === 1 && usesPattern) return { scan: scannerOf(gpt2Pattern)!, prefix };
  const [split] = parts;
  if (parts.length !== 2 || usesPattern || prefix || split!.get('type') !== 'Split') return null;
  const pattern = split!.object('pattern');
  if (split!.get('behavior') !== 'Isolated' || split!.get('invert') === true || !pattern.has('Regex')) return null;
  const scan = scannerOf(pattern.string('Regex'));
  return scan === null ? null : { scan, prefix };
}
