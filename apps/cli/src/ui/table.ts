// Tables for people: columns aligned, numbers to the right.

import { displayWidth, padTo, wrapTo } from './width.ts';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly align?: 'left' | 'right';
}

/** A last column narrower than this is not worth breaking: the terminal does it. */
const fewestColumns = 24;

/**
 * Rows as lines: a header, a rule, one line a row. Without rows: the header alone.
 * @param width columns of the terminal; where it is known, texts of the last column are broken so that they stay in it
 */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width?: number): string {
  const cells = rows.map((row) => columns.map((c) => c.cell(row).replace(/\s+/g, ' ')));
  const widths = columns.map((c, i) => Math.max(displayWidth(c.title), ...cells.map((line) => displayWidth(line[i]!))));
  const last = columns.length - 1;
  const room = (width ?? Number.POSITIVE_INFINITY) - widths.slice(0, last).reduce((sum, w) => sum + w + 2, 0);
  if (room >= fewestColumns) widths[last] = Math.min(widths[last]!, room);
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => padTo(text, widths[i]!, columns[i]!.align === 'right' ? 'right' : 'left'))
      .join('  ')
      .trimEnd();
  const broken = (texts: readonly string[]): string[] =>
    wrapTo(texts[last]!, widths[last]!).map((part, i) =>
      line([...texts.slice(0, last).map((t) => (i === 0 ? t : '')), part]),
    );
  return [
    line(columns.map((c) => c.title)),
    widths.map((w) => '─'.repeat(w)).join('  '),
    ...cells.flatMap(broken),
  ].join('\n');
}

/** Names and values, one pair a line, values aligned. */
export function pairs(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...entries.map(([name]) => displayWidth(name)));
  return entries.map(([name, value]) => `${padTo(name, width)}  ${value}`.trimEnd()).join('\n');
}
