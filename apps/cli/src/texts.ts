// Text of files, piece by piece: .txt and .jsonl, also gzipped. Memory does not grow with the file.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isYumoError, throwIfAborted, YumoError } from '@yumo/core';

export interface TextOptions {
  /** The text field of .jsonl rows. */
  readonly field: string;
  readonly signal?: AbortSignal;
}

/**
 * The lines of text files with their line feeds, and the text field of each row of .jsonl files.
 * @throws YumoError `FILE` for a file that cannot be read, `DATA` for a row without the field.
 */
export async function* textsOf(files: readonly string[], options: TextOptions): AsyncGenerator<string> {
  for (const file of files) {
    try {
      yield* textsOfFile(file, options);
    } catch (error) {
      if (isYumoError(error) || options.signal?.aborted) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new YumoError('FILE', `${file}: cannot be read (${reason})`, { file }, error);
    }
  }
}

async function* textsOfFile(file: string, { field, signal }: TextOptions): AsyncGenerator<string> {
  const status = await stat(file);
  if (!status.isFile()) throw new YumoError('FILE', `${file}: not a file`, { file });
  const zipped = file.endsWith('.gz');
  const raw = createReadStream(file);
  const stream: Readable = zipped ? raw.pipe(createGunzip()) : raw;
  raw.on('error', (error) => stream.destroy(error));
  const rows = /\.jsonl(\.gz)?$/.test(file);
  let line = 0;
  for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (++line % 1024 === 0) throwIfAborted(signal, file);
    if (!rows) yield `${text}\n`;
    else if (text.trim() !== '') yield textOfRow(text, field, `${file}:${line}`);
  }
}

function textOfRow(row: string, field: string, place: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(row);
  } catch (error) {
    throw new YumoError('DATA', `${place}: not JSON`, { place }, error);
  }
  const text = typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>)[field] : undefined;
  if (typeof text !== 'string') {
    const there = typeof parsed === 'object' && parsed !== null ? Object.keys(parsed).join(', ') : 'no object';
    throw new YumoError('DATA', `${place}: no text field "${field}"; the row has ${there}: name one with --field`, {
      place,
      field,
    });
  }
  return text;
}
