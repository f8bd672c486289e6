// Columns of CoNLL: a token and its tag a line, a blank line between sentences.

import { linesOf } from './bytes.ts';
import type { PieceReader } from './pieces.ts';
import { RowError, type Tracker } from './report.ts';
import type { TaggingRow } from './rows.ts';

export interface ConllOptions {
  /** Columns of token and tag, from 0; negative from the end. Default first and last. */
  readonly token?: number;
  readonly tag?: number;
}

/**
 * A sentence with a wrong line is left out whole, where skipping was asked for. Columns stand between TABs, or else between blanks. Lines `-DOCSTART-` are passed over and counted. Where every token is one character and its
 * position in the word (Weibo's `科0`, `m15`), the position is removed and counted.
 */
export function readConll(text: string, tracker: Tracker, options: ConllOptions = {}): TaggingRow[] {
  const rows = sentencesOf(text, 1, tracker, options);
  return rows.length > 0 && rows.every(hasPositions) ? withoutPositions(rows, tracker) : rows;
}

/** Reads it piece by piece; whether tokens have positions is told by the first. A sentence ends with a blank line. */
export function conllReader(tracker: Tracker, options: ConllOptions = {}): PieceReader<TaggingRow> {
  let positions: boolean | undefined;
  return (text, line, last) => {
    const end = last ? text.length : lastBlankLine(text);
    const rows = sentencesOf(text.slice(0, end), line, tracker, options);
    if (rows.length > 0) positions ??= rows.every(hasPositions);
    return { rows: positions ? withoutPositions(rows, tracker) : rows, used: end };
  };
}

/** The end of the last blank line; 0 when there is none. */
function lastBlankLine(text: string): number {
  const found = /^[\s\S]*\n[^\S\n]*\n/.exec(text);
  return found ? found[0].length : 0;
}

function sentencesOf(
  text: string,
  firstLine: number,
  tracker: Tracker,
  { token = 0, tag = -1 }: ConllOptions,
): TaggingRow[] {
  const rows: TaggingRow[] = [];
  let tokens: string[] = [];
  let tags: string[] = [];
  let broken = false;
  const close = (): void => {
    if (tokens.length > 0 && !broken) rows.push({ task: 'tagging', tokens, tags });
    else if (tokens.length > 0) tracker.lines?.pop();
    tokens = [];
    tags = [];
    broken = false;
  };
  linesOf(text).forEach((line, i) => {
    if (line.trim() === '') close();
    else if (line.startsWith('-DOCSTART-')) tracker.note('-DOCSTART- line');
    else if (!broken) {
      const [columns] = tracker.at(firstLine + i, () => columnsOf(line, token, tag));
      broken = columns === undefined; // its sentence would lack a token
      if (!columns) return;
      if (tokens.length === 0) tracker.lines?.push(firstLine + i);
      tokens.push(columns[0]);
      tags.push(columns[1]);
    }
  });
  close();
  return rows;
}

function columnsOf(line: string, token: number, tag: number): readonly [string, string] {
  const columns = line.includes('\t') ? line.split('\t') : line.trim().split(/\s+/);
  const word = columns.at(token);
  const label = columns.at(tag)?.trim();
  if (columns.length < 2 || word === undefined || label === undefined || word === '')
    throw new RowError(
      `${columns.length} column${columns.length === 1 ? '' : 's'} in ${JSON.stringify(line.slice(0, 40))}, expected a token and a tag`,
      'tag',
    );
  if (!/^(?:O|[BIESMLU](?:-.+)?)$/.test(label))
    throw new RowError(`tag ${JSON.stringify(label)} is not of the form B-TYPE, I-TYPE, …, O`, 'tag');
  return [word, label];
}

/** A character, or what a broken encoding left of one, and its position in its word. */
const numbered = /^(?:\ufffd+|.)\d{1,2}$/su;

const hasPositions = ({ tokens }: TaggingRow): boolean => tokens[0]!.endsWith('0') && tokens.every(isNumbered);

function withoutPositions(rows: readonly TaggingRow[], tracker: Tracker): TaggingRow[] {
  return rows.map((row) => ({
    ...row,
    tokens: row.tokens.map((word) => {
      tracker.note('position digit removed from a token');
      return word.startsWith('\ufffd') ? word.replace(/\d+$/, '') : String.fromCodePoint(word.codePointAt(0)!);
    }),
  }));
}

const isNumbered = (word: string): boolean => numbered.test(word);
