// Reading a file piece by piece: what every format's reader is then.

/** Rows of a piece of a file, and how many of its characters they took: the rest comes again, with more behind it. */
export interface Piece<Row> {
  readonly rows: readonly Row[];
  readonly used: number;
}

/**
 * Reads the next piece of a file.
 * @param text whole lines
 * @param line number of the first, from 1
 * @param last nothing comes after it, so that all of it is used
 */
export type PieceReader<Row> = (text: string, line: number, last: boolean) => Piece<Row>;
