// Oniguruma patterns in JavaScript. Expected pieces were checked against the Rust library (tokenizers 0.23.2).
import { describe, expect, it } from 'vitest';
import { TokenizerError } from './errors.ts';
import { matchRanges, translatePattern } from './regex.ts';

function matches(pattern: string, text: string): string[] {
  const ranges = matchRanges(translatePattern(pattern), text);
  return ranges.filter((_, i) => i % 2 === 0).map((from, i) => text.slice(from, ranges[2 * i + 1]));
}

const cases: [pattern: string, text: string, expected: string[], why: string][] = [
  ['\\s+', 'a\ufeff\x85b', ['\x85'], 'white space has U+0085 and not U+FEFF'],
  ['[\\w]+', 'x² ж', ['x', 'ж'], 'inside brackets a superscript is no word character'],
  ['[[:punct:]]', 'a+£.', ['+', '£', '.'], 'the bracket has the signs of Unicode, all of them'],
  ['\\p{punct}', 'a+£.', ['.'], 'the property of the same name has not'],
  ['^|$', '😀', ['', ''], 'an assertion does not hold between the halves of a pair'],
  ['\\w+', 'naïve_x ², ж', ['naïve_x', '²', 'ж'], 'words are of all scripts'],
  ['(?i:s)x', 'SX ſx sx', ['ſx', 'sx'], 'case is ignored inside the group only'],
  ['(?i)ab|c', 'AB C', ['AB', 'C'], 'an option holds to the end, alternatives included'],
  ['(?i)[a-c]+', 'aBC', ['aBC'], 'ranges ignore case as well'],
  ['a++b|a', 'aab aa', ['aab', 'a', 'a'], 'a possessive quantifier gives nothing back'],
  ['(?>a+)a', 'aaa', [], 'neither does an atomic group'],
  ['x{,2}y', 'xxxy', ['xxy'], 'a missing lower bound is 0'],
  ['[[:digit:]&&[^5]]+', '4567', ['4', '67'], 'classes intersect'],
  ['[^[:space:]]+', 'a b', ['a', 'b'], 'POSIX brackets inside a class'],
  ['\\p{^L}+', 'ab12', ['12'], 'a property negated inside'],
  ['\\p{han}+', '中文 abc', ['中文'], 'scripts in any spelling'],
  ['^b$', 'a\nb\nc', ['b'], 'line anchors hold at every line'],
  ['a.b', 'a\nb a-b', ['a-b'], 'the dot stops at line ends'],
  ['(?m:a.b)', 'a\nb', ['a\nb'], 'unless told otherwise'],
  ['(?x) a # letter\n b', 'ab', ['ab'], 'extended patterns have comments'],
  ['\\h+', 'xfF0g', ['fF0'], 'h is a hexadecimal digit'],
  ['b*', 'abb', ['', 'bb'], 'an empty match right after a match is passed over'],
  ['(?<q>a)\\k<q>', 'aab', ['aa'], 'named groups and references'],
];

describe('translated patterns', () => {
  for (const [pattern, text, expected, why] of cases) {
    it(`${pattern}: ${why}`, () => expect(matches(pattern, text)).toEqual(expected));
  }

  for (const pattern of ['\\G', '(?~a)', '(?(1)a)', '\\X', '(a', '*a', '[a', 'a)', '\\p{Nonsense}']) {
    it(`${pattern} is refused by name`, () => expect(() => translatePattern(pattern)).toThrow(TokenizerError));
  }
});
