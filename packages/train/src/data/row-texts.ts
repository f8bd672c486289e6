// The texts of a row of any task, labels left out.

import { YumoError } from '@yumo/core';
import type { DataRow } from './readers/rows.ts';

/**
 * @param fields which fields of records are text.
 * @param file for messages.
 * @throws YumoError `CONFIG` for records whose fields are not named.
 */
export function textsOfRow(row: DataRow, fields: string | readonly string[] | undefined, file: string): string[] {
  switch (row.task) {
    case 'text':
    case 'classification':
    case 'spans':
      return [row.text];
    case 'pair':
      return [row.first, row.second];
    case 'question-answering':
      return [row.context, row.question];
    case 'sequence-to-sequence':
      return [row.source, ...row.targets];
    case 'tagging':
      return [joined(row.tokens)];
    case 'instruction':
      return [row.instruction, row.input, row.output];
    case 'chat':
    case 'preference':
      return row.messages.map((m) => m.content);
    case 'record': {
      if (!fields)
        throw new YumoError(
          'CONFIG',
          `data: which fields of ${file} are text? Its rows have ${Object.keys(row.fields).join(', ')}; write "fields": {"text": […]}`,
          { file },
        );
      return [fields].flat().flatMap((f) => stringsIn(row.fields[f]));
    }
  }
}

/** The longest text of a row, which tells it from others: of a question its context. Of a record whose fields are not named, the longest of all. */
export function longestTextOf(row: DataRow, fields: string | readonly string[] | undefined, file: string): string {
  const texts = textsOfRow(row, fields ?? (row.task === 'record' ? Object.keys(row.fields) : []), file);
  return texts.reduce((a, b) => (b.length > a.length ? b : a), '');
}

/** A text, or the texts of a list (sentences of one text: joined). */
const stringsIn = (x: unknown): string[] =>
  typeof x === 'string' ? [x] : Array.isArray(x) ? [x.filter((t) => typeof t === 'string').join(' ')] : [];

const isWide = (token: string): boolean =>
  /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\u3000-\u303f\uff00-\uffef]/u.test(token);

/** Tokens as a text: blanks between words, none between Chinese characters. */
export function joined(tokens: readonly string[]): string {
  let text = '';
  for (const token of tokens) text += text === '' || isWide(token) || isWide(text.at(-1)!) ? token : ` ${token}`;
  return text;
}
