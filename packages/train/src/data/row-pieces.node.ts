// Rows of data files in bounded memory: a piece of some hundred kilobytes at a time, or a row group.

import { open, readFile, stat } from 'node:fs/promises';
import { throwIfAborted, YumoError } from '@yumo/core';
import type { Note } from '../objectives/objective.ts';
import type { SourceRecipe } from '../recipe.ts';
import { readFully } from './cache-entry.node.ts';
import { linesOf, maxUnpackedBytes } from './readers/bytes.ts';
import { readChats } from './readers/chat.ts';
import { readCluener } from './readers/cluener.ts';
import { conllReader } from './readers/conll.ts';
import { type Format, holdsList } from './readers/detect.ts';
import { readInstructions } from './readers/instructions.ts';
import { jsonListReader, readJsonLines } from './readers/json.ts';
import { pairOf, unevenLines } from './readers/parallel.ts';
import { parquetGroups } from './readers/parquet.ts';
import type { PieceReader } from './readers/pieces.ts';
import { formatOf, readData } from './readers/read.ts';
import { Tracker } from './readers/report.ts';
import type { DataRow, RecordRow } from './readers/rows.ts';
import { tableReader } from './readers/table.ts';
import { readOptions, tellReport } from './sources.ts';
import { rawLineBlocks } from './text-stream.node.ts';

/** A file on disk, and how messages name it. */
export interface FilePlace {
  readonly path: string;
  readonly name: string;
}

export interface PieceOptions {
  readonly note: Note;
  readonly signal?: AbortSignal | undefined;
  /** Told the bytes of the file that were read so far. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** A row that takes more characters is refused: a quote or a list that never ends. */
const longestRow = 1 << 26;

/**
 * The rows of a file piece by piece, as reading it as a whole gives them. SQuAD, reviews and files that are one text are read file by file.
 * @param target parallel text: the file whose line n belongs to line n
 * @throws YumoError as {@link readData}
 */
export async function* rowPieces(
  file: FilePlace,
  target: FilePlace | undefined,
  source: SourceRecipe,
  options: PieceOptions,
): AsyncGenerator<readonly DataRow[]> {
  if (target) yield* parallelPieces(file, target, source, options);
  else if (await isParquet(file.path)) yield* parquetPieces(file, options);
  else yield* textPieces(file, source, options);
}

async function* textPieces(
  { path, name }: FilePlace,
  source: SourceRecipe,
  options: PieceOptions,
): AsyncGenerator<readonly DataRow[]> {
  const { note } = options;
  const tracker = new Tracker(name, source.onBadRow);
  let read: PieceReader<DataRow> | undefined;
  let how: Pick<Awaited<ReturnType<typeof readData>>, 'format' | 'reason'> | undefined;
  let rest = '';
  let line = 1;
  let rows = 0;
  for await (const { text, last } of withLast(rawLineBlocks(path, streamOptions(name, options)))) {
    how ??= formatOf(name, new TextEncoder().encode(text), readOptions(source));
    read ??= pieceReader(how.format, text, source, tracker);
    if (!read) {
      yield* wholeFile({ path, name }, source, options);
      return;
    }
    const whole = rest === '' ? text : rest + text;
    const piece = read(whole, line, last);
    rest = whole.slice(piece.used);
    for (let at = whole.indexOf('\n'); at >= 0 && at < piece.used; at = whole.indexOf('\n', at + 1)) line++;
    if (rest.length > longestRow)
      throw new YumoError(
        'DATA',
        `${name}:${line}: what begins here has no end within ${longestRow} characters; look for a quote or bracket that is not closed`,
        { file: name, line },
      );
    rows += piece.rows.length;
    if (piece.rows.length > 0) yield piece.rows;
  }
  if (!how) throw new YumoError('DATA', `${name}: the file is empty`, { file: name });
  const report = tracker.report(rows);
  if (rows === 0)
    throw new YumoError(
      'DATA',
      `${name}: no rows as ${how.format} (${how.reason}), ${report.skipped} skipped; name the format if it is another`,
      { file: name, format: how.format },
    );
  tellReport(name, report, note);
}

const streamOptions = (name: string, { signal, onBytes }: PieceOptions) => ({
  name,
  ...(signal ? { signal } : {}),
  ...(onBytes ? { onBytes } : {}),
});

/** What reads a format piece by piece; undefined for formats that are read as a whole. @param head the first piece */
function pieceReader(
  format: Format,
  head: string,
  source: SourceRecipe,
  tracker: Tracker,
): PieceReader<DataRow> | undefined {
  const { unit } = source;
  if (['json', 'alpaca', 'chat'].includes(format) && holdsList(head)) return undefined;
  const lines =
    <Row>(rowsOf: (text: string, line: number) => readonly Row[]): PieceReader<Row> =>
    (text, line) => ({ rows: rowsOf(text, line), used: text.length });
  const records = (): PieceReader<RecordRow> =>
    format === 'json' || head.trimStart().startsWith('[')
      ? jsonListReader(tracker)
      : lines((text, line) => readJsonLines(text, tracker, line));
  const mapped =
    <Row>(rowsOf: (records: readonly RecordRow[]) => readonly Row[], read = records()): PieceReader<Row> =>
    (...piece) => {
      const { rows, used } = read(...piece);
      return { rows: rowsOf(rows), used };
    };
  const { table } = readOptions(source);
  switch (format) {
    case 'jsonl':
      return lines((text, line) => readJsonLines(text, tracker, line));
    case 'json':
      return records();
    case 'csv':
      return tableReader(tracker, table).read;
    case 'tsv':
      return tableReader(tracker, { delimiter: '\t', ...table }).read;
    case 'conll':
      return conllReader(tracker);
    case 'cluener':
      return lines((text, line) => readCluener(text, tracker, line));
    case 'alpaca':
      return mapped((all) => readInstructions(all, tracker));
    case 'chat':
      return mapped((all) => readChats(all, tracker));
    case 'text':
      return unit === 'file'
        ? undefined
        : unit === 'line'
          ? lines((text) => texts(linesOf(text), tracker))
          : paragraphs(tracker);
    default:
      return undefined;
  }
}

function texts(pieces: readonly string[], tracker: Tracker): DataRow[] {
  return pieces.flatMap((text): DataRow[] => {
    if (text.trim() !== '') return [{ task: 'text', text }];
    tracker.note('blank line');
    return [];
  });
}

/** A paragraph ends with blank lines; the last of them, and what stands behind, come again, as there may be more of them. */
function paragraphs(tracker: Tracker): PieceReader<DataRow> {
  let goesOn = false;
  return (text, _, last) => {
    const pieces = text.split(/(\r?\n(?:[ \t]*\r?\n)+)/);
    const rest = last ? '' : pieces.slice(-2).join('');
    const whole = (last ? pieces : pieces.slice(0, -2)).filter((_piece, i) => i % 2 === 0);
    if (goesOn && whole[0] === '') whole.shift(); // what stood before these blank lines was read
    goesOn ||= rest.length < text.length;
    return { rows: texts(whole, tracker), used: text.length - rest.length };
  };
}

/** A file that is held as a whole while it is read. */
async function* wholeFile(
  { path, name }: FilePlace,
  source: SourceRecipe,
  { note }: PieceOptions,
): AsyncGenerator<readonly DataRow[]> {
  const { size } = await stat(path);
  if (size > maxUnpackedBytes)
    throw new YumoError(
      'FILE',
      `${name}: files of this format are read as a whole, and ${size} bytes are more than are held (${maxUnpackedBytes}); split it`,
      { file: name, size },
    );
  const bytes = await readFile(path);
  const { rows, report } = await readData(
    { name, bytes: new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length) },
    readOptions(source),
  );
  tellReport(name, report, note);
  for (let at = 0; at < rows.length; at += 4096) yield rows.slice(at, at + 4096);
}

