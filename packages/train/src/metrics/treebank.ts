// English tokens in the manner of the Penn Treebank, as NLTK's word tokenizer splits one sentence.

import { splitBlanks, word } from './python-text.ts';

const w = word;

/**
 * Rows of (what, by what), applied in order: MacIntyre's conventions (1995) with the additions of NLTK 3.8: quotes as \`\` and '',
 * clitics and fixed contractions apart, marks apart except within numbers, the period only at the end.
 */
const rows: readonly (readonly [RegExp, string])[] = [
  // Quotes that open.
  [/[«“‘„]|`+/gu, ' $& '],
  [/^"/, '``'],
  [/``/g, ' `` '],
  [/([ ([{<])(?:"|'')/g, '$1 `` '],
  [new RegExp(`'(?!re|ve|ll|m|t|s|d|n)(${w})(?!${w})`, 'giu'), "' $1"],
  // Marks.
  [/([^.])\.([\])}>"'»”’ ]*)\s*$/u, '$1 . $2 '],
  [/([:,])([^\p{Nd}])/gu, ' $1 $2'],
  [/[:,]$/, ' $& '],
  [/\.{2,}/g, ' $& '],
  [/[;@#$%&]/g, ' $& '],
  [/([^.])\.([\])}>"']*)\s*$/u, '$1 .$2 '],
  [/[?!]/g, ' $& '],
  [/([^'])' /gu, "$1 ' "],
  [/[*\][(){}<>]/g, ' $& '],
  [/--/g, ' -- '],
];

/** The same, after the text was set between blanks. */
const rowsBetweenBlanks: readonly (readonly [RegExp, string])[] = [
  // Quotes that close, and clitics.
  [/[»”’]/g, ' $& '],
  [/''/g, " '' "],
  [/"/g, " '' "],
  [/([^' ])('[sSmMdD]|') /gu, '$1 $2 '],
  [/([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) /gu, '$1 $2 '],
  // Contractions.
  ...(['can not', "d 'ye", 'gim me', 'gon na', 'got ta', 'lem me', "more 'n"] as const).map(contraction),
  [new RegExp(`(?<!${w})(wan)(na)(?=\\s)`, 'giu'), ' $1 $2 '],
  [new RegExp(` ('t)(is|was)(?!${w})`, 'giu'), ' $1 $2 '],
];

function contraction(pair: string): readonly [RegExp, string] {
  const [first, second] = pair.split(' ');
  return [new RegExp(`(?<!${w})(${first})(${second})(?!${w})`, 'giu'), ' $1 $2 '];
}

/**
 * The tokens of one sentence. The reference cuts longer text into sentences first, by a trained model; here a period inside the text
 * stays with its word.
 */
export function treebankTokens(sentence: string): string[] {
  const apply = (text: string, table: typeof rows): string =>
    table.reduce((before, [what, by]) => before.replace(what, by), text);
  return splitBlanks(apply(` ${apply(sentence, rows)} `, rowsBetweenBlanks));
}
