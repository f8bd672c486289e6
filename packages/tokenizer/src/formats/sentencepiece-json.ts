// SentencePiece models as tokenizer.json.
import type { SentencePieceFile } from '../sentencepiece/model-file.ts';
import { added, byteFallbackDecoder, metaspace, tokenizerJson } from './parts.ts';
import type {
  AddedTokenJson,
  BpeJson,
  MetaspaceJson,
  NormalizerJson,
  TokenizerJson,
  UnigramJson,
} from './tokenizer-json.ts';

/**
 * The tokenizer.json nearest to a SentencePiece model, without special tokens around the text. Word and character models
 * have none: they become unigram models whose pieces are the words or characters.
 */
export function sentencePieceToJson(file: SentencePieceFile): TokenizerJson {
  const { addDummyPrefix, byteFallback } = file;
  const space: MetaspaceJson = { ...metaspace, prepend_scheme: addDummyPrefix ? 'always' : 'never' };
  const bpe = file.algorithm === 'bpe';
  return tokenizerJson({
    added: controlTokens(file),
    normalizer: spaceNormalizer(file),
    // A piece of a BPE model may span words only where the model was trained so; unigram models never do.
    preTokenizer: bpe ? { ...space, split: false } : space,
    decoder: byteFallback ? byteFallbackDecoder : space,
    model: bpe ? bpeModel(file) : unigramModel(file),
  });
}

/** Control, unknown and user-defined pieces as added tokens. */
export function controlTokens({ pieces }: SentencePieceFile): AddedTokenJson[] {
  return pieces.flatMap(({ text, type }, id) => {
    if (type === 'control' || type === 'unknown') return [added(id, text)];
    return type === 'userDefined' ? [added(id, text, { special: false })] : [];
  });
}

/** The model's character map as a normalizer. */
export function precompiled({ characterMap }: SentencePieceFile): NormalizerJson[] {
  if (characterMap.length === 0) return [];
  return [{ type: 'Precompiled', precompiled_charsmap: toBase64(characterMap) }];
}

function spaceNormalizer(file: SentencePieceFile): NormalizerJson | null {
  const normalizers = precompiled(file);
  if (file.removeExtraSpaces) normalizers.push({ type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' });
  return normalizers.length === 0 ? null : { type: 'Sequence', normalizers };
}

/** Scores as log probabilities; control, byte and unknown pieces keep theirs, which is 0. */
export function unigramModel(file: SentencePieceFile): UnigramJson {
  const { pieces, unknownId, byteFallback } = file;
  // A character or word model knows no scores; equal ones make the fewest pieces win, and those are the words.
  const scored = file.algorithm === 'unigram';
  return {
    type: 'Unigram',
    unk_id: unknownId,
    vocab: pieces.map(({ text, score, type }) => [text, scored || type !== 'normal' ? score : -1]),
    byte_fallback: byteFallback,
  };
}

/** BPE with the merges that the pieces imply: each way to make a piece of two others, best piece first. */
export function bpeModel({ pieces, unknownId, byteFallback }: SentencePieceFile): BpeJson {
  const ids = new Map(pieces.map(({ text }, id) => [text, id]));
  const merges: { left: number; right: number; score: number }[] = [];
  pieces.forEach(({ text, score, type }) => {
    if (type !== 'normal') return;
    const ways: { left: number; right: number; score: number }[] = [];
    for (let cut = 1; cut < text.length; cut++) {
      const left = ids.get(text.slice(0, cut));
      const right = ids.get(text.slice(cut));
      if (left !== undefined && right !== undefined) ways.push({ left, right, score });
    }
    ways.sort((a, b) => a.left - b.left || a.right - b.right);
    for (const way of ways) merges.push(way);
  });
  merges.sort((a, b) => b.score - a.score);
  return {
    type: 'BPE',
    dropout: null,
    unk_token: pieces[unknownId]!.text,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: true,
    byte_fallback: byteFallback,
    ignore_merges: false,
    vocab: Object.fromEntries(ids),
    merges: merges.map(({ left, right }): [string, string] => [pieces[left]!.text, pieces[right]!.text]),
  };
}

function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}
