// Each scanner against the regular expression that it stands for.
import { describe, expect, it } from 'vitest';
import { randomNumbers, randomText } from '../../test/random-text.ts';
import { wellFormed } from '../aligned-text.ts';
import { gpt2Pattern } from '../byte-level.ts';
import { matchRanges, translatePattern } from '../regex.ts';
import { cl100kPattern, o200kPattern, qwen2Pattern, scannerOf } from './scanners.ts';
import { unitsOf } from './units.ts';

const patterns = { gpt2Pattern, cl100kPattern, qwen2Pattern, o200kPattern };
// Dense in what the patterns tell apart: cases, marks, numbers, apostrophes, kinds of white space, both planes.
const alphabet = [
  ..."aBcDeS stmdrvlTRELVD''''   \t\n\r\n.-/_!1234567890",
  'ſ',
  'ʰ',
  'ǅ',
  'é',
  'e\u0301',
  '\u0301',
  '中',
  '文',
  '½',
  '\u3000',
  '\xa0',
  '\x85',
  '\ufeff',
  '😀',
  '𝐀',
  '𝟘',
  '𠀀',
];

function pieces(pattern: string, text: string): string[] {
  const scan = scannerOf(pattern)!;
  const units = unitsOf(text).slice(0, text.length);
  const result: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = scan(units, at, text.length);
    result.push(text.slice(at, end));
    at = end;
  }
  return result;
}

function expected(pattern: RegExp, text: string): string[] {
  const ranges = matchRanges(pattern, text);
  return Array.from({ length: ranges.length / 2 }, (_, i) => text.slice(ranges[2 * i], ranges[2 * i + 1]));
}

describe.each(Object.entries(patterns))('the scanner of %s', (_, pattern) => {
  const expression = translatePattern(pattern);

  it('cuts as the expression does: 3,000 random texts of the characters that matter', () => {
    const random = randomNumbers(1);
    for (let n = 0; n < 3000; n++) {
      const length = 1 + Math.floor(random() * 14);
      const text = Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
      expect(pieces(pattern, text)).toEqual(expected(expression, text));
    }
  });

  it('cuts as the expression does: 1,000 random texts of all planes', () => {
    const random = randomNumbers(2);
    for (let n = 0; n < 1000; n++) {
      const text = wellFormed(randomText(random));
      expect(pieces(pattern, text)).toEqual(expected(expression, text));
    }
  });

  it('stops at the end that it is given', () => {
    const units = unitsOf('ab  cd');
    expect(scannerOf(pattern)!(units, 2, 4)).toBe(4);
    expect(scannerOf(pattern)!(units, 2, 6)).toBe(3);
  });
});
