// Rows and examples in a fixed order, wherever they lie: in memory, or on disk. What objectives do with them is the same.

import type { Tokenizer } from '@yumo/tokenizer';
import type { ExampleSetup } from '../objectives/makers/index.ts';
import { makerOf } from '../objectives/makers/index.ts';
import type { Note, Progress } from '../objectives/objective.ts';
import { type Example, lengthsOf } from './examples.ts';

export type Part = 'training' | 'validation';
export const bothParts: readonly Part[] = ['training', 'validation'];

/** Items in a fixed order. */
export interface Kept<Item> {
  readonly length: number;
  /** Items number `from` … `to` − 1 (all by default), in order, in groups. */
  groups(from?: number, to?: number): Iterable<readonly Item[]> | AsyncIterable<readonly Item[]>;
  /** Items by number, in the order asked for. */
  read(numbers: readonly number[]): readonly Item[] | Promise<readonly Item[]>;
}

/** Both parts of a data set, as rows of one task. */
export interface Parts<Row> {
  readonly training: Kept<Row>;
  readonly validation: Kept<Row>;
  readonly keeper: Keeper;
  /** What the rows are: of the same name are the same rows. */
  readonly name: string;
}

/** Examples, with what batches are planned by in memory: a length an example and axis. */
export interface KeptExamples {
  readonly length: number;
  /** Length of each example along each axis. */
  readonly lengths: Readonly<Record<string, ArrayLike<number>>>;
  /** Of all of them. */
  readonly tokens: number;
  read(numbers: readonly number[]): readonly Example[] | Promise<readonly Example[]>;
}

export interface ExampleSets {
  readonly training: KeptExamples;
  readonly validation: KeptExamples;
  /** Of all examples, in order: a resumed run compares it. */
  readonly fingerprint: string;
}

/** How examples are made of rows. */
export interface ExampleOrder<Row> {
  readonly parts: Parts<Row>;
  readonly tokenizer: Tokenizer;
  readonly setup: ExampleSetup<Row>;
  readonly note: Note;
  readonly progress?: Progress | undefined;
}

/** Rows made of a row of a part. The training part comes first. */
export type Derive<Row, New> = (row: Row, note: Note, part: Part) => readonly New[];

/** Where rows and examples are kept. */
export interface Keeper {
  /**
   * New rows made of those of other parts.
   * @param name of what is done: `derive` depends on the rows and on it alone.
   */
  derived<Row, New>(parts: Parts<Row>, name: string, derive: Derive<Row, New>, note: Note): Promise<Parts<New>>;
  /** Something about rows that takes a look at all of them; plain data. */
  fact<Row, T>(parts: Parts<Row>, name: string, find: () => Promise<T>): Promise<T>;
  examples<Row>(order: ExampleOrder<Row>): Promise<ExampleSets>;
  /** Lets go of what is open. */
  close(): Promise<void>;
}

export const inMemory = <Item>(items: readonly Item[]): Kept<Item> => ({
  length: items.length,
  groups: (from = 0, to = items.length) => [from === 0 && to === items.length ? items : items.slice(from, to)],
  read: (numbers) => numbers.map((n) => items[n]!),
});

export const partsInMemory = <Row>(training: readonly Row[], validation: readonly Row[]): Parts<Row> => ({
  training: inMemory(training),
  validation: inMemory(validation),
  keeper: memoryKeeper,
  name: '',
});

/** What was noted, each text once. */
export interface Noted {
  readonly text: string;
  readonly count: number;
  readonly first?: string | undefined;
}

/** Sums up what is noted piece by piece, in the order in which it was met. */
export function tally(): { note: Note; noted(): Noted[]; tellTo(note: Note): void } {
  const counts = new Map<string, Noted>();
  return {
    note(text, count, first) {
      const known = counts.get(text);
      counts.set(text, { text, count: (known?.count ?? 0) + count, first: known?.first ?? first });
    },
    noted: () => [...counts.values()],
    tellTo(note) {
      for (const { text, count, first } of counts.values()) note(text, count, first);
    },
  };
}

/** All in arrays. */
export const memoryKeeper: Keeper = {
  async derived<Row, New>(parts: Parts<Row>, _: string, derive: Derive<Row, New>, note: Note) {
    const counted = tally();
    const all = async (part: Part): Promise<New[]> => {
      const found: New[] = [];
      for await (const rows of parts[part].groups())
        for (const row of rows) found.push(...derive(row, counted.note, part));
      return found;
    };
    const made = partsInMemory(await all('training'), await all('validation'));
    counted.tellTo(note);
    return made;
  },
  fact: (_, __, find) => find(),
  async examples({ parts, tokenizer, setup, note }) {
    const maker = makerOf(tokenizer, setup);
    const counted = tally();
    const tell = (text: string): void => counted.note(text, 1);
    const examplesOf = async (part: Part): Promise<Example[]> => {
      const telling = part === 'training' || maker.tellsOfBoth ? tell : () => undefined;
      const found: Example[] = [];
      let number = 0;
      for await (const rows of parts[part].groups())
        for (const row of rows) found.push(...maker.examplesOf(row, { number: number++, part }, telling));
      return found;
    };
    const training = await examplesOf('training');
    const validation = await examplesOf('validation');
    counted.tellTo(note);
    const kept = (examples: readonly Example[]): KeptExamples => ({
      length: examples.length,
      lengths: columnsOfLengths(examples.map((e) => lengthsOf(e, maker.columns))),
      tokens: examples.reduce((n, e) => n + maker.countTokens(e), 0),
      read: (numbers) => numbers.map((n) => examples[n]!),
    });
    return {
      training: kept(training),
      validation: kept(validation),
      fingerprint: fingerprintOf(maker.columns, training, validation),
    };
  },
  close: async () => undefined,
};

const columnsOfLengths = (rows: readonly Readonly<Record<string, number>>[]): Record<string, number[]> =>
  Object.fromEntries(Object.keys(rows[0] ?? {}).map((axis) => [axis, rows.map((r) => r[axis]!)]));

/** FNV-1a over all numbers of examples, of the columns that are trained on. */
function fingerprintOf(columns: Readonly<Record<string, unknown>>, ...sets: readonly (readonly Example[])[]): string {
  let hash = 0x811c9dc5;
  const words = new Float32Array(1);
  const bits = new Int32Array(words.buffer);
  for (const examples of sets) {
    hash = Math.imul(hash ^ examples.length, 0x01000193);
    for (const example of examples)
      for (const [name, column] of Object.entries(example)) {
        if (!(name in columns)) continue;
        for (const x of column) {
          if (column instanceof Float32Array) words[0] = x;
          else bits[0] = x;
          hash = Math.imul(hash ^ bits[0]!, 0x01000193);
        }
      }
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
