// The table of PARITY.md: every operation and every family of models, forward and gradients, on every engine that can run here.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Absent, type Column, columns, isUnanswered, measureColumn, programOf } from './parity/columns.ts';
import { cells, type Outcome } from './parity/measure.ts';
import {
  failureOf,
  hasBegun,
  type KnownFailures,
  keepResults,
  keyOf,
  type Results,
  readResults,
  tableText,
} from './parity/table.ts';

/** What an engine cannot do. What is listed must really fail, in these words; what fails must be listed. */
const knownFailures: KnownFailures = {};

/** Software that plays a GPU takes seconds a row: the whole table is measured when it is asked for, not with every test run. */
const asked = process.env.YUMO_PARITY_ENGINES === '1';
if (!asked) console.info('parity of all engines: not measured; YUMO_PARITY_ENGINES=1 measures it (minutes)');

const digestOf = async (column: Column): Promise<string> => (await programOf(column)).digest;

/** Measures what is not on disk yet, and keeps each cell there as soon as it is known. */
async function resultsOf(column: Column): Promise<Results> {
  const digest = await digestOf(column);
  const before = readResults(column.label, digest);
  const results: Record<string, Outcome> = typeof before === 'string' ? {} : { ...before };
  const todo = cells.filter((cell) => !(keyOf(cell) in results) || isUnanswered(results[keyOf(cell)]!));
  try {
    for await (const { cell, outcome } of measureColumn(column, todo)) {
      results[keyOf(cell)] = outcome;
      keepResults(column.label, digest, results);
    }
    return results;
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    keepResults(column.label, digest, error.message);
    return error.message;
  }
}

describe.skipIf(!asked)('agrees with the interpreter', () => {
  // Each cell has a limit of its own (columns.ts); this one is for what nobody thought of.
  it.each(columns)(
    '$label',
    async (column) => {
      const { label } = column;
      const results = await resultsOf(column);
      // An engine that is not here leaves its column empty, and a line that says why.
      if (typeof results === 'string') return console.info(`${label}: not measured: ${results}`);
      const known = knownFailures[label] ?? {};
      const wrong = cells.flatMap((cell) => {
        const failure = failureOf(column, cell, results);
        const listed = known[keyOf(cell)];
        if (failure === undefined) return listed ? [`${keyOf(cell)}: is listed as failing, and does not`] : [];
        return listed?.words.test(failure) ? [] : [`${keyOf(cell)}: ${failure}`];
      });
      expect(wrong).toEqual([]);
    },
    3_600_000,
  );
});

afterAll(async () => {
  if (!asked) return;
  const found = await Promise.all(
    columns.map(async (column) => ({ column, results: readResults(column.label, await digestOf(column)) })),
  );
  const missing = found.filter(({ results }) => !hasBegun(results)).map(({ column }) => column.label);
  if (missing.length > 0) console.info(`PARITY.md: left as it is until these are measured too: ${missing.join('; ')}`);
  else writeFileSync(join(import.meta.dirname, '../PARITY.md'), tableText(found, knownFailures));
}, 120_000);
