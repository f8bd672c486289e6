// The data of a recipe, read: running text, or rows of files with the names of their fields.

import { YumoError } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import type { Note, Progress } from '../objectives/objective.ts';
import { streamKey } from '../random.ts';
import type { DataRecipe, SourceRecipe } from '../recipe.ts';
import type { TextFile } from './corpus.ts';
import { bothParts, type Parts, partsInMemory } from './kept.ts';
import type { DataFile } from './readers/bytes.ts';
import { readParallel } from './readers/parallel.ts';
import { type ReadOptions, readData } from './readers/read.ts';
import type { ReadReport } from './readers/report.ts';
import type { DataRow } from './readers/rows.ts';
import { longestTextOf } from './row-texts.ts';
import type { TokenSource } from './token-source.ts';

/** Rows of one file, with what the recipe says of it. */
export interface SourceFile {
  readonly name: string;
  readonly source: SourceRecipe;
  readonly rows: readonly DataRow[];
  /** Rows of the same file came before. */
  readonly goesOn?: boolean;
}

/** What a training learns from. */
export type TrainingData =
  | { readonly kind: 'text'; readonly files: readonly TextFile[] }
  | TextStream
  | {
      readonly kind: 'rows';
      readonly training: readonly SourceFile[];
      /** Absent: rows of the training files are kept back. */
      readonly validation?: readonly SourceFile[] | undefined;
    }
  | RowStream;

/** Rows of files that are read in pieces, and kept outside of memory. */
export interface RowStream {
  readonly kind: 'row-stream';
  /** Of the training files. */
  readonly names: readonly string[];
  /** Whether the validation part has files of its own. */
  readonly hasValidation: boolean;
  /**
   * Both parts, as `rowsOf` makes them of pieces of files: made the first time, found later.
   * @param share of the rows that are kept back where there are no validation files
   * @param name of what `rowsOf` depends on besides the files
   */
  parts<Row>(reading: RowReading<Row>, share: number, name: string): Promise<Parts<Row>>;
  /** Texts that it keeps, as ids of both parts, one after the other. */
  encoded(parts: Parts<string>, tokenizer: Tokenizer, options: OpenOptions): Promise<OpenStream>;
}

/** How rows of files become rows of a task. */
export interface RowReading<Row> {
  /** Rows of a file, or of a piece of it. */
  readonly rowsOf: (file: SourceFile, note: Note) => readonly Row[];
  /** What decides the side of a row where some are kept back: rows of which it is equal stay together. The row as JSON by default. */
  readonly sideOf?: ((row: Row) => string) | undefined;
  readonly note: Note;
  readonly progress?: Progress | undefined;
}

/** Running text that is read in pieces, and its ids. */
export interface TextStream extends Omit<RowStream, 'kind' | 'encoded'> {
  readonly kind: 'stream';
  /** The rows of one part. */
  texts(part: 'training' | 'validation'): AsyncIterable<readonly string[]>;
  /** Both parts as ids; made the first time, found later. */
  open(tokenizer: Tokenizer, options: OpenOptions): Promise<OpenStream>;
}

export interface OpenOptions {
  /** The training part has more tokens. */
  readonly context: number;
  /** An id put after each row, in place of the recipe's separator. */
  readonly end?: number | undefined;
  readonly progress?: Progress | undefined;
}

/** Both parts as streams of ids, and what they stand for. */
export interface OpenStream {
  readonly training: TokenSource;
  readonly validation: TokenSource;
  readonly trainingRows: number;
  readonly validationRows: number;
  /** Characters of the validation part that are predicted: all but those of its first token. */
  readonly validationCharacters: number;
  /** Of all ids: a resumed run compares it. */
  readonly fingerprint: string;
  close(): Promise<void>;
}

/** Files of a source as bytes: line n of a target belongs to line n of its file. */
export interface LoadedSource {
  readonly source: SourceRecipe;
  readonly files: readonly DataFile[];
  readonly targets?: readonly DataFile[] | undefined;
}

/** Reads the files of sources. What was passed over or put right is noted. @throws YumoError `DATA`, `CONFIG` */
export async function readSources(loaded: readonly LoadedSource[], note: Note): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for (const { source, files, targets } of loaded) {
    refuseUneven(files, targets);
    for (const [i, file] of files.entries()) {
      const { rows, report } = await readFile(file, targets?.[i], source);
      tellReport(file.name, report, note);
      found.push({ name: file.name, source, rows });
    }
  }
  return found;
}

/** What a recipe of rows says of its data. */
type RowsRecipe = Extract<DataRecipe, { kind: 'rows' }>;

/** What is told of rows that `data.apart` leaves out. */
export const leftApart = (file: string): string => `${file}: rows left out, their texts are in data.apart`;

/**
 * The rows of a recipe. Training rows that share their longest text (of a question: its context) with the rows of `data.apart` are left out and told.
 * @param load the files of sources; the second argument is their field, for messages.
 * @throws YumoError `DATA`, `CONFIG`
 */
