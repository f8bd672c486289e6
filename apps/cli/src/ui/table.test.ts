// Alignment, in columns of a terminal and not in characters.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pairs, table } from './table.ts';
import { cutTo, displayWidth, padTo } from './width.ts';

describe('displayWidth', () => {
  test('Chinese, full-width punctuation and emoji take two columns, combining accents none', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('语模，')).toBe(6);
    expect(displayWidth('é'.normalize('NFD'))).toBe(1);
    expect(displayWidth('😀𠀀')).toBe(4);
  });

  test('a text that is padded has the width, one that is cut at most', () => {
    const anyText = fc.array(fc.constantFrom('a', '语', 'é', '😀', ' ')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(anyText, fc.nat(40), (text, columns) => {
        expect(displayWidth(padTo(text, columns))).toBe(Math.max(columns, displayWidth(text)));
        expect(displayWidth(cutTo(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('table', () => {
  test('numbers stand to the right, the rest to the left, whatever the script', () => {
    const rows = [
      { name: '词表', size: 7 },
      { name: 'a', size: 1234 },
    ];
    const columns = [
      { title: '名称', cell: (r: (typeof rows)[0]) => r.name },
      { title: 'n', cell: (r: (typeof rows)[0]) => String(r.size), align: 'right' as const },
    ];
    expect(table(rows, columns)).toBe(['名称     n', '────  ────', '词表     7', 'a     1234'].join('\n'));
  });

  test('a cell with line breaks stays in its row', () => {
    expect(table(['a\nb'], [{ title: 'x', cell: (r) => r }]).split('\n')).toEqual(['x', '───', 'a b']);
  });

  test('texts of the last column stay in it where the terminal is narrow', () => {
    const rows = [
      { name: 'a', text: 'words and 中文字，以及更多 of them, one-very-long-word-that-fits-nowhere-at-all' },
    ];
    const columns = [
      { title: 'name', cell: (r: (typeof rows)[0]) => r.name },
      { title: 'text', cell: (r: (typeof rows)[0]) => r.text },
    ];
    const lines = table(rows, columns, 30).split('\n');
    expect(lines.slice(1)).toEqual([
      '────  ────────────────────────',
      'a     words and 中文字，以及更',
      '      多 of them,',
      '      one-very-long-word-that-fits-nowhere-at-all',
    ]);
    expect(table(rows, columns, 20).split('\n')).toHaveLength(3); // no room to break anything
  });

  test('pairs align their values', () => {
    expect(
      pairs([
        ['词表', '1'],
        ['a', '2'],
      ]),
    ).toBe('词表  1\na     2');
  });
});
