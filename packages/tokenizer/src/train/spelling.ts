// Words written in symbols: the characters of an alphabet, or the bytes of their UTF-8 form.
import { utf8Byte, utf8Length } from '../byte-alphabet.ts';
import { codePointIn } from './alphabet.ts';
import { type SymbolWords, SymbolWriter } from './symbol-words.ts';
import type { WordCounts } from './word-counts.ts';

/** Marks that a word's first, middle and last characters wear: `##` before all but the first, `</w>` after the last. */
export interface Affixes {
  prefix: string;
  suffix: string;
}

/**
 * Words as symbols of the alphabet. Characters with a prefix or suffix that are not yet tokens are appended to `tokens`, in the
 * order in which words were first seen.
 *
 * @param tokens the vocabulary so far, by id: special tokens, then the alphabet.
 */
export function spellInCharacters(
  words: WordCounts,
  tokens: string[],
  alphabet: readonly number[],
  { prefix, suffix }: Affixes,
  vocabularySize: number,
): SymbolWords {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const known = new Set(alphabet);
  const idOf = (token: string): number => {
    let id = ids.get(token);
    if (id === undefined) {
      id = tokens.length;
      tokens.push(token);
      ids.set(token, id);
    }
    return id;
  };
  // By place in the word, by code point: a string is put together once only.
  const [alone, first, middle, last] = [0, 1, 2, 3].map((place) => {
    const found = new Map<number, number>();
    return (codePoint: number): number => {
      let id = found.get(codePoint);
      if (id === undefined) {
        const head = place >= 2 ? prefix : '';
        const tail = place === 0 || place === 3 ? suffix : '';
        id = idOf(head + String.fromCodePoint(codePoint) + tail);
        found.set(codePoint, id);
      }
      return id;
    };
  }) as [Spell, Spell, Spell, Spell];

  const spelled = new SymbolWriter(
    words.size,
    words.length,
    Math.max(vocabularySize, tokens.length + 3 * alphabet.length),
  );
  for (let i = 0; i < words.size; i++) {
    const start = words.starts[i]!;
    const end = words.starts[i + 1]!;
    for (let at = start; at < end; ) {
      const codePoint = codePointIn(words, at, end);
      const next = at + (codePoint > 0xffff ? 2 : 1);
      const spell = at === start ? (next === end ? alone : first) : next === end ? last : middle;
      if (known.has(codePoint)) spelled.put(spell(codePoint));
      at = next;
    }
    spelled.endWord(words.counts[i]!);
  }
  return spelled.done();
}

type Spell = (codePoint: number) => number;

/** How often each byte occurs in the UTF-8 form of the words, in first-seen order, words weighted by their counts. */
export function countBytes(words: WordCounts): Map<number, number> {
  const counts = new Float64Array(256);
  const order: number[] = [];
  forEachByte(words, (byte, times) => {
    if (counts[byte] === 0) order.push(byte);
    counts[byte]! += times;
  });
  return new Map(order.map((byte) => [byte, counts[byte]!]));
}

/** Words as the bytes of their UTF-8 form. `idOfByte[b]` is a symbol, or -1: such bytes are left out of words. */
export function spellInBytes(words: WordCounts, idOfByte: Int32Array, vocabularySize: number): SymbolWords {
  let bytes = 0;
  forEachByte(words, () => bytes++);
  const spelled = new SymbolWriter(words.size, bytes, Math.max(vocabularySize, Math.max(...idOfByte) + 1));
  forEachByte(
    words,
    (byte) => {
      if (idOfByte[byte]! >= 0) spelled.put(idOfByte[byte]!);
    },
    (times) => spelled.endWord(times),
  );
  return spelled.done();
}

function forEachByte(
  words: WordCounts,
  take: (byte: number, times: number) => void,
  wordDone?: (times: number) => void,
): void {
  for (let i = 0; i < words.size; i++) {
    const times = words.counts[i]!;
    const end = words.starts[i + 1]!;
    for (let at = words.starts[i]!; at < end; ) {
      const codePoint = codePointIn(words, at, end);
      if (codePoint < 0x80) take(codePoint, times);
      else for (let b = 0, n = utf8Length(codePoint); b < n; b++) take(utf8Byte(codePoint, b), times);
      at += codePoint > 0xffff ? 2 : 1;
    }
    wordDone?.(times);
  }
}
