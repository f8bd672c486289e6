// CSV, TSV and their relatives: RFC 4180 quotes, any delimiter, with or without a header.

import { linesOf } from './bytes.ts';
import type { PieceReader } from './pieces.ts';
import { RowError, Tracker } from './report.ts';
import type { RecordRow } from './rows.ts';

export interface TableOptions {
  /** Default: what divides the first lines evenly, of TAB, comma, semicolon, `|`, `||` and `|||`. */
  readonly delimiter?: string;
  /** Whether `"` encloses fields that hold delimiters and line breaks. Default: yes; with TAB, where quotes are
   * text in most published sets, only where the first rows show it. */
  readonly quotes?: boolean;
  /** Whether the first row names the columns; or the names, for a file without. Default: told by the first rows. */
  readonly header?: boolean | readonly string[];
  /** Allows rows with fewer or more fields than columns; the latter get the names of their positions. Default false. */
  readonly ragged?: boolean;
}

/** A parsed file, with how it was understood. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly RecordRow[];
  readonly delimiter: string;
  /** Whether the first row is the header. */
  readonly header: boolean;
}

/** Without a header, columns are called `column1`, `column2`, …. Rows without any text are passed over and counted. */
export function readTable(text: string, tracker: Tracker, options: TableOptions = {}): Table {
  const table = tableReader(tracker, options);
  const { rows } = table.read(text, 1, true);
  return { rows, ...table.form() };
}

/** Reads a table piece by piece: how it is written is told by the first. */
export function tableReader(
  tracker: Tracker,
  options: TableOptions = {},
): { read: PieceReader<RecordRow>; form(): Omit<Table, 'rows'> } {
  let form: Omit<Table, 'rows'> | undefined;
  let quotes: boolean | undefined;
  const read: PieceReader<RecordRow> = (text, line, last) => {
    const delimiter = form?.delimiter ?? options.delimiter ?? delimiterOf(text);
    quotes ??= options.quotes ?? (delimiter !== '\t' || quotesFields(text, last));
    const { records: all, used } = split(text, line, last, delimiter, quotes, tracker);
    const records = all.filter(({ cells }) => {
      const blank = cells.length === 1 && cells[0]!.trim() === '';
      if (blank) tracker.note('blank line');
      return !blank;
    });
    if (form) return { rows: rowsOf(records, form.columns, delimiter), used };
    if (records.length === 0 && !last) return { rows: [], used };
    const header =
      typeof options.header === 'boolean' ? options.header : options.header === undefined && looksLikeHeader(records);
    const columns = columnsOf(records[0]?.cells ?? [], header, options.header);
    form = { columns, delimiter, header };
    return { rows: rowsOf(records.slice(header ? 1 : 0), columns, delimiter), used };
  };
  const rowsOf = (records: readonly RawRecord[], columns: readonly string[], delimiter: string): RecordRow[] =>
    records.flatMap(({ cells, line }) =>
      tracker.at(line, (): RecordRow => {
        if (cells.length !== columns.length && options.ragged !== true)
          throw new RowError(
            `${cells.length} fields, but ${columns.length} columns (${columns.join(', ')}); what divides them is ${JSON.stringify(delimiter)}; fields that hold it need quotes`,
          );
        if (cells.length !== columns.length)
          tracker.note(`row with ${cells.length} fields instead of ${columns.length}`);
        return {
          task: 'record',
          line,
          fields: Object.fromEntries(cells.map((cell, i) => [columns[i] ?? `column${i + 1}`, cell])),
        };
      }),
    );
  return { read, form: () => form! }; // of a table that was read to its end
}

interface RawRecord {
  readonly cells: readonly string[];
  readonly line: number;
}

/** What occurs most often, in as many lines as possible, among the first; comma when nothing does. */
function delimiterOf(text: string): string {
  const lines = text.slice(0, 20_000).split('\n').slice(0, 20);
  const linesWith = (delimiter: string): number => lines.filter((line) => line.includes(delimiter)).length;
  return ['\t', '|||', '||', ',', ';', '|'].reduce((best, next) => (linesWith(next) > linesWith(best) ? next : best));
}

function columnsOf(first: readonly string[], header: boolean, names: TableOptions['header']): string[] {
  if (typeof names === 'object') return [...names];
  const seen = new Set<string>();
  return first.map((cell, i) => {
    const wanted = header && cell.trim() !== '' ? cell.trim() : `column${i + 1}`;
    const name = seen.has(wanted) ? `column${i + 1}` : wanted;
    seen.add(name);
    return name;
  });
}

/**
 * Whether fields between TABs are written as in CSV, as spreadsheets and pandas do. In most published sets a quote there is text, so the first
 * rows must show it: by rows that are of one width only when quotes enclose TABs and line breaks, or by quotes doubled inside quotes.
 */
