// The models by their type in tokenizer.json.
import { CheckedJson } from '../checked-json.ts';
import type { ModelJson } from '../formats/tokenizer-json.ts';
import { Bpe } from './bpe.ts';
import type { Model } from './model.ts';
import { Unigram } from './unigram.ts';
import { WordLevel } from './word-level.ts';
import { WordPiece } from './word-piece.ts';

type ModelType = ModelJson['type'];

const rows: { readonly [T in ModelType]: (config: CheckedJson) => Model } = {
  BPE: (config) => Bpe.read(config),
  WordPiece: (config) => WordPiece.read(config),
  Unigram: (config) => Unigram.read(config),
  WordLevel: (config) => WordLevel.read(config),
};

/** The model that the part `model` of tokenizer.json describes. */
export function readModel(json: unknown, path: string): Model {
  const config = new CheckedJson(json, path);
  return rows[config.has('type') ? config.oneOf('type', Object.keys(rows) as ModelType[]) : guess(config)](config);
}

// Files of before 2020 leave the type out; the fields tell it.
function guess(config: CheckedJson): ModelType {
  if (config.has('merges')) return 'BPE';
  if (Array.isArray(config.get('vocab'))) return 'Unigram';
  return config.has('continuing_subword_prefix') ? 'WordPiece' : 'WordLevel';
}
