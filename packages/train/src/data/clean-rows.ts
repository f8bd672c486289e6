// Cleaning of a file's rows: normal forms, filters, repeats, personal data; the rows as they go back into a file, and what became of them.

import { suggestion, YumoError } from '@yumo/core';
import { type CleanOptions, type CleanReport, cleanTexts } from './cleaning/clean.ts';
import { maskAll, type PrivacyReport } from './privacy/find.ts';
import type { ReadFile } from './readers/read.ts';

export interface CleanRowsOptions extends CleanOptions {
  /** The text of rows with fields. Default `text`. */
  readonly field?: string;
  /** Replaces personal data by their kind in brackets. */
  readonly mask?: boolean;
}

export interface CleanRows {
  /** As a file: a text a line, or an object a line. */
  readonly content: string;
  readonly report: CleanReport;
  /** Of the rows that stayed; absent unless masking was asked for. */
  readonly masked?: PrivacyReport;
}

/**
 * @throws YumoError `DATA` for rows that are neither texts nor records with the field; `CONFIG` as {@link cleanTexts}.
 */
export function cleanRows({ name, format, rows }: ReadFile, options: CleanRowsOptions = {}): CleanRows {
  const { field = 'text', mask = false } = options;
  const texts = rows.map((row, i) => {
    if (row.task === 'text') return row.text;
    if (row.task !== 'record')
      throw new YumoError('DATA', `${name}: rows of ${format} are not cleaned; give text, JSON lines, or a table`, {
        file: name,
        format,
      });
    const text = row.fields[field];
    if (typeof text === 'string') return text;
    const names = Object.keys(row.fields);
    throw new YumoError(
      'DATA',
      `${name}: row ${i + 1} has no text in "${field}"${suggestion(field, names) || `; it has ${names.join(', ')}`}`,
      { file: name, row: i + 1, field },
    );
  });
  const cleaned = cleanTexts(texts, options);
  const masked = mask ? maskAll(cleaned.rows.map((r) => r.text)) : undefined;
  const lines = cleaned.rows.map(({ index, text }, i) => {
    const row = rows[index]!;
    const written = masked ? masked.texts[i]! : text;
    return row.task === 'record' ? JSON.stringify({ ...row.fields, [field]: written }) : written;
  });
  return {
    content: lines.map((line) => `${line}\n`).join(''),
    report: cleaned.report,
    ...(masked ? { masked: masked.report } : {}),
  };
}
