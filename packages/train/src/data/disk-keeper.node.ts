// Rows and examples larger than memory: made once, kept in the user's cache, found again by the content of files and tokenizer.

import { throwIfAborted, YumoError } from '@yumo/core';
import { Tokenizer } from '@yumo/tokenizer';
import { type AnySetup, makerOf } from '../objectives/makers/index.ts';
import type { Note } from '../objectives/objective.ts';
import { type CacheEntry, entryKey, entryWriter, openEntry } from './cache-entry.node.ts';
import {
  type DiskExamples,
  diskExamples,
  type ExampleFacts,
  type ExampleWriter,
  exampleWriter,
} from './disk-examples.node.ts';
import { DiskRows, type RowFacts, type RowWriter, rowWriter } from './disk-rows.node.ts';
import { encodedRows, type PackedGroup, type RowGroup } from './encode-rows.ts';
import type { EncodeOrder } from './encode-worker.node.ts';
import {
  bothParts,
  type Derive,
  type ExampleOrder,
  type Keeper,
  type Noted,
  type Part,
  type Parts,
  tally,
} from './kept.ts';
import { progressMeter } from './progress.ts';
import { inThreads } from './worker-pool.node.ts';

export interface DiskKeeperOptions {
  readonly cache: string;
  /** Of encoding; all processors but one by default, none for few rows. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Rows of a segment, which is what is made again where encoding was interrupted. */
  readonly segmentRows?: number | undefined;
}

const defaultSegmentRows = 1 << 17;
/** Threads start where there are more rows than this. */
const worthThreads = 20_000;
/** Characters of rows that go to a thread at once. */
const groupCharacters = 1 << 17;

export class DiskKeeper implements Keeper {
  readonly cache: string;
  readonly #options: DiskKeeperOptions;
  #open: DiskExamples[] = [];

  constructor(options: DiskKeeperOptions) {
    this.cache = options.cache;
    this.#options = options;
  }

