// The learning of byte-pair merges (Sennrich, Haddow & Birch 2016, arXiv:1508.07909): join the commonest pair, again and again.
//
// Counts are kept up to date instead of counted anew: each pair knows the places where it stood when it was formed, a
// heap gives the commonest pair, and a merge touches only the neighbours of its places. The whole costs O(n log n) for n symbols.
//
// Ties go to the pair with the smaller left id, then the smaller right id, as in the Rust library `tokenizers`. Two of
// that library's habits show in the merges and are therefore kept: the count of a merged pair is not set back, and a
// token that two different merges spell is one token.

import { enlarged } from '../enlarged.ts';
import { MergeQueue } from './merge-queue.ts';
import type { Pace } from './pace.ts';
import { PairTable } from './pair-table.ts';
import { type SymbolWords, wordEnd } from './symbol-words.ts';

export interface MergeOptions {
  vocabularySize: number;
  /** Pairs seen less often are not merged. */
  minFrequency: number;
  /** In symbols of the alphabet; no longer token is formed. */
  maxTokenLength: number;
  /** Dropped from the right half when two tokens are joined: `th` + `##e` is `the`. */
  continuingSubwordPrefix: string;
}

export interface Merge {
  left: number;
  right: number;
}

/**
 * Learns merges until the vocabulary is full or no pair is common enough.
 *
 * @param tokens the alphabet, by id; new tokens are appended.
 * @returns merges in order.
 */
export async function learnMerges(
  words: SymbolWords,
  tokens: string[],
  options: MergeOptions,
  pace: Pace,
): Promise<Merge[]> {
  const { symbols } = words;
  const end = symbols instanceof Uint16Array ? 0xffff : wordEnd;
  const hole = end - 1; // inside a token, not at its start
  const n = symbols.length;
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const lengths = tokens.map(() => 1);
  const { continuingSubwordPrefix: prefix, maxTokenLength } = options;
  if (maxTokenLength < 2) return []; // below, only what joins a token that was formed is measured

  // The length of the token at its first and at its last place: both neighbours are found without a list.
  const spans = new Uint16Array(n).fill(1);
  const pairs = new PairTable();
  const queue = new MergeQueue(pairs);

  // Twice over the text: the lists of places fit exactly only when their lengths are known.
  for (let at = 1; at < n; at++) {
    const [left, right] = [symbols[at - 1]!, symbols[at]!];
    if (left === end || right === end) continue;
    const pair = pairs.enter(left, right);
    pairs.counts[pair]! += words.weight(at);
    queue.note(pair);
    if ((at & 0xfff) === 0) {
      const pause = pace.step('pairs', at, 2 * n);
      if (pause) await pause;
    }
  }
  queue.open();
  for (let at = 1; at < n; at++) {
    const [left, right] = [symbols[at - 1]!, symbols[at]!];
    if (left !== end && right !== end) queue.put(pairs.find(left, right), at - 1);
    if ((at & 0xfff) === 0) {
      const pause = pace.step('pairs', n + at, 2 * n);
      if (pause) await pause;
    }
  }
  queue.close();
  pace.finish('pairs', 2 * n);

  const merges: Merge[] = [];
  // Events of one merge: the pairs it formed, and where.
  let formedPairs = new Int32Array(1 << 10);
  let formedPlaces = new Int32Array(1 << 10);

  while (ids.size < options.vocabularySize) {
    const entry = queue.pop();
    if (entry < 0) break;
    const pair = queue.pairOf(entry);
    const count = pairs.counts[pair]!;
    if (count < 1 || count < options.minFrequency) break;

    const left = pairs.left[pair]!;
    const right = pairs.right[pair]!;
    const tail = tokens[right]!;
    const token = tokens[left]! + (prefix !== '' && tail.startsWith(prefix) ? tail.slice(prefix.length) : tail);
    let joined = ids.get(token);
    if (joined === undefined) {
      joined = tokens.length;
      tokens.push(token);
      lengths.push(lengths[left]! + lengths[right]!);
      ids.set(token, joined);
    }
    merges.push({ left, right });
    const roomForNeighbour = maxTokenLength - lengths[left]! - lengths[right]!;

    let formed = 0;
    const first = queue.startOf(entry);
    const last = first + queue.lengthOf(entry);
    for (let i = first; i < last; i++) {
      const at = queue.places[i]!;
      if (symbols[at] !== left) continue; // merged away since
      const second = at + spans[at]!;
      if (symbols[second] !== right) continue;
      const next = second + spans[second]!;
      const previous = at - spans[at - 1]!;
      const before = symbols[previous]!;
      const after = symbols[next]!;
      const weight = words.weight(at);
      if (formed + 2 > formedPairs.length) {
        formedPairs = enlarged(formedPairs, formed + 2);
        formedPlaces = enlarged(formedPlaces, formed + 2);
      }
      if (before !== end) {
        const lost = pairs.find(before, left);
        if (lost >= 0) pairs.counts[lost]! -= weight;
        if (lengths[before]! <= roomForNeighbour) {
          const gained = pairs.enter(before, joined);
          pairs.counts[gained]! += weight;
          queue.note(gained);
          formedPairs[formed] = gained;
          formedPlaces[formed++] = previous;
        }
      }
      if (after !== end) {
        const lost = pairs.find(right, after);
        if (lost >= 0) pairs.counts[lost]! -= weight;
        if (lengths[after]! <= roomForNeighbour) {
          const gained = pairs.enter(joined, after);
          pairs.counts[gained]! += weight;
          queue.note(gained);
          formedPairs[formed] = gained;
          formedPlaces[formed++] = at;
        }
      }
      symbols[at] = joined;
      symbols[second] = hole;
      const span = next - at;
      spans[at] = span;
      spans[next - 1] = span;
    }
    queue.discard(entry);
    queue.open();
    for (let i = 0; i < formed; i++) queue.put(formedPairs[i]!, formedPlaces[i]!);
    queue.close();
    await pace.step('merging', tokens.length, options.vocabularySize);
  }
  pace.finish('merging', tokens.length);
  return withoutRepeats(merges);
}

/** Of a pair that was merged twice the later turn counts: a file of merges can hold it once only. */
function withoutRepeats(merges: Merge[]): Merge[] {
  const seen = new Set<number>();
  const kept: Merge[] = [];
  for (const merge of merges.toReversed()) {
    const key = merge.left * 2 ** 26 + merge.right;
    if (!seen.has(key)) kept.push(merge);
    seen.add(key);
  }
  return kept.reverse();
}
