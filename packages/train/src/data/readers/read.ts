// Reading one file of any format into typed rows, with a report.

import { suggestion, YumoError } from '@yumo/core';
import { type DataFile, linesOf, textOf, unpacked } from './bytes.ts';
import { readChats } from './chat.ts';
import { readCluener } from './cluener.ts';
import { type ConllOptions, readConll } from './conll.ts';
import { type Detected, detectFormat, type Format, formats, holdsList } from './detect.ts';
import { readInstructions } from './instructions.ts';
import { readJsonLines, readJsonList } from './json.ts';
import { readParquet } from './parquet.ts';
import { type OnBadRow, type ReadReport, Tracker } from './report.ts';
import { readReviews } from './reviews.ts';
import type { DataRow, RecordRow } from './rows.ts';
import { readSquad } from './squad.ts';
import { readTable, type TableOptions } from './table.ts';

export interface ReadOptions {
  /** Default: told by name and content, see {@link detectFormat}. */
  readonly format?: Format;
  /** Default `error`: the first bad row stops, with file, line and field. `skip` counts and reports them. */
  readonly onBadRow?: OnBadRow;
  readonly table?: TableOptions;
  readonly conll?: ConllOptions;
  /** Of text: a row is a line, a paragraph (between blank lines), or the file. Default `line`. */
  readonly textUnit?: 'line' | 'paragraph' | 'file';
}

export interface ReadFile {
  readonly name: string;
  readonly format: Format;
  /** Why this format. */
  readonly reason: string;
  readonly rows: readonly DataRow[];
  /** The line that each row begins on, of texts by line and of sentences with tags. */
  readonly lines?: readonly number[];
  readonly report: ReadReport;
}

/**
 * @throws YumoError `CONFIG` for an unknown format; `DATA` for an empty file, text that is not UTF-8, damaged gzip or Parquet, and rows that do
 *   not fit the format.
 */
export async function readData(file: DataFile, options: ReadOptions = {}): Promise<ReadFile> {
  const bytes = await unpacked(file);
  const { name } = file;
  if (bytes.length === 0) throw new YumoError('DATA', `${name}: the file is empty`, { file: name });
  const { format, reason } = formatOf(name, bytes, options);
  if (!formats.includes(format))
    throw new YumoError(
      'CONFIG',
      `format "${format}" is not known${suggestion(format, formats) || `; there are ${formats.join(', ')}`}`,
      { format },
    );
  const lines: number[] = [];
  const tracker = new Tracker(name, options.onBadRow, lines);
  const rows =
    format === 'parquet'
      ? await readParquet(bytes, name)
      : rowsOf(format, await textOf({ name, bytes }), tracker, options);
  const report = tracker.report(rows.length);
  if (rows.length === 0)
    throw new YumoError(
      'DATA',
      `${name}: no rows as ${format}${options.format === undefined ? ` (${reason})` : ''}, ${report.skipped} skipped; name the format if it is another`,
      {
        file: name,
        format,
      },
    );
  return { name, format, reason, rows, report, ...(lines.length === rows.length ? { lines } : {}) };
}

/** A format that was asked for, a table where its delimiter was, else what name and content tell. */
export function formatOf(
  name: string,
  bytes: Uint8Array,
  { format, table }: Pick<ReadOptions, 'format' | 'table'>,
): Detected {
  if (format !== undefined) return { format, reason: 'it was asked for' };
  return table?.delimiter === undefined
    ? detectFormat(name, bytes)
    : { format: 'csv', reason: 'its delimiter was given' };
}

function rowsOf(format: Exclude<Format, 'parquet'>, text: string, tracker: Tracker, options: ReadOptions): DataRow[] {
  switch (format) {
    case 'text':
      return texts(text, options.textUnit ?? 'line', tracker);
    case 'jsonl':
      return readJsonLines(text, tracker);
    case 'json':
      return readJsonList(text, tracker);
    case 'csv':
      return [...readTable(text, tracker, options.table).rows];
    case 'tsv':
      return [...readTable(text, tracker, { delimiter: '\t', ...options.table }).rows];
    case 'squad':
      return readSquad(text, tracker);
    case 'conll':
      return readConll(text, tracker, options.conll);
    case 'cluener':
      return readCluener(text, tracker);
    case 'alpaca':
      return readInstructions(records(text, tracker), tracker);
    case 'chat':
      return readChats(records(text, tracker), tracker);
    case 'reviews':
      return readReviews(text, tracker);
  }
}

/** A JSON list, alone or as `data` of an object, or one object a line. */
const records = (text: string, tracker: Tracker): RecordRow[] =>
  text.trimStart().startsWith('[') || holdsList(text) ? readJsonList(text, tracker) : readJsonLines(text, tracker);

function texts(text: string, unit: 'line' | 'paragraph' | 'file', tracker: Tracker): DataRow[] {
  const pieces = unit === 'file' ? [text] : unit === 'line' ? linesOf(text) : text.split(/\r?\n(?:[ \t]*\r?\n)+/);
  return pieces.flatMap((piece, i): DataRow[] => {
    if (piece.trim() !== '') {
      if (unit === 'line') tracker.lines?.push(i + 1);
      return [{ task: 'text', text: piece }];
    }
    tracker.note('blank line');
    return [];
  });
}
