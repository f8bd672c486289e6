// A text cut at the places that are marked in it.

export interface Mark {
  readonly start: number;
  readonly end: number;
}

export interface Piece<M extends Mark> {
  readonly text: string;
  /** Where it begins in the whole. */
  readonly at: number;
  readonly mark?: M;
}

/** Pieces that together are the text. Of marks that overlap the first in the list wins; those outside the text are left out. */
export function piecesOf<M extends Mark>(text: string, marks: readonly M[]): Piece<M>[] {
  const kept: M[] = [];
  for (const mark of marks)
    if (
      mark.start >= 0 &&
      mark.end <= text.length &&
      mark.start < mark.end &&
      kept.every((k) => k.end <= mark.start || mark.end <= k.start)
    )
      kept.push(mark);
  kept.sort((a, b) => a.start - b.start);
  const pieces: Piece<M>[] = [];
  let at = 0;
  for (const mark of kept) {
    if (mark.start > at) pieces.push({ text: text.slice(at, mark.start), at });
    pieces.push({ text: text.slice(mark.start, mark.end), at: mark.start, mark });
    at = mark.end;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), at });
  return pieces;
}
