// Records (rows of tables and JSON) as rows of a task, by the names of their fields.

import { suggestion, YumoError } from '@yumo/core';
import { show } from './json.ts';
import { type OnBadRow, type ReadReport, RowError, Tracker } from './report.ts';
import type { ClassificationRow, DataRow, PairRow, RecordRow, SequenceRow } from './rows.ts';

/** Rows of one task, with what became of the records. */
export interface TaskRows<Row> {
  readonly rows: readonly Row[];
  readonly report: ReadReport;
}

/** Which file the rows come from, for messages, and what to do with rows that do not fit. */
export interface TaskOptions {
  readonly file: string;
  readonly onBadRow?: OnBadRow;
  /** What asks for them, for messages: `objective regression`. */
  readonly who?: string;
  /** Rows of the same file came before: a field that these rows all lack is theirs, not the file's. */
  readonly goesOn?: boolean | undefined;
}

export interface ClassificationFields {
  readonly text: string;
  readonly label: string;
  /** The allowed labels; others are errors. */
  readonly labels?: readonly string[];
}

/** Numbers as labels become text. */
export function classificationRows(
  rows: readonly DataRow[],
  fields: ClassificationFields,
  options: TaskOptions,
): TaskRows<ClassificationRow> {
  return each(rows, [fields.text, fields.label], options, (record) => {
    const label = labelOf(record, fields.label);
    refuseOther(label, fields.label, fields.labels);
    return { task: 'classification', text: textOf(record, fields.text), label };
  });
}

/** @throws RowError for a label that is none of those allowed; any is where none are listed */
export function refuseOther(label: string, field: string, allowed: readonly string[] | undefined): void {
  if (allowed === undefined || allowed.includes(label)) return;
  const nearest = /\d/.test(label) ? '' : suggestion(label, allowed);
  throw new RowError(`${field} is "${label}", not one of the labels ${allowed.join(', ')}${nearest}`, field);
}

export interface PairFields {
  readonly first: string;
  readonly second: string;
  readonly label?: string;
  /** The allowed labels; others are errors. */
  readonly labels?: readonly string[];
  /** A number, e.g. similarity from 0 to 5. */
  readonly score?: string;
}

/** Rows whose label is `-` have none that annotators agree on (SNLI, OCNLI): they are left out and counted. */
export function pairRows(rows: readonly DataRow[], fields: PairFields, options: TaskOptions): TaskRows<PairRow> {
  const names = [fields.first, fields.second, fields.label, fields.score].filter((name) => name !== undefined);
  return each(rows, names, options, (record, tracker) => {
    const label = fields.label === undefined ? undefined : labelOf(record, fields.label);
    if (label === '-') {
      tracker.note('row without an agreed label');
      return undefined;
    }
    if (label !== undefined) refuseOther(label, fields.label!, fields.labels);
    return {
      task: 'pair',
      first: textOf(record, fields.first),
      second: textOf(record, fields.second),
      ...(label === undefined ? {} : { label }),
      ...(fields.score === undefined ? {} : { score: numberOf(record, fields.score) }),
    };
  });
}

export interface SequenceFields {
  readonly source: string;
  /** One field, or several for several references. A field may hold a list of texts. */
  readonly target: string | readonly string[];
}

/** For translation and summarization. A source that is a list of sentences is joined by blanks. */
export function sequenceRows(
  rows: readonly DataRow[],
  fields: SequenceFields,
  options: TaskOptions,
): TaskRows<SequenceRow> {
  const targets = typeof fields.target === 'string' ? [fields.target] : fields.target;
  return each(rows, [fields.source, ...targets], options, (record) => ({
    task: 'sequence-to-sequence',
    source: textsOf(record, fields.source).join(' '),
    targets: targets.flatMap((name) => textsOf(record, name)),
  }));
}

function each<Row>(
  rows: readonly DataRow[],
  names: readonly string[],
  { file, onBadRow, who, goesOn = false }: TaskOptions,
  read: (record: RecordRow, tracker: Tracker) => Row | undefined,
): TaskRows<Row> {
  const tracker = new Tracker(file, onBadRow);
  const first = rows.find((row) => row.task === 'record');
  if (first === undefined)
    throw new YumoError(
      'DATA',
      `${file}: its rows are ${rows[0]?.task ?? 'nothing'}, without named fields; ${who === undefined ? '' : `${who} needs these: take the objective for such rows, or `}read the file as csv, tsv, json or jsonl`,
      { file },
    );
  for (const name of names)
    if (!goesOn && !rows.some((row) => row.task === 'record' && name in row.fields))
      throw new YumoError(
        'DATA',
        `${file}: no field "${name}"${suggestion(name, Object.keys(first.fields)) || `; it has ${Object.keys(first.fields).join(', ')}`}`,
        { file, field: name },
      );
  const found = rows.flatMap((row) => (row.task === 'record' ? tracker.at(row.line, () => read(row, tracker)) : []));
  const kept = found.filter((row) => row !== undefined);
  return { rows: kept, report: tracker.report(kept.length) };
}

function textOf({ fields }: RecordRow, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new RowError(`${name} is ${show(value)}, expected text`, name);
  if (value.trim() === '') throw new RowError(`${name} is empty`, name);
  return value;
}

function textsOf(record: RecordRow, name: string): readonly string[] {
  const value = record.fields[name];
  if (!Array.isArray(value)) return [textOf(record, name)];
  const texts = value.filter((item): item is string => typeof item === 'string' && item.trim() !== '');
  if (texts.length === 0 || texts.length < value.length)
    throw new RowError(`${name} is ${show(value)}, expected a list of texts`, name);
  return texts;
}

function labelOf({ fields }: RecordRow, name: string): string {
  const value = fields[name];
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string' || value.trim() === '')
    throw new RowError(`${name} is ${show(value)}, expected a label`, name);
  return value.trim();
}

function numberOf({ fields }: RecordRow, name: string): number {
  const value = fields[name];
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number))
    throw new RowError(`${name} is ${show(value)}, expected a number`, name);
  return number;
}
