// F1 of marked spans, by type and averaged: entities given by their ends, as in CLUENER.

import type { Entity } from './entities.ts';
import { averages, type FScores } from './f-score.ts';
import type { Metric } from './metric.ts';

/** One text. Spans may overlap; the same span twice counts once. */
export interface SpansRow {
  readonly expected: readonly Entity[];
  readonly predicted: readonly Entity[];
}

/** Over all entities; `perClass` is by type. Types that occur on either side are averaged. */
export type EntityScores = FScores;

/** A span is right when type, start and end are. CLUENER reports `macro.f`. */
export const spanF1: Metric<SpansRow, SpansRow, EntityScores> = {
  name: 'span F1',
  part: (row) => row,
  result: byType,
};

/** The scores of spans that were found. */
export function byType(rows: readonly SpansRow[]): EntityScores {
  const counts = new Map<string, { hits: number; predicted: number; expected: number }>();
  const of = (type: string): { hits: number; predicted: number; expected: number } => {
    const count = counts.get(type) ?? { hits: 0, predicted: 0, expected: 0 };
    counts.set(type, count);
    return count;
  };
  const distinct = (spans: readonly Entity[]): Map<string, Entity> =>
    new Map(spans.map((span) => [`${span.start} ${span.end} ${span.type}`, span]));
  for (const row of rows) {
    const expected = distinct(row.expected);
    const predicted = distinct(row.predicted);
    for (const { type } of expected.values()) of(type).expected++;
    for (const [key, { type }] of predicted) {
      of(type).predicted++;
      if (expected.has(key)) of(type).hits++;
    }
  }
  return averages(new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1))));
}
