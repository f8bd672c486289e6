// Marks cut a text, and never change it.

import { expect, it } from 'vitest';
import { piecesOf } from './marked-text.ts';

it('gives pieces that together are the text, whatever is marked', () => {
  const text = 'Ada went to 伦敦 in 1843.';
  for (let start = 0; start < text.length; start++)
    for (let end = start; end <= text.length; end++) {
      const marks = [
        { start, end },
        { start: 4, end: 9 },
        { start: 8, end: 99 },
      ];
      const pieces = piecesOf(text, marks);
      expect(pieces.map((p) => p.text).join('')).toBe(text);
      for (const { at, text: piece, mark } of pieces) {
        expect(text.slice(at, at + piece.length)).toBe(piece);
        if (mark) expect([mark.start, mark.end]).toEqual([at, at + piece.length]);
      }
    }
});

it('lets the first of overlapping marks win', () => {
  const pieces = piecesOf('abcdef', [
    { start: 2, end: 4, name: 'best' },
    { start: 0, end: 3, name: 'worse' },
    { start: 4, end: 5, name: 'beside' },
  ]);
  expect(pieces.map((p) => [p.text, p.mark?.name])).toEqual([
    ['ab', undefined],
    ['cd', 'best'],
    ['e', 'beside'],
    ['f', undefined],
  ]);
});
