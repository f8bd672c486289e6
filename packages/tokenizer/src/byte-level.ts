// Byte-level text: GPT-2's split pattern, and characters rewritten in the byte alphabet.
import type { AlignedText } from './aligned-text.ts';
import { toByteAlphabet } from './byte-alphabet.ts';

/** The split pattern of GPT-2 (Radford et al. 2019), in Oniguruma's dialect. */
export const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Every character as the characters of its UTF-8 bytes; all of them point at the character. */
export function bytesOf(piece: AlignedText): AlignedText {
  return piece.mapCharacters((character, codePoint) =>
    codePoint > 0x20 && codePoint < 0x7f ? null : toByteAlphabet(character),
  );
}
