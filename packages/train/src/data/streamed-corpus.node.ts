// A corpus larger than memory: rows are read in pieces, split by their hash, encoded in threads, and kept as ids on disk.

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { YumoError } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { cacheFolder } from '../cache-folder.node.ts';
import type { Progress } from '../objectives/objective.ts';
import type { SourceRecipe } from '../recipe.ts';
import { entryKey, hashOfFile } from './cache-entry.node.ts';
import { countCharacters } from './corpus.ts';
import { DiskKeeper } from './disk-keeper.node.ts';
import { bothParts, type Parts } from './kept.ts';
import { type ProgressMeter, progressMeter } from './progress.ts';
import { isTrainingRow } from './row-split.ts';
import { rowStream } from './row-stream.node.ts';
import type { OpenStream, TextStream } from './sources.ts';
import { streamTextRows, type TextUnit } from './text-stream.node.ts';
import { openTokenEntry, type TokenEntry, tokenEntryWriter } from './token-cache.node.ts';
import type { TokenSource } from './token-source.ts';
import { tokenized, worthThreads } from './tokenize.node.ts';

export interface StreamedCorpusOptions {
  readonly unit: TextUnit;
  readonly field: string;
  /** Put after each row. */
  readonly separator: string;
  readonly trainShare: number;
  /** Where ids are kept; the user's cache folder by default. */
  readonly cache?: string;
  /** Of tokenization; all but one by default, none for little text. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

export interface StreamedCorpus extends OpenStream {
  /** Files whose ids were found and need not be made. */
  readonly cached: number;
}

/** Characters that go to a thread at once. */
const groupCharacters = 1 << 18;

/** Texts that become ids, and where those are found again. */
interface Passage {
  /** Everything that the texts depend on. */
  readonly key: readonly string[];
  /** Bytes or characters to read, for the progress and for whether threads are worth it. */
  readonly size: number;
  /** @param onRead told what was read so far, in the units of `size` */
  groups(onRead: (read: number) => void): AsyncIterable<Group>;
}

export interface EncodeOptions {
  readonly cache: string;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly end?: number | undefined;
  readonly progress?: Progress | undefined;
}

/**
 * @param paths .txt and .jsonl, also .gz.
 * @throws YumoError `DATA`, `FILE` as {@link streamTextRows}, and `DATA` when a part is shorter than `context` tokens and the label after them.
 */
export async function streamedCorpus(
  paths: readonly string[],
  tokenizer: Tokenizer,
  context: number,
  options: StreamedCorpusOptions & Pick<EncodeOptions, 'end' | 'progress'>,
): Promise<StreamedCorpus> {
  const { unit, field, trainShare, end } = options;
  const separator = end === undefined ? options.separator : '';
  const passages = paths.map(
    async (path): Promise<Passage> => ({
      key: [
        await hashOfFile(path),
        JSON.stringify({ jsonl: /\.jsonl(\.gz)?$/.test(path), unit, field, separator, trainShare }),
      ],
      size: (await stat(path)).size,
      groups: (onRead) => rowGroups(path, { ...options, separator }, onRead),
    }),
  );
  const corpus = await encoded(await Promise.all(passages), tokenizer, {
    ...options,
    cache: options.cache ?? cacheFolder('tokens'),
  });
  return checked(corpus, paths, context, trainShare);
}

/** The same of texts that are kept on disk. */
export async function encodedTexts(
  parts: Parts<string>,
  names: readonly string[],
  tokenizer: Tokenizer,
  context: number,
  options: EncodeOptions,
): Promise<StreamedCorpus> {
  const total = parts.training.length + parts.validation.length;
  const passage: Passage = {
    key: ['texts', parts.name],
    size: total,
    async *groups(onRead) {
      let read = 0;
      for (const part of bothParts)
        for await (const texts of parts[part].groups()) {
          read += texts.length;
          onRead(read);
          yield { texts, training: texts.map(() => part === 'training'), cut: texts.map(() => false) };
        }
    },
  };
  const threads = options.threads ?? (total < worthThreadsOfTexts ? 0 : undefined);
  const corpus = await encoded([passage], tokenizer, { ...options, threads });
  return checked(corpus, names, context, undefined);
}

