// Byte-pair encoding learned from text, over characters or over bytes (Sennrich et al. 2016; Radford et al. 2019, §2.2).
import { byteToCode, codeToByte } from '../byte-alphabet.ts';
import { chooseAlphabet, countCharacters } from './alphabet.ts';
import { learnMerges } from './merges.ts';
import type { Pace } from './pace.ts';
import { countBytes, spellInBytes, spellInCharacters } from './spelling.ts';
import type { WordCounts } from './word-counts.ts';

/** Options of the BPE algorithm itself, with its defaults filled in. */
export interface BpeSettings {
  vocabularySize: number;
  minFrequency: number;
  specialTokens: readonly string[];
  limitAlphabet: number | null;
  initialAlphabet: Iterable<string>;
  continuingSubwordPrefix: string;
  endOfWordSuffix: string;
  maxTokenLength: number;
}

export interface LearnedBpe {
  /** By id: special tokens, the alphabet by code point, characters with prefix or suffix, merged tokens. */
  tokens: string[];
  merges: [string, string][];
}

/** Learns a vocabulary and its merges from words spelled in characters. */
export async function learnBpe(words: WordCounts, settings: BpeSettings, pace: Pace): Promise<LearnedBpe> {
  const alphabet = chooseAlphabet(countCharacters(words), settings);
  const tokens = withAlphabet(settings.specialTokens, alphabet);
  const affixes = { prefix: settings.continuingSubwordPrefix, suffix: settings.endOfWordSuffix };
  const spelled = spellInCharacters(words, tokens, alphabet, affixes, settings.vocabularySize);
  const merges = await learnMerges(spelled, tokens, settings, pace);
  return { tokens, merges: merges.map(({ left, right }) => [tokens[left]!, tokens[right]!]) };
}

/** The same over bytes. Tokens are written in the byte alphabet; prefix and suffix do not apply. */
export async function learnByteLevelBpe(words: WordCounts, settings: BpeSettings, pace: Pace): Promise<LearnedBpe> {
  const counts = new Map([...countBytes(words)].map(([byte, times]) => [byteToCode[byte]!, times]));
  const alphabet = chooseAlphabet(counts, settings);
  const tokens = withAlphabet(settings.specialTokens, alphabet);
  const idOfByte = new Int32Array(256).fill(-1);
  for (const code of alphabet) idOfByte[codeToByte[code] ?? -1] = tokens.indexOf(String.fromCodePoint(code));
  const spelled = spellInBytes(words, idOfByte, settings.vocabularySize);
  const merges = await learnMerges(spelled, tokens, { ...settings, continuingSubwordPrefix: '' }, pace);
  return { tokens, merges: merges.map(({ left, right }) => [tokens[left]!, tokens[right]!]) };
}

function withAlphabet(specialTokens: readonly string[], alphabet: readonly number[]): string[] {
  return [...new Set([...specialTokens, ...alphabet.map((codePoint) => String.fromCodePoint(codePoint))])];
}
