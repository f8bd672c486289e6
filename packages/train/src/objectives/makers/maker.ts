// What makes examples of rows: a function of a tokenizer and of plain data, so that threads can do it as well.

import type { Columns, Example } from '../../data/examples.ts';
import type { Part } from '../../data/kept.ts';

/** Where a row stands. */
export interface Place {
  /** In its part, from 0. */
  readonly number: number;
  readonly part: Part;
}

export interface Maker<Row> {
  readonly columns: Columns;
  /** Whether what is told of validation rows counts too. */
  readonly tellsOfBoth?: boolean;
  countTokens(e: Example): number;
  /**
   * One example, several (windows of a long text), or none. Validation examples may have further lists of numbers for the measures, which
   * are no columns of batches.
   * @param tell of what was cut or left out; called once for each time.
   */
  examplesOf(row: Row, place: Place, tell: (what: string) => void): readonly Example[];
}
