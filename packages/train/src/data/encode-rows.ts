// Rows to packed examples, with what batches are planned by: what a thread does with a group of rows.

import type { Maker } from '../objectives/makers/index.ts';
import { packedExample } from './example-records.ts';
import { type Example, lengthsOf } from './examples.ts';
import { type Noted, type Part, tally } from './kept.ts';

/** Rows of one part, as JSON. */
export interface RowGroup {
  readonly part: Part;
  /** Number of the first row in its part. */
  readonly first: number;
  readonly rows: readonly string[];
}

export interface PackedGroup {
  readonly bytes: Uint8Array;
  /** For each example the size of its record, and its length along each axis. */
  readonly index: Uint32Array;
  readonly tokens: number;
  readonly noted: readonly Noted[];
  /** Names of the lists of the records, in order; of the axes as well. Absent where there is no example. */
  readonly names?: readonly string[];
  readonly axes?: readonly string[];
}

export function encodedRows<Row>(maker: Maker<Row>, { part, first, rows }: RowGroup): PackedGroup {
  const counted = tally();
  const tell =
    part === 'training' || maker.tellsOfBoth ? (text: string): void => counted.note(text, 1) : (): void => undefined;
  const examples = rows.flatMap((row, i): readonly Example[] =>
    maker.examplesOf(JSON.parse(row) as Row, { number: first + i, part }, tell),
  );
  const noted = counted.noted();
  if (examples.length === 0) return { bytes: new Uint8Array(), index: new Uint32Array(), tokens: 0, noted };
  const names = Object.keys(examples[0]!);
  const axes = Object.keys(lengthsOf(examples[0]!, maker.columns));
  const records = examples.map((e) => packedExample(e, names));
  const bytes = new Uint8Array(records.reduce((n, r) => n + r.length, 0));
  const index = new Uint32Array(examples.length * (1 + axes.length));
  let at = 0;
  let entry = 0;
  examples.forEach((example, i) => {
    bytes.set(records[i]!, at);
    at += records[i]!.length;
    index[entry++] = records[i]!.length;
    for (const length of Object.values(lengthsOf(example, maker.columns))) index[entry++] = length;
  });
  return { bytes, index, tokens: examples.reduce((n, e) => n + maker.countTokens(e), 0), noted, names, axes };
}
