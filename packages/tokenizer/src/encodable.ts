// Does a tokenizer keep all of a text? A check apart from encoding, so that nobody carries it who does not ask.

import { TokenizerError } from './errors.ts';
import type { TextOptions, Tokenizer } from './tokenizer.ts';

/**
 * Refuses a text with characters that the tokens leave out: a BPE model without an unknown token drops what it does not know, as the
 * reference does. Blanks may be left out.
 *
 * @throws TokenizerError UNENCODABLE naming the first character that alone has no token, and its place in UTF-16 units.
 */
export function requireEncodable(tokenizer: Tokenizer, text: string, options: TextOptions = {}): void {
  const alone = { ...options, addSpecialTokens: false };
  const dropped = (c: string): boolean => /\S/.test(c) && tokenizer.encodeIds(c, alone).length === 0;
  const character = [...new Set(text)].find(dropped);
  if (character === undefined) return;
  const at = text.indexOf(character);
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0'); // a character of a text has a code point
  throw new TokenizerError(
    'UNENCODABLE',
    `no token holds ${JSON.stringify(character)} (U+${code}) at ${at}; train the tokenizer on text that has it, or with an unknown token`,
    { character, at },
  );
}
