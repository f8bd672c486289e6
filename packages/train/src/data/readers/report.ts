// What became of a file's rows: nothing is left out or changed without being counted.

import { YumoError } from '@yumo/core';

/** A row that could not be read. */
export interface Problem {
  /** Line, or number of the item, from 1. */
  readonly line: number;
  readonly message: string;
}

export interface ReadReport {
  readonly rows: number;
  /** Rows left out because they are wrong; 0 unless skipping was asked for. */
  readonly skipped: number;
  /** The first of them. */
  readonly problems: readonly Problem[];
  /** What was passed over or put right, with how often: "blank line", "answer moved to where it stands", … */
  readonly notes: ReadonlyMap<string, number>;
}

/** What to do with a row that is wrong. */
export type OnBadRow = 'error' | 'skip';

const keptProblems = 20;

/** Counts while a file is read. */
export class Tracker {
  readonly file: string;
  private readonly onBadRow: OnBadRow;
  private skipped = 0;
  private readonly problems: Problem[] = [];
  private readonly notes = new Map<string, number>();

  /** Takes the lines that rows begin on, of formats whose rows do not tell it. */
  readonly lines: number[] | undefined;

  constructor(file: string, onBadRow: OnBadRow = 'error', lines?: number[]) {
    this.file = file;
    this.onBadRow = onBadRow;
    this.lines = lines;
  }

  /** Counts something that is not an error. */
  note(what: string): void {
    this.notes.set(what, (this.notes.get(what) ?? 0) + 1);
  }

  /** The rows of one line or item; a `DATA` error of `read` is thrown with the place, or counted where skipping was asked for. */
  at<Row>(line: number, read: () => Row): Row[] {
    try {
      return [read()];
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      const message = `${this.file}:${line}: ${error.message}`;
      if (this.onBadRow === 'error')
        throw new YumoError('DATA', message, {
          file: this.file,
          line,
          skippable: true, // callers know what they call it: an option, a field
          ...(error.field === undefined ? {} : { field: error.field }),
        });
      this.skipped++;
      if (this.problems.length < keptProblems) this.problems.push({ line, message });
      return [];
    }
  }

  report(rows: number): ReadReport {
    return { rows, skipped: this.skipped, problems: this.problems, notes: this.notes };
  }
}

/** What is wrong with a row; {@link Tracker.at} adds the place. */
export class RowError extends Error {
  readonly field: string | undefined;

  constructor(message: string, field?: string) {
    super(message);
    this.field = field;
  }
}