export async function readRows(
  { train, validation, apart }: RowsRecipe,
  load: (sources: readonly SourceRecipe[], field: string) => Promise<readonly LoadedSource[]>,
  note: Note,
): Promise<TrainingData> {
  const read = async (sources: readonly SourceRecipe[], field: string) =>
    readSources(await load(sources, `data.${field}`), note);
  const training = await read(train, 'train');
  return {
    kind: 'rows',
    training: apart ? withoutTexts(training, await read(apart, 'apart'), note) : training,
    validation: validation && (await read(validation, 'validation')),
  };
}

function withoutTexts(training: readonly SourceFile[], apart: readonly SourceFile[], note: Note): SourceFile[] {
  const longest = (row: DataRow, { source, name }: SourceFile): string => longestTextOf(row, source.fields.text, name);
  const kept = new Set(apart.flatMap((file) => file.rows.map((row) => longest(row, file))));
  return training.map((file) => {
    const rows = file.rows.filter((row) => !kept.has(longest(row, file)));
    const left = file.rows.length - rows.length;
    if (left > 0) note(leftApart(file.name), left);
    return { ...file, rows };
  });
}

type Named = { readonly name: string };

/** @throws YumoError `DATA` unless each source file has its target file */
export function refuseUneven(files: readonly Named[], targets: readonly Named[] | undefined): void {
  if (targets && targets.length !== files.length)
    throw new YumoError(
      'DATA',
      `data: ${files.length} source files, ${targets.length} target files; each source file needs its target file`,
      { files: files.map((f) => f.name), targets: targets.map((f) => f.name) },
    );
}

async function readFile(
  file: DataFile,
  target: DataFile | undefined,
  source: SourceRecipe,
): Promise<{ rows: readonly DataRow[]; report: ReadReport }> {
  return target ? readParallel(file, target, source.onBadRow) : readData(file, readOptions(source));
}

/** What a recipe says of a source, for readers. */
export const readOptions = ({ format, columns, delimiter, onBadRow, unit }: SourceRecipe) =>
  ({
    onBadRow,
    ...(format === undefined ? {} : { format }),
    table: {
      ...(columns === undefined ? {} : { header: columns, ragged: true }),
      ...(delimiter === undefined ? {} : { delimiter }),
    },
    textUnit: unit,
  }) satisfies ReadOptions;

/** Tells what became of a file's rows. */
export function tellReport(file: string, { skipped, problems, notes }: ReadReport, note: Note): void {
  if (skipped > 0) note(`${file}: rows left out`, skipped, problems[0]?.message);
  for (const [what, count] of notes) note(`${file}: ${what}`, count);
}

/** @param row what its part is decided by */
export const isValidationRow = (row: string, share: number): boolean => streamKey(0, row) / 2 ** 32 < share;

/**
 * Rows as `rowsOf` makes them of each file. Without validation files, a share of the rows is kept back: which one depends on what stands in
 * the row alone, so that equal rows are on one side, and the split stays when rows are added.
 * @param who the objective, for messages
 * @throws YumoError `DATA` when a part is empty, or the recipe has running text.
 */
export async function partsOf<Row>(
  data: TrainingData,
  validationShare: number,
  who: string,
  reading: RowReading<Row>,
  name: string,
): Promise<Parts<Row>> {
  if (data.kind === 'text' || data.kind === 'stream')
    throw new YumoError(
      'CONFIG',
      `data: objective ${who} learns from rows, and data.kind is "text"; write data: {"kind": "rows", "train": [{"files": […]}]}`,
      { objective: who },
    );
  const parts =
    data.kind === 'rows'
      ? rowsInMemory(data, validationShare, reading)
      : await data.parts(reading, validationShare, name);
  const names = data.kind === 'rows' ? data.training.map((f) => f.name) : data.names;
  const hasFiles = data.kind === 'rows' ? data.validation !== undefined : data.hasValidation;
  for (const part of bothParts)
    if (parts[part].length === 0)
      throw new YumoError(
        'DATA',
        `data: the ${part} part has no rows (${parts.training.length + (hasFiles ? 0 : parts.validation.length)} rows in ${names.join(', ')}); give data.validation, or a larger data.validationShare`,
        { part },
      );
  return parts;
}

function rowsInMemory<Row>(
  data: Extract<TrainingData, { kind: 'rows' }>,
  share: number,
  { rowsOf, sideOf = JSON.stringify, note }: RowReading<Row>,
): Parts<Row> {
  const all = data.training.flatMap((file) => rowsOf(file, note));
  if (data.validation)
    return partsInMemory(
      all,
      data.validation.flatMap((file) => rowsOf(file, note)),
    );
  const kept = all.map((row) => isValidationRow(sideOf(row), share));
  return partsInMemory(
    all.filter((_, i) => !kept[i]),
    all.filter((_, i) => kept[i]),
  );
}
