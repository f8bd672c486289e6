// Tables for people: columns aligned, numbers to the right.

import { displayWidth, padTo } from './width.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly align?: 'left' | 'right';
}

/** Rows as lines: a header, a rule, one line a row. Without rows: the header alone. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((c) => c.cell(row).replace(/\s+/g, ' ')));
  const widths = columns.map((c, i) => Math.max(displayWidth(c.title), ...cells.map((line) => displayWidth(line[i]!))));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => padTo(text, widths[i]!, columns[i]!.align === 'right' ? 'right' : 'left'))
      .join('  ')
      .trimEnd();
  return [line(columns.map((c) => c.title)), widths.map((w) => '─'.repeat(w)).join('  '), ...cells.map(line)].join(
    '\n',
  );
}

/** Names and values, one pair a line, values aligned. */
export function pairs(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...entries.map(([name]) => displayWidth(name)));
  return entries.map(([name, value]) => `${padTo(name, width)}  ${value}`.trimEnd()).join('\n');
}