  /** Rows of entries; what was noted when they were made is told. */
  partsOf<Row>(entries: readonly CacheEntry<RowFacts>[], name: string, note: Note): Parts<Row> {
    tellAll(entries, note);
    const rows = (part: Part): DiskRows<Row> => new DiskRows(entries, part, this.#options.signal);
    return { training: rows('training'), validation: rows('validation'), keeper: this, name };
  }

  /** An entry of rows: found, or made. */
  async rows(key: string, make: (writer: RowWriter) => Promise<void>): Promise<CacheEntry<RowFacts>> {
    return (
      (await openEntry<RowFacts>(this.cache, key)) ??
      this.#made(await rowWriter(this.cache, key), (writer) => make(writer))
    );
  }

  async derived<Row, New>(parts: Parts<Row>, name: string, derive: Derive<Row, New>, note: Note): Promise<Parts<New>> {
    const key = entryKey('derived', parts.name, name);
    const entry = await this.rows(key, async (writer) => {
      for (const part of bothParts)
        for await (const rows of parts[part].groups()) {
          throwIfAborted(this.#options.signal, 'data');
          for (const row of rows)
            for (const made of derive(row, writer.noted.note, part)) await writer.add(part, JSON.stringify(made));
        }
    });
    return this.partsOf([entry], key, note);
  }

  async fact<Row, T>(parts: Parts<Row>, name: string, find: () => Promise<T>): Promise<T> {
    const key = entryKey('fact', parts.name, name);
    const known = await openEntry<{ readonly value: T }>(this.cache, key);
    if (known) return known.facts.value;
    const value = await find();
    const writer = await entryWriter<{ readonly value: T }>(this.cache, key, []);
    await writer.finish({ value });
    return value;
  }

  async examples<Row>(order: ExampleOrder<Row>): ReturnType<Keeper['examples']> {
    const { parts, tokenizer, setup, note, progress } = order;
    const { segmentRows = defaultSegmentRows } = this.#options;
    const tokenizerJson = JSON.stringify(tokenizer.toJson());
    const total = parts.training.length + parts.validation.length;
    const meter = progressMeter('encoding', total, progress);
    const segments: Segment<Row>[] = [];
    const entries = new Map<Segment<Row>, CacheEntry<ExampleFacts>>();
    for (const part of bothParts) {
      const rows = parts[part];
      if (!(rows instanceof DiskRows)) throw new Error('internal: rows that this keeper has not made');
      for (let from = 0; from < rows.length; from += segmentRows) {
        const to = Math.min(rows.length, from + segmentRows);
        const key = entryKey('examples', parts.name, part, `${from} ${to}`, tokenizerJson, JSON.stringify(setup));
        const segment = { rows, part, from, to, key };
        segments.push(segment);
        const found = await openEntry<ExampleFacts>(this.cache, key);
        if (!found) continue;
        entries.set(segment, found);
        meter.skip(to - from);
      }
    }
    const missing = segments.filter((s) => !entries.has(s));
    await this.#encode(missing, { tokenizerJson, setup: setup as AnySetup }, meter.add, entries);
    const made = (part: Part) => segments.filter((s) => s.part === part).map((s) => entries.get(s)!);
    tellAll([...entries.values()], note);
    const [training, validation] = [await diskExamples(made('training')), await diskExamples(made('validation'))];
    this.#open.push(training, validation);
    const hashes = bothParts.map((part) =>
      made(part)
        .map((e) => JSON.stringify(e.hashes))
        .join(),
    );
    return { training, validation, fingerprint: entryKey(...hashes).slice(0, 16) };
  }

  /** Makes the examples of segments one after the other, by the same threads. */
  async #encode<Row>(
    segments: readonly Segment<Row>[],
    order: EncodeOrder,
    onRows: (count: number) => void,
    entries: Map<Segment<Row>, CacheEntry<ExampleFacts>>,
  ): Promise<void> {
    const rows = segments.reduce((n, { from, to }) => n + to - from, 0);
    const { signal, threads = rows < worthThreads ? 0 : undefined } = this.#options;
    let maker: ReturnType<typeof makerOf<unknown>> | undefined;
    const answers = inThreads<Job<Row>, RowGroup, PackedGroup>(jobsOf(segments), {
      threads,
      signal,
      worker: new URL('./encode-worker.node.js', import.meta.url),
      workerData: order,
      messageOf: ({ group }) => group,
      here(group) {
        maker ??= makerOf(Tokenizer.fromJson(order.tokenizerJson), order.setup);
        return encodedRows(maker, group);
      },
      failure: (failed, code) => (code === undefined ? new Error(failed) : new YumoError('DATA', failed, {})),
    });
    let writer: ExampleWriter | undefined;
    try {
      for await (const [{ segment, group }, answer] of answers) {
        writer ??= await exampleWriter(this.cache, segment.key);
        await writer.add(answer);
        if (group.first + group.rows.length === segment.to) {
          entries.set(segment, await writer.finish());
          writer = undefined;
        }
        onRows(group.rows.length);
      }
    } catch (error) {
      await writer?.discard();
      throw error;
    }
  }

  /** Lets a writer be filled and finished, or leaves nothing of it. */
  async #made<Writer extends { finish(): Promise<Entry>; discard(): Promise<void> }, Entry>(
    writer: Writer,
    fill: (writer: Writer) => Promise<void>,
  ): Promise<Entry> {
    try {
      await fill(writer);
      return await writer.finish();
    } catch (error) {
      await writer.discard();
      throw error;
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    for (const examples of open) await examples.close();
  }
}

/** Tells what was noted when entries were made, summed up. */
function tellAll(entries: readonly CacheEntry<{ readonly noted: readonly Noted[] }>[], note: Note): void {
  const all = tally();
  for (const { facts } of entries) for (const { text, count, first } of facts.noted) all.note(text, count, first);
  all.tellTo(note);
}

/** Rows that are encoded into one entry. */
interface Segment<Row> {
  readonly rows: DiskRows<Row>;
  readonly part: Part;
  readonly from: number;
  readonly to: number;
  readonly key: string;
}

interface Job<Row> {
  readonly segment: Segment<Row>;
  readonly group: RowGroup;
}

/** Rows of segments in groups of about {@link groupCharacters}. */
async function* jobsOf<Row>(segments: readonly Segment<Row>[]): AsyncGenerator<Job<Row>> {
  for (const segment of segments) {
    const { rows, part, from, to } = segment;
    let first = from;
    let held: string[] = [];
    let characters = 0;
    for await (const lines of rows.lines(from, to))
      for (const line of lines) {
        held.push(line);
        characters += line.length;
        if (characters < groupCharacters) continue;
        yield { segment, group: { part, first, rows: held } };
        first += held.length;
        held = [];
        characters = 0;
      }
    if (held.length > 0) yield { segment, group: { part, first, rows: held } };
  }
}
