// Packed examples on disk. In memory are the size of each and its lengths: 2 bytes each where they fit, 4 else, and 8 bytes for 64 examples.

import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CacheEntry, entryWriter, readFully } from './cache-entry.node.ts';
import type { PackedGroup } from './encode-rows.ts';
import { unpackedExample } from './example-records.ts';
import type { Example } from './examples.ts';
import type { KeptExamples, Noted } from './kept.ts';
import { tally } from './kept.ts';

/** What an entry says of its examples. */
export interface ExampleFacts {
  readonly count: number;
  readonly tokens: number;
  readonly names: readonly string[];
  readonly axes: readonly string[];
  readonly noted: readonly Noted[];
}

const files = { records: 'examples', index: 'index' } as const;

export interface ExampleWriter {
  add(group: PackedGroup): Promise<void>;
  finish(): Promise<CacheEntry<ExampleFacts>>;
  discard(): Promise<void>;
}

export async function exampleWriter(cache: string, key: string): Promise<ExampleWriter> {
  const writer = await entryWriter<ExampleFacts>(cache, key, Object.values(files));
  const counted = tally();
  let [count, tokens] = [0, 0];
  let form: Pick<ExampleFacts, 'names' | 'axes'> = { names: [], axes: [] };
  return {
    async add({ bytes, index, tokens: more, noted, names, axes }) {
      for (const { text, count: times, first } of noted) counted.note(text, times, first);
      if (!names || !axes) return;
      form = { names, axes };
      count += index.length / (1 + axes.length);
      tokens += more;
      await writer.write(files.records, bytes);
      await writer.write(files.index, new Uint8Array(index.buffer, index.byteOffset, index.byteLength));
    },
    finish: () => writer.finish({ count, tokens, ...form, noted: counted.noted() }),
    discard: () => writer.discard(),
  };
}

/** Numbers in 2 bytes each where they fit. */
const narrow = (numbers: Uint32Array): Uint16Array | Uint32Array =>
  numbers.every((x) => x < 0x1_0000) ? Uint16Array.from(numbers) : numbers;

/** Where the records of an entry lie. */
interface Segment {
  readonly handle: FileHandle;
  readonly first: number;
  readonly names: readonly string[];
  readonly sizes: Uint16Array | Uint32Array;
  /** Where records 0, 64, 128 … begin. */
  readonly starts: Float64Array;
}

export interface DiskExamples extends KeptExamples {
  close(): Promise<void>;
}

/** The examples of some entries, one after the other. */
export async function diskExamples(entries: readonly CacheEntry<ExampleFacts>[]): Promise<DiskExamples> {
  const length = entries.reduce((n, { facts }) => n + facts.count, 0);
  const axes = entries.find(({ facts }) => facts.count > 0)?.facts.axes ?? [];
  const lengths = axes.map(() => new Uint32Array(length));
  const segments: Segment[] = [];
  let first = 0;
  for (const { folder, facts } of entries) {
    if (facts.count === 0) continue;
    const bytes = await readFile(join(folder, files.index));
    const index = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const width = 1 + axes.length;
    const sizes = Uint32Array.from({ length: facts.count }, (_, i) => index[i * width]!);
    const starts = new Float64Array(Math.ceil(facts.count / 64));
    let at = 0;
    for (let i = 0; i < facts.count; i++) {
      if ((i & 63) === 0) starts[i >> 6] = at;
      at += sizes[i]!;
      for (let axis = 0; axis < axes.length; axis++) lengths[axis]![first + i] = index[i * width + 1 + axis]!;
    }
    const handle = await open(join(folder, files.records));
    segments.push({ handle, first, names: facts.names, sizes: narrow(sizes), starts });
    first += facts.count;
  }
  const read = async (number: number): Promise<Example> => {
    const segment = segments[segmentOf(segments, number)]!;
    const at = number - segment.first;
    let start = segment.starts[at >> 6]!;
    for (let i = at & ~63; i < at; i++) start += segment.sizes[i]!;
    const bytes = new Uint8Array(segment.sizes[at]!);
    await readFully(segment.handle, bytes, start);
    return unpackedExample(bytes, segment.names);
  };
  return {
    length,
    lengths: Object.fromEntries(axes.map((axis, i) => [axis, narrow(lengths[i]!)])),
    tokens: entries.reduce((n, { facts }) => n + facts.tokens, 0),
    read: (numbers) => Promise.all(numbers.map(read)),
    async close() {
      for (const { handle } of segments) await handle.close();
    },
  };
}

/** The last segment that begins at or before a number. */
function segmentOf(segments: readonly Segment[], number: number): number {
  let [low, high] = [0, segments.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (segments[middle]!.first <= number) low = middle;
    else high = middle - 1;
  }
  return low;
}
