// What every metric is: rows become parts, parts become a result. One batch, many batches and resampling follow from that.

import { YumoError } from '@yumo/core';

/**
 * A measure of a set of rows. `part` is what one row contributes, computed once; `result` sees all parts.
 * The result is a function of the rows alone: neither batches nor their order change it (sums of fractions are exact).
 */
export interface Metric<Row, Part, Result> {
  /** The name in tables and messages. */
  readonly name: string;
  readonly part: (row: Row) => Part;
  /** @throws YumoError `DATA` where the rows do not define a result. Never called without parts. */
  readonly result: (parts: readonly Part[]) => Result;
}

/** Collects rows batch by batch. */
export interface Accumulator<Row, Part, Result> {
  readonly metric: Metric<Row, Part, Result>;
  /** Adds the rows of one batch; a row that the metric refuses leaves the accumulator as it was. */
  add(rows: Iterable<Row>): void;
  /** The parts so far, for {@link bootstrap}. */
  readonly parts: readonly Part[];
  /** @throws YumoError `DATA` before the first row. */
  result(): Result;
}

/** An empty {@link Accumulator} of a metric. */
export function accumulate<Row, Part, Result>(metric: Metric<Row, Part, Result>): Accumulator<Row, Part, Result> {
  const parts: Part[] = [];
  return {
    metric,
    parts,
    add(rows) {
      const more = Array.from(rows, metric.part);
      for (const part of more) parts.push(part);
    },
    result() {
      if (parts.length === 0)
        throw new YumoError('DATA', `${metric.name}: there are no rows to measure`, { metric: metric.name });
      return metric.result(parts);
    },
  };
}

/** The result of a metric over rows that are all at hand. */
export function measure<Row, Part, Result>(metric: Metric<Row, Part, Result>, rows: Iterable<Row>): Result {
  const all = accumulate(metric);
  all.add(rows);
  return all.result();
}
