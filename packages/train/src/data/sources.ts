// The data of a recipe, read: running text, or rows of files with the names of their fields.

import { YumoError } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import type { Note } from '../objectives/objective.ts';
import { streamKey } from '../random.ts';
import type { DataRecipe, SourceRecipe } from '../recipe.ts';
import type { TextFile } from './corpus.ts';
import type { DataFile } from './readers/bytes.ts';
import { readParallel } from './readers/parallel.ts';
import { readData } from './readers/read.ts';
import type { ReadReport } from './readers/report.ts';
import type { DataRow } from './readers/rows.ts';
import { textsOfRow } from './row-texts.ts';
import type { TokenSource } from './token-source.ts';

/** Rows of one file, with what the recipe says of it. */
export interface SourceFile {
  readonly name: string;
  readonly source: SourceRecipe;
  readonly rows: readonly DataRow[];
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
    };

/** Running text that is read in pieces, and its ids. */
export interface TextStream {
  readonly kind: 'stream';
  /** The rows of one part. */
  texts(part: 'training' | 'validation'): AsyncIterable<readonly string[]>;
  /** Both parts as ids; made the first time, found later. */
  open(tokenizer: Tokenizer, context: number): Promise<OpenStream>;
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
    if (targets && targets.length !== files.length)
      throw new YumoError(
        'DATA',
        `data: ${files.length} source files, ${targets.length} target files; each source file needs its target file`,
        { files: files.map((f) => f.name), targets: targets.map((f) => f.name) },
      );
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
  const longest = (row: DataRow, { source, name }: SourceFile): string =>
    textsOfRow(row, source.fields.text ?? (row.task === 'record' ? Object.keys(row.fields) : []), name).reduce(
      (a, b) => (b.length > a.length ? b : a),
      '',
    );
  const kept = new Set(apart.flatMap((file) => file.rows.map((row) => longest(row, file))));
  return training.map((file) => {
    const rows = file.rows.filter((row) => !kept.has(longest(row, file)));
    const left = file.rows.length - rows.length;
    if (left > 0) note(`${file.name}: rows left out, their texts are in data.apart`, left);
    return { ...file, rows };
  });
}

async function readFile(
  file: DataFile,
  target: DataFile | undefined,
  source: SourceRecipe,
): Promise<{ rows: readonly DataRow[]; report: ReadReport }> {
  const { format, columns, delimiter, onBadRow } = source;
  if (target) return readParallel(file, target, onBadRow);
  return readData(file, {
    onBadRow,
    ...(format === undefined ? {} : { format }),
    table: {
      ...(columns === undefined ? {} : { header: columns, ragged: true }),
      ...(delimiter === undefined ? {} : { delimiter }),
    },
    textUnit: source.unit,
  });
}

/** Tells what became of a file's rows. */
export function tellReport(file: string, { skipped, problems, notes }: ReadReport, note: Note): void {
  if (skipped > 0) note(`${file}: rows left out; the first: ${problems[0]?.message ?? ''}`, skipped);
  for (const [what, count] of notes) note(`${file}: ${what}`, count);
}

/** Both parts of a data set, as rows of one task. */
export interface Parts<Row> {
  readonly training: readonly Row[];
  readonly validation: readonly Row[];
}

/**
 * Rows as `rowsOf` makes them of each file. Without validation files, a share of the rows is kept back: which one depends on what stands in
 * the row alone, so that equal rows are on one side, and the split stays when rows are added.
 * @param sideOf what decides the side of a row: rows of which it is equal stay together.
 * @throws YumoError `DATA` when a part is empty, or the recipe has running text.
 */
export function partsOf<Row>(
  data: TrainingData,
  validationShare: number,
  who: string,
  rowsOf: (file: SourceFile) => readonly Row[],
  sideOf: (row: Row) => string = (row) => JSON.stringify(row),
): Parts<Row> {
  if (data.kind !== 'rows')
    throw new YumoError(
      'CONFIG',
      `data: objective ${who} learns from rows, and data.kind is "text"; write data: {"kind": "rows", "train": [{"files": […]}]}`,
      { objective: who },
    );
  const all = data.training.flatMap(rowsOf);
  const isValidation = (row: Row): boolean => streamKey(0, sideOf(row)) / 2 ** 32 < validationShare;
  const parts = data.validation
    ? { training: all, validation: data.validation.flatMap(rowsOf) }
    : { training: all.filter((r) => !isValidation(r)), validation: all.filter(isValidation) };
  for (const [part, rows] of Object.entries(parts))
    if (rows.length === 0)
      throw new YumoError(
        'DATA',
        `data: the ${part} part has no rows (${all.length} rows in ${data.training.map((f) => f.name).join(', ')}); give data.validation, or a larger data.validationShare`,
        { part },
      );
  return parts;
}