/** Threads start where there are more texts than this. */
const worthThreadsOfTexts = 20_000;

async function encoded(
  passages: readonly Passage[],
  tokenizer: Tokenizer,
  options: EncodeOptions,
): Promise<StreamedCorpus> {
  const { cache, end, progress } = options;
  const tokenizerJson = JSON.stringify(tokenizer.toJson());
  const entries: TokenEntry[] = [];
  let cached = 0;
  const meter = progressMeter(
    'encoding',
    passages.reduce((n, p) => n + p.size, 0),
    progress,
  );
  const close = async (): Promise<void> => {
    for (const entry of entries) await entry.close();
  };
  try {
    for (const passage of passages) {
      const key = entryKey('tokens', tokenizerJson, ...passage.key, String(end));
      const found = await openTokenEntry(cache, key);
      if (found) {
        cached++;
        meter.skip(passage.size);
      }
      entries.push(found ?? (await makeEntry(passage, key, tokenizer.vocabularySize, tokenizerJson, options, meter)));
    }
    const validation = joined(entries.map((e) => e.validation));
    const characters = entries.reduce((n, e) => n + e.facts.validationCharacters, 0);
    const [first] = validation.length > 0 ? await validation.read(0, 1) : [];
    return {
      training: joined(entries.map((e) => e.training)),
      validation,
      trainingRows: entries.reduce((n, e) => n + e.facts.trainingRows, 0),
      validationRows: entries.reduce((n, e) => n + e.facts.validationRows, 0),
      validationCharacters: first === undefined ? 0 : characters - countCharacters(tokenizer.decode([first])),
      fingerprint: fingerprintOf(entries),
      cached,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function checked(
  corpus: StreamedCorpus,
  names: readonly string[],
  context: number,
  trainShare: number | undefined,
): Promise<StreamedCorpus> {
  try {
    check(names, corpus.training, corpus.validation, context, trainShare);
    return corpus;
  } catch (error) {
    await corpus.close();
    throw error;
  }
}

function check(
  paths: readonly string[],
  training: TokenSource,
  validation: TokenSource,
  context: number,
  trainShare: number | undefined,
): void {
  if (training.length <= context)
    throw new YumoError(
      'DATA',
      `data: the training part has ${training.length} tokens, one sequence needs ${context + 1}; give more text, or a smaller context`,
      { tokens: training.length, context },
    );
  if (validation.length < 2)
    throw new YumoError(
      'DATA',
      trainShare === undefined
        ? `data: the validation part has ${validation.length} tokens (${paths.join(', ')}); give more rows`
        : `data: the validation part has ${validation.length} tokens (${paths.join(', ')}, rows divided by their hash, trainShare ${trainShare}); give more rows, read lines as rows (data.unit line), or lower trainShare`,
      { tokens: validation.length, trainShare },
    );
}

const fingerprintOf = (entries: readonly TokenEntry[]): string => {
  const hash = createHash('sha256');
  for (const { fingerprint } of entries) hash.update(`${fingerprint}\n`);
  return hash.digest('hex').slice(0, 16);
};

interface Group {
  readonly texts: readonly string[];
  readonly training: readonly boolean[];
  /** The next text goes on where this one was cut. */
  readonly cut: readonly boolean[];
}

async function makeEntry(
  passage: Passage,
  key: string,
  vocabularySize: number,
  tokenizerJson: string,
  { cache, signal, end, threads = passage.size < worthThreads ? 0 : undefined }: EncodeOptions,
  meter: ProgressMeter,
): Promise<TokenEntry> {
  const writer = await tokenEntryWriter(cache, key, vocabularySize);
  try {
    let seen = 0;
    const groups = passage.groups((read) => {
      meter.add(Math.min(passage.size, read) - seen);
      seen = Math.min(passage.size, read);
    });
    for await (const { texts, training, cut, ids, lengths } of tokenized(groups, tokenizerJson, { threads, signal })) {
      const partOf = (i: number): 'training' | 'validation' => (training[i] ? 'training' : 'validation');
      const isEnded = (i: number): boolean => end !== undefined && !cut[i];
      const rows = { training: 0, validation: 0 };
      const room = { training: 0, validation: 0 };
      for (const i of texts.keys()) {
        rows[partOf(i)]++;
        room[partOf(i)] += lengths[i]! + +isEnded(i);
      }
      const tokens = { training: new Int32Array(room.training), validation: new Int32Array(room.validation) };
      const filled = { training: 0, validation: 0 };
      let characters = 0;
      let at = 0;
      for (const [i, text] of texts.entries()) {
        const part = partOf(i);
        const own = ids.subarray(at, at + lengths[i]!);
        tokens[part].set(own, filled[part]);
        filled[part] += own.length;
        if (isEnded(i)) tokens[part][filled[part]++] = end!;
        if (part === 'validation') characters += countCharacters(text);
        at += own.length;
      }
      for (const part of bothParts)
        await writer.add(part, tokens[part], { rows: rows[part], characters: part === 'validation' ? characters : 0 });
    }
    return await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** Rows with what stands after them, each with its part, in groups of about {@link groupCharacters}. */
async function* rowGroups(
  path: string,
  options: StreamedCorpusOptions,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<Group> {
  const { unit, field, separator, trainShare, signal } = options;
  let group = { texts: [] as string[], training: [] as boolean[], cut: [] as boolean[] };
  let characters = 0;
  const stop = { ...(signal ? { signal } : {}), ...(onBytes ? { onBytes } : {}) };
  for await (const rows of streamTextRows(path, { unit, field, ...stop }))
    for (const { text, cut } of rows) {
      const whole = cut ? text : text + separator;
      group.texts.push(whole);
      group.training.push(isTrainingRow(text, trainShare));
      group.cut.push(cut);
      characters += whole.length;
      if (characters < groupCharacters) continue;
      yield group;
      group = { texts: [], training: [], cut: [] };
      characters = 0;
    }
  if (group.texts.length > 0) yield group;
}

/** Streams one after another. */
function joined(sources: readonly TokenSource[]): TokenSource {
  const starts = [0];
  for (const source of sources) starts.push(starts.at(-1)! + source.length);
  return {
    length: starts.at(-1)!,
    async read(start, count) {
      const all = new Int32Array(count);
      for (const [i, source] of sources.entries()) {
        const from = Math.max(start, starts[i]!);
        const to = Math.min(start + count, starts[i + 1]!);
        if (from < to) all.set(await source.read(from - starts[i]!, to - from), from - start);
      }
      return all;
    },
  };
}

/** The rows of one part, for learning a tokenizer. */
export async function* rowTexts(
  paths: readonly string[],
  part: 'training' | 'validation',
  options: StreamedCorpusOptions,
): AsyncGenerator<string[]> {
  for (const path of paths)
    for await (const { texts, training } of rowGroups(path, options))
      yield texts.filter((_, i) => training[i] === (part === 'training'));
}

/** Text files as data of a training. */
export function textStream(paths: readonly string[], options: StreamedCorpusOptions, cache?: string): TextStream {
  const { unit, field, signal } = options;
  const source: SourceRecipe = {
    files: [...paths],
    unit,
    fields: { text: field },
    prefix: '',
    swap: false,
    onBadRow: 'error',
  };
  const keeper = new DiskKeeper({
    cache: cache ?? options.cache ?? cacheFolder('rows'),
    threads: options.threads,
    signal,
  });
  const training = paths.map((path) => ({
    file: { path, name: path },
    source: /\.jsonl(\.gz)?$/.test(path)
      ? { ...source, format: 'jsonl' as const }
      : { ...source, format: 'text' as const },
  }));
  const isKeptBack = (row: string): boolean => !isTrainingRow(JSON.parse(row) as string, options.trainShare);
  return {
    ...rowStream({ training }, keeper, signal, isKeptBack),
    kind: 'stream',
    texts: (part) => rowTexts(paths, part, options),
    open: (tokenizer, { context, end, progress }) =>
      streamedCorpus(paths, tokenizer, context, { ...options, end, progress }),
  };
}
