// A corpus larger than memory: rows are read in pieces, split by their hash, encoded in threads, and kept as ids on disk.

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { YumoError } from '@yumo/core';
import type { Tokenizer } from '@yumo/tokenizer';
import { cacheFolder } from '../cache-folder.node.ts';
import { countCharacters } from './corpus.ts';
import { isTrainingRow } from './row-split.ts';
import type { OpenStream, TextStream } from './sources.ts';
import { streamTextRows, type TextUnit } from './text-stream.node.ts';
import { entryKey, hashOfFile, openTokenEntry, type TokenEntry, tokenEntryWriter } from './token-cache.node.ts';
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
  /** Called now and then with the bytes of ids written so far. */
  readonly onProgress?: (progress: { readonly file: string; readonly tokens: number }) => void;
}

export interface StreamedCorpus extends OpenStream {
  /** Files whose ids were found and need not be made. */
  readonly cached: number;
}

/** Characters that go to a thread at once. */
const groupCharacters = 1 << 18;

/**
 * @param paths .txt and .jsonl, also .gz.
 * @throws YumoError `DATA`, `FILE` as {@link streamTextRows}, and `DATA` when a part is shorter than `context` tokens and the label after them.
 */
export async function streamedCorpus(
  paths: readonly string[],
  tokenizer: Tokenizer,
  context: number,
  options: StreamedCorpusOptions,
): Promise<StreamedCorpus> {
  const cache = options.cache ?? cacheFolder('tokens');
  const tokenizerJson = JSON.stringify(tokenizer.toJson());
  const entries: TokenEntry[] = [];
  let cached = 0;
  const close = async (): Promise<void> => {
    for (const entry of entries) await entry.close();
  };
  try {
    for (const path of paths) {
      const { unit, field, separator, trainShare } = options;
      const key = entryKey(
        tokenizerJson,
        await hashOfFile(path),
        JSON.stringify({ jsonl: /\.jsonl(\.gz)?$/.test(path), unit, field, separator, trainShare }),
      );
      const found = await openTokenEntry(cache, key);
      if (found) cached++;
      entries.push(found ?? (await makeEntry(path, cache, key, tokenizer.vocabularySize, tokenizerJson, options)));
    }
    const training = joined(entries.map((e) => e.training));
    const validation = joined(entries.map((e) => e.validation));
    check(paths, training, validation, context, options.trainShare);
    const characters = entries.reduce((n, e) => n + e.facts.validationCharacters, 0);
    const [first] = await validation.read(0, 1);
    return {
      training,
      validation,
      trainingRows: entries.reduce((n, e) => n + e.facts.trainingRows, 0),
      validationRows: entries.reduce((n, e) => n + e.facts.validationRows, 0),
      validationCharacters: characters - countCharacters(tokenizer.decode([first!])),
      fingerprint: fingerprintOf(entries),
      cached,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function check(
  paths: readonly string[],
  training: TokenSource,
  validation: TokenSource,
  context: number,
  trainShare: number,
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
      `data: the validation part has ${validation.length} tokens (${paths.join(', ')}, rows divided by their hash, trainShare ${trainShare}); give more rows, read lines as rows (data.unit line), or lower trainShare`,
      { tokens: validation.length, trainShare },
    );
}

const fingerprintOf = (entries: readonly TokenEntry[]): string => {
  const hash = createHash('sha256');
  for (const { facts } of entries) hash.update(`${facts.trainingHash} ${facts.validationHash}\n`);
  return hash.digest('hex').slice(0, 16);
};

interface Group {
  readonly texts: readonly string[];
  readonly training: readonly boolean[];
}

async function makeEntry(
  path: string,
  cache: string,
  key: string,
  vocabularySize: number,
  tokenizerJson: string,
  options: StreamedCorpusOptions,
): Promise<TokenEntry> {
  const { signal, onProgress } = options;
  const writer = await tokenEntryWriter(cache, key, vocabularySize);
  try {
    const little = (await stat(path)).size < worthThreads && !path.endsWith('.gz');
    const threads = options.threads ?? (little ? 0 : undefined);
    let tokens = 0;
    const groups = rowGroups(path, options);
    for await (const { texts, training, ids, lengths } of tokenized(groups, tokenizerJson, {
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    })) {
      let at = 0;
      for (const [i, text] of texts.entries()) {
        const end = at + lengths[i]!;
        const part = training[i] ? 'training' : 'validation';
        await writer.add(part, ids.subarray(at, end), part === 'validation' ? countCharacters(text) : 0);
        at = end;
      }
      tokens += ids.length;
      onProgress?.({ file: path, tokens });
    }
    return await writer.finish();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** Rows with what stands after them, each with its part, in groups of about {@link groupCharacters}. */
async function* rowGroups(path: string, options: StreamedCorpusOptions): AsyncGenerator<Group> {
  const { unit, field, separator, trainShare, signal } = options;
  let texts: string[] = [];
  let training: boolean[] = [];
  let characters = 0;
  for await (const rows of streamTextRows(path, { unit, field, ...(signal ? { signal } : {}) }))
    for (const { text, cut } of rows) {
      const whole = cut ? text : text + separator;
      texts.push(whole);
      training.push(isTrainingRow(text, trainShare));
      characters += whole.length;
      if (characters < groupCharacters) continue;
      yield { texts, training };
      texts = [];
      training = [];
      characters = 0;
    }
  if (texts.length > 0) yield { texts, training };
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
export const textStream = (paths: readonly string[], options: StreamedCorpusOptions): TextStream => ({
  kind: 'stream',
  texts: (part) => rowTexts(paths, part, options),
  open: (tokenizer, context) => streamedCorpus(paths, tokenizer, context, options),
});
