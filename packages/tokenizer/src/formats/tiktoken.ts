// tiktoken's rank files: one base64 token and its rank a line.
import { byteAlphabet } from '../byte-alphabet.ts';
import { fromBase64 } from '../character-map.ts';
import { isCount } from '../checked-json.ts';
import { show, TokenizerError } from '../errors.ts';
import { largestId } from '../models/vocabulary.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** Tokens, written in the byte alphabet, to their ranks. The rank of a token is its id. */
export type Ranks = ReadonlyMap<string, number>;

/**
 * Reads a rank file such as `cl100k_base.tiktoken`.
 *
 * @throws TokenizerError FORMAT or VOCABULARY with file and line.
 */
export function readRanks(text: string, file = 'ranks.tiktoken'): Ranks {
  const ranks = new Map<string, number>();
  const used = new Map<number, number>();
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const [base64, rankText, ...rest] = line.trim().split(' ') as [string, string?];
    const bytes = fromBase64(base64);
    const rank = Number(rankText);
    const where = { file, line: i + 1, text: line };
    if (
      bytes === null ||
      bytes.length === 0 ||
      !isCount(rank) ||
      rank > largestId ||
      rankText === '' ||
      rest.length > 0
    ) {
      throw new TokenizerError(
        'FORMAT',
        `${file}: line ${i + 1}: expected a base64 token and its rank, found ${show(line)}`,
        where,
      );
    }
    const token = Array.from(bytes, (byte) => byteAlphabet[byte]).join('');
    const other = used.get(rank);
    if (ranks.has(token) || other !== undefined) {
      const what = ranks.has(token)
        ? `the token ${show(token)} is there already`
        : `rank ${rank} is already on line ${other}`;
      throw new TokenizerError('VOCABULARY', `${file}: line ${i + 1}: ${what}`, where);
    }
    ranks.set(token, rank);
    used.set(rank, i + 1);
  });
  if (ranks.size === 0) throw new TokenizerError('FORMAT', `${file}: no ranks; this is not a tiktoken file`, { file });
  return ranks;
}

/**
 * The tokenizer.json of tiktoken ranks: byte-level BPE that takes whole pieces first.
 *
 * @param pattern the encoding's split pattern.
 * @param specialTokens text to id.
 */
export function ranksToJson(
  ranks: Ranks,
  pattern: string,
  specialTokens: Readonly<Record<string, number>> = {},
): TokenizerJson {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false } as const;
  const ordered = [...ranks].sort((a, b) => a[1] - b[1]);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: Object.entries(specialTokens).map(([content, id]) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false }, byteLevel],
    },
    post_processor: { ...byteLevel, trim_offsets: false },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(ordered),
      merges: ordered.flatMap(([token, rank]) => {
        const merge = mergeOf(token, rank, ranks);
        return merge === null ? [] : [merge];
      }),
    },
  };
}

/**
 * The two tokens whose merge makes `token`: what is left of it when all merges of lower rank are done. Encoding can reach a
 * token in no other way, for what happens inside its span does not depend on what is around it. Null: only as a whole piece.
 */
function mergeOf(token: string, rank: number, ranks: Ranks): [string, string] | null {
  const parts = [...token];
  const pairRank = (i: number) => ranks.get(parts[i]! + parts[i + 1]!) ?? Number.POSITIVE_INFINITY;
  const pairs = parts.slice(1).map((_, i) => pairRank(i));
  while (parts.length > 2) {
    let best = -1;
    for (let i = 0; i < pairs.length; i++) if (pairs[i]! < rank && (best < 0 || pairs[i]! < pairs[best]!)) best = i;
    if (best < 0) return null;
    parts.splice(best, 2, parts[best]! + parts[best + 1]!);
    pairs.splice(best, 1);
    if (best > 0) pairs[best - 1] = pairRank(best - 1);
    if (best < pairs.length) pairs[best] = pairRank(best);
  }
  return parts.length === 2 ? (parts as [string, string]) : null;
}