async function isParquet(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1') === 'PAR1';
  } finally {
    await handle.close();
  }
}

/** Rows that are handed on at once from a row group. */
const rowsAtOnce = 4096;

async function* parquetPieces(
  { path, name }: FilePlace,
  { onBytes, signal }: PieceOptions,
): AsyncGenerator<readonly DataRow[]> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const file = {
      byteLength: size,
      async slice(start: number, end = size): Promise<ArrayBuffer> {
        const from = start < 0 ? size + start : start;
        const bytes = new Uint8Array(end - from);
        await readFully(handle, bytes, from);
        if (end < size) onBytes?.(end); // the end is read first: there the columns are listed
        return bytes.buffer;
      },
    };
    let rows = 0;
    for await (const group of parquetGroups(file, name))
      for (let at = 0; at < group.length; at += rowsAtOnce) {
        throwIfAborted(signal, 'data');
        const some = group.slice(at, at + rowsAtOnce);
        rows += some.length;
        yield some;
      }
    if (rows === 0)
      throw new YumoError(
        'DATA',
        `${name}: no rows as parquet (it begins with "PAR1"), 0 skipped; name the format if it is another`,
        {
          file: name,
        },
      );
  } finally {
    await handle.close();
  }
}

/** Lines of two files side by side. */
async function* parallelPieces(
  source: FilePlace,
  target: FilePlace,
  { onBadRow }: SourceRecipe,
  options: PieceOptions,
): AsyncGenerator<readonly DataRow[]> {
  const tracker = new Tracker(source.name, onBadRow);
  const { signal } = options;
  const [from, to] = [
    rawLineBlocks(source.path, streamOptions(source.name, options)),
    rawLineBlocks(target.path, { name: target.name, ...(signal ? { signal } : {}) }),
  ];
  const held: [string[], string[]] = [[], []];
  const counts = [0, 0];
  let line = 0;
  let rows = 0;
  const more = async (side: 0 | 1): Promise<boolean> => {
    const { value, done } = await (side === 0 ? from : to).next();
    if (done) return false;
    const lines = linesOf(value.text);
    counts[side]! += lines.length;
    held[side] = held[side].length === 0 ? lines : [...held[side], ...lines];
    return true;
  };
  for (;;) {
    const went = [held[0].length > 0 || (await more(0)), held[1].length > 0 || (await more(1))];
    if (!went[0] || !went[1]) break;
    const count = Math.min(held[0].length, held[1].length);
    const [left, right] = [held[0].splice(0, count), held[1].splice(0, count)];
    const pairs = left.flatMap((text, i) => pairOf(text, right[i]!, ++line, target.name, tracker));
    rows += pairs.length;
    if (pairs.length > 0) yield pairs;
  }
  while (await more(0)) held[0] = [];
  while (await more(1)) held[1] = [];
  if (counts[0] !== counts[1]) throw unevenLines(source.name, counts[0]!, target.name, counts[1]!);
  tellReport(source.name, tracker.report(rows), options.note);
}

/** Items, each with whether it is the last. */
async function* withLast(
  blocks: AsyncIterable<{ readonly text: string }>,
): AsyncGenerator<{ text: string; last: boolean }> {
  let held: string | undefined;
  for await (const { text } of blocks) {
    if (held !== undefined) yield { text: held, last: false };
    held = text;
  }
  if (held !== undefined) yield { text: held, last: true };
}
