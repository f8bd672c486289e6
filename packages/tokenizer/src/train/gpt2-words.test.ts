import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gpt2Pattern } from '../byte-level.ts';
import { matchRanges, translatePattern } from '../regex.ts';
import { gpt2Words } from './gpt2-words.ts';

function scanned(text: string): string[] {
  const pieces: string[] = [];
  gpt2Words(text, (start, end) => pieces.push(text.slice(start, end)));
  return pieces;
}

function matched(text: string): string[] {
  const ranges = matchRanges(translatePattern(gpt2Pattern), text);
  return Array.from({ length: ranges.length / 2 }, (_, i) => text.slice(ranges[2 * i], ranges[2 * i + 1]));
}

describe('the scanner for GPT-2 words', () => {
  it('cuts as the published examples of the pattern do', () => {
    expect(scanned("I'll say  'twas  3 o'clock\n\n  ok ")).toEqual([
      ...['I', "'ll", ' say', ' ', " '", 'twas', ' ', ' 3', ' o', "'", 'clock', '\n\n ', ' ok', ' '],
    ]);
  });

  it('takes U+FEFF for a sign and U+0085 for a space', () => {
    expect(scanned('a\ufeffb\u0085c')).toEqual(['a', '\ufeff', 'b', '\u0085', 'c']);
  });

  it('gives the pieces of the regular expression on any text', () => {
    const alphabet = fc.constantFrom(
      ...[
        "'",
        's',
        'll',
        're',
        ' ',
        '  ',
        '\n',
        '\t',
        '\u0085',
        '\ufeff',
        '\u3000',
        'ä',
        '中',
        '文',
        '٣',
        '½',
        '!',
        '。',
      ],
      ...['\u{1f600}', '\u{20000}', '\ud800', '\udc00', '\u0301', '\u200d', "'d", 'Z'],
    );
    const text = fc.oneof(
      fc.array(alphabet, { maxLength: 24 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 40 }),
    );
    fc.assert(
      fc.property(text, (t) => {
        expect(scanned(t)).toEqual(matched(t));
      }),
      { numRuns: 3000 },
    );
  });
});
