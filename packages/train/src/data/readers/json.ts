// JSON lines and JSON lists: one record an object, errors with their line.

import { YumoError } from '@yumo/core';
import { linesOf } from './bytes.ts';
import type { PieceReader } from './pieces.ts';
import { RowError, type Tracker } from './report.ts';
import type { RecordRow } from './rows.ts';

/** One object a line. Blank lines are passed over and counted. */
export function readJsonLines(text: string, tracker: Tracker, firstLine = 1): RecordRow[] {
  return linesOf(text).flatMap((content, i) => {
    if (content.trim() === '') {
      tracker.note('blank line');
      return [];
    }
    return tracker.at(firstLine + i, () => recordOf(parsed(content), firstLine + i));
  });
}

/** A list of objects, or an object that has it as `data`; `line` is the number of the item. */
export function readJsonList(text: string, tracker: Tracker): RecordRow[] {
  const whole = parseWhole(text, tracker.file);
  const value = (whole as { data?: unknown } | null)?.data ?? whole;
  if (!Array.isArray(value))
    throw new YumoError(
      'DATA',
      `${tracker.file}: expected a list of objects, or {"data": [ … ]}, found ${show(whole)}`,
      {
        file: tracker.file,
      },
    );
  return value.flatMap((item, i) => tracker.at(i + 1, () => recordOf(item, i + 1)));
}

/** Reads a list piece by piece, object by object. */
export function jsonListReader(tracker: Tracker): PieceReader<RecordRow> {
  let item = 0;
  let ended = false;
  let begun = false;
  return (text, line, last) => {
    const rows: RecordRow[] = [];
    let at = 0;
    const fail = (why: string): never => {
      const where = line + text.slice(0, at).split('\n').length - 1;
      throw new YumoError('DATA', `${tracker.file}:${where}: not JSON (${why})`, { file: tracker.file, line: where });
    };
    for (;;) {
      while (at < text.length && /[\s,]/.test(text[at]!)) at++;
      if (at === text.length) break;
      if (!begun) {
        if (text[at] !== '[') fail('expected a list of objects');
        begun = true;
        at++;
        continue;
      }
      if (ended) fail('text after the end of the list');
      if (text[at] === ']') {
        ended = true;
        at++;
        continue;
      }
      const end = endOfValue(text, at);
      if (end === undefined) break;
      let value: unknown;
      try {
        value = JSON.parse(text.slice(at, end));
      } catch (error) {
        fail(error instanceof Error ? error.message : String(error));
      }
      item++;
      rows.push(...tracker.at(item, () => recordOf(value, item)));
      at = end;
    }
    if (last && !ended) fail('the list has no end');
    return { rows, used: at };
  };
}

/** Where an object, list or other value of a list that begins at `at` ends; undefined when it goes on. */
function endOfValue(text: string, at: number): number | undefined {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
      if (i >= text.length) return undefined;
      if (depth === 0) return i + 1;
    } else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') {
      if (depth === 0) return i;
      if (--depth === 0) return i + 1;
    } else if (depth === 0 && c === ',') return i;
  }
  return undefined;
}

/** The whole file as one value. @throws YumoError `DATA` with the line of the mistake. */
export function parseWhole(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /position (\d+)/.exec(message)?.[1];
    const line = position === undefined ? text.split('\n').length : text.slice(0, Number(position)).split('\n').length;
    throw new YumoError('DATA', `${file}:${line}: not JSON (${message})`, { file, line }, error);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new RowError(`not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
}

function recordOf(value: unknown, line: number): RecordRow {
  return { task: 'record', fields: objectOf(value, 'row'), line };
}

/** An object, or a {@link RowError} that says what stands there. */
export function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RowError(`${what} is ${show(value)}, expected an object`, what);
  return value as Readonly<Record<string, unknown>>;
}

export function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new RowError(`${what} is ${show(value)}, expected a list`, what);
  return value;
}

export function stringOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new RowError(`${what} is ${show(value)}, expected text`, what);
  return value;
}

/** A value as messages show it. */
export const show = (value: unknown): string =>
  value === undefined ? 'missing' : (JSON.stringify(value) ?? String(value)).slice(0, 60);