function quotesFields(text: string, last: boolean): boolean {
  const head = last && text.length <= headLength ? text : text.slice(0, text.lastIndexOf('\n', headLength) + 1);
  const lines = linesOf(head).filter((line) => line.trim() !== '');
  const cells = lines.flatMap((line) => line.split('\t')).filter((cell) => cell.startsWith('"'));
  if (cells.length === 0) return false;
  if (new Set(lines.map((line) => line.split('\t').length)).size === 1)
    return (
      cells.every((cell) => /^"(?:[^"]|"")*"$/.test(cell)) &&
      cells.some((cell) => /[^"]""|""[^"]/.test(cell.slice(1, -1)))
    );
  const tracker = new Tracker('', 'skip');
  const { records } = split(head, 1, true, '\t', true, tracker);
  const widths = records.map((record) => record.cells).filter((row) => row.length > 1 || row[0]!.trim() !== '');
  return tracker.report(0).skipped === 0 && new Set(widths.map((row) => row.length)).size === 1;
}

/** Characters that are looked at to find out how a table is written. */
const headLength = 100_000;

/** What columns are called; a first row without such a name, above columns of text alone, may be data as well. */
const usualNames =
  /^(?:id|idx|index|qid|label|labels|class|category|cat|tag|text|text_?[ab]|sentence(?:_?[ab12])?|sentence[12]|premise|hypothesis|question[12]?|query|answer|context|passage|title|body|abstract|content|review|comment|summary|highlights|article|document|dialogue|source|target|src|tgt|input|output|score|rating|stars|sentiment|polarity|similarity|relatedness_score|gold_label|en|zh|de|fr|es|english|chinese|german|标签|标记|类别|文本|内容|评论|句子|标题|摘要|问题|答案)$/i;

/** Names are short, differ, are no numbers or sentences, and do not occur again in their column. One is a usual name, or stands above numbers. */
function looksLikeHeader(records: readonly RawRecord[]): boolean {
  const [first, ...rest] = records.slice(0, 50);
  if (first === undefined) return false;
  const { cells } = first;
  if (rest.length === 0) return cells.length > 1 && cells.every((cell) => usualNames.test(cell));
  const names = cells.filter((cell) => cell !== '');
  return (
    names.length >= cells.length - 1 &&
    new Set(names).size === names.length &&
    names.every((cell) => /^\p{L}[\p{L}\p{N}_ -]{0,31}$/u.test(cell)) &&
    cells.every((cell, i) => rest.every((row) => row.cells[i] !== cell)) &&
    names.some((cell) => usualNames.test(cell) || /_/.test(cell) || overNumbers(cells.indexOf(cell), rest))
  );
}

const overNumbers = (column: number, rows: readonly RawRecord[]): boolean =>
  rows.every(({ cells }) => /^-?\d+(?:\.\d+)?$/.test(cells[column]?.trim() ?? ''));

/** The fields of each row, and how much of the text they are. A quote opens only at the start of a field; doubled inside, it is a quote. */
function split(
  text: string,
  firstLine: number,
  last: boolean,
  delimiter: string,
  quotes: boolean,
  tracker: Tracker,
): { records: RawRecord[]; used: number } {
  const records: RawRecord[] = [];
  let line = firstLine;
  let at = 0;
  let open = false;
  while (at < text.length) {
    const start = line;
    const begin = at;
    const cells: string[] = [];
    const fields = (): void => {
      for (;;) {
        if (quotes && text[at] === '"') cells.push(quoted());
        else cells.push(plain());
        if (text.startsWith(delimiter, at)) at += delimiter.length;
        else return;
      }
    };
    const plain = (): string => {
      const newline = text.indexOf('\n', at);
      const lineEnd = newline < 0 ? text.length : newline;
      const next = text.indexOf(delimiter, at);
      const end = next < 0 || next > lineEnd ? lineEnd : next;
      const cell = text.slice(at, end);
      at = end;
      return end === lineEnd && cell.endsWith('\r') ? cell.slice(0, -1) : cell;
    };
    const quoted = (): string => {
      let cell = '';
      for (;;) {
        const close = text.indexOf('"', at + 1);
        if (close < 0) {
          at = text.length;
          open = !last;
          throw new RowError(
            `a quoted field that begins here has no end; double the quotes inside fields, or read without quotes`,
          );
        }
        cell += text.slice(at + 1, close);
        at = close + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
      for (let i = cell.indexOf('\n'); i >= 0; i = cell.indexOf('\n', i + 1)) line++;
      if (at < text.length && !text.startsWith(delimiter, at) && !/[\r\n]/.test(text[at]!)) {
        const rest = plain();
        throw new RowError(`text after a closing quote: ${JSON.stringify(rest.slice(0, 30))}`);
      }
      return cell;
    };
    try {
      fields();
      records.push({ cells, line: start });
    } catch (error) {
      if (open) return { records, used: begin }; // it ends in a later piece
      tracker.at(start, () => {
        throw error;
      });
    }
    const newline = text.indexOf('\n', at);
    at = newline < 0 ? text.length : newline + 1;
    line++;
  }
  return { records, used: text.length };
}
