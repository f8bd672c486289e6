// Rows of text files in bounded memory: gzip, encodings, lines, paragraphs and JSON lines, a block of some hundred kilobytes at a time.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { suggestion, throwIfAborted, YumoError } from '@yumo/core';
import { encodingAdvice } from './encoding.ts';

/** What a row of a text file is. Of .jsonl it is the text field of a line, whatever the unit. */
export type TextUnit = 'line' | 'paragraph';

export interface TextStreamOptions {
  /** Default `paragraph`: lines between blank lines. */
  readonly unit?: TextUnit;
  /** The text field of .jsonl rows. Default `text`. */
  readonly field?: string;
  /** A line of more bytes is refused, so that a file without line breaks cannot fill the memory. Default 64 MiB. */
  readonly maxLineBytes?: number;
  readonly signal?: AbortSignal;
  /** How messages name the file; its path by default. */
  readonly name?: string;
  /** Told the bytes of the file that were read so far. */
  readonly onBytes?: (bytes: number) => void;
}

/** A row and where it begins. */
export interface TextRow {
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** The next row goes on where this one was cut, because the paragraph is longer than a block: nothing stands between them. */
  readonly cut: boolean;
}

/** Bytes read before lines are handed on. */
const blockBytes = 1 << 18;
/** A paragraph is cut at the line break after this many characters. */
const longestParagraph = 1 << 16;

/**
 * The rows of a file in groups, blank ones left out.
 * @throws YumoError `FILE` when it cannot be read; `DATA` with file and line for damaged gzip, bytes that are not text, lines that are too
 *   long and rows without the field.
 */
export async function* streamTextRows(path: string, options: TextStreamOptions = {}): AsyncGenerator<TextRow[]> {
  const { unit = 'paragraph', field = 'text' } = options;
  const blocks = lineBlocks(path, options);
  if (/\.jsonl(\.gz)?$/.test(path)) yield* jsonRows(blocks, path, field);
  else if (unit === 'line') yield* lineRows(blocks);
  else yield* paragraphRows(blocks);
}

/** Whole lines as text, with the number of the first. The last line may have no break. */
export interface LineBlock {
  readonly text: string;
  readonly line: number;
}

async function* lineRows(blocks: AsyncIterable<LineBlock>): AsyncGenerator<TextRow[]> {
  for await (const { text, line } of blocks)
    yield text.split('\n').flatMap((row, i) => (row.trim() === '' ? [] : [{ text: row, line: line + i, cut: false }]));
}

async function* paragraphRows(blocks: AsyncIterable<LineBlock>): AsyncGenerator<TextRow[]> {
  let open: string[] = [];
  let length = 0;
  let first = 1;
  const close = (cut: boolean): TextRow => {
    const row = { text: cut ? `${open.join('\n')}\n` : open.join('\n'), line: first, cut };
    open = [];
    length = 0;
    return row;
  };
  for await (const { text, line } of blocks) {
    const rows: TextRow[] = [];
    const lines = text.split('\n');
    if (text.endsWith('\n')) lines.pop(); // what follows the last break is the next block's
    lines.forEach((content, i) => {
      if (content.trim() === '') {
        if (open.length > 0) rows.push(close(false));
        return;
      }
      if (open.length === 0) first = line + i;
      open.push(content);
      length += content.length + 1;
      if (length > longestParagraph) rows.push(close(true));
    });
    if (rows.length > 0) yield rows;
  }
  if (open.length > 0) yield [close(false)];
}

async function* jsonRows(blocks: AsyncIterable<LineBlock>, path: string, field: string): AsyncGenerator<TextRow[]> {
  for await (const { text, line } of blocks)
    yield text.split('\n').flatMap((content, i): TextRow[] => {
      if (content.trim() === '') return [];
      const row = textField(content, field, path, line + i);
      return row.trim() === '' ? [] : [{ text: row, line: line + i, cut: false }];
    });
}

/** The text field of a line of JSON. @throws YumoError `DATA` with file, line and field. */
export function textField(content: string, field: string, path: string, line: number): string {
  const fail = (why: string): never => {
    throw new YumoError('DATA', `${path}:${line}: ${why}`, { path, line, field });
  };
  let row: unknown;
  try {
    row = JSON.parse(content);
  } catch (error) {
    return fail(`not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (typeof row !== 'object' || row === null) return fail('not a JSON object');
  const value = (row as Record<string, unknown>)[field];
  if (typeof value === 'string') return value;
  const names = Object.keys(row);
  return fail(
    value === undefined
      ? `no field "${field}"${suggestion(field, names) || `; it has ${names.join(', ')}; set data.field`}`
      : `"${field}" is ${JSON.stringify(value).slice(0, 40)}, expected text`,
  );
}

/** With `\n` for every line break. */
async function* lineBlocks(path: string, options: TextStreamOptions): AsyncGenerator<LineBlock> {
  for await (const { text, line } of rawLineBlocks(path, options)) yield { text: text.replaceAll('\r\n', '\n'), line };
}

/** The text of a file in blocks of whole lines, as it stands. @throws YumoError as {@link streamTextRows} */
export async function* rawLineBlocks(
  path: string,
  { maxLineBytes = 64 * 2 ** 20, signal, onBytes, name = path }: TextStreamOptions = {},
): AsyncGenerator<LineBlock> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let line = 1;
  const take = (bytes: Buffer): LineBlock => {
    const block = { text: decoded(bytes, name, line), line };
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) line++;
    return block;
  };
  let loneReturns: boolean | undefined; // told by the first chunk, as of the whole text where it is read at once
  for await (const given of utf8Bytes(path, name, signal, onBytes)) {
    loneReturns ??= given.includes(13) && !given.includes(10);
    const chunk =
      loneReturns && !given.includes(10) ? Buffer.from(given.map((byte) => (byte === 13 ? 10 : byte))) : given;
    const newline = chunk.lastIndexOf(10);
    if (newline < 0 || heldBytes + newline < blockBytes) {
      held.push(chunk);
      heldBytes += chunk.length;
      if (newline < 0 && heldBytes > maxLineBytes) {
        const last = held.findLastIndex((piece) => piece.includes(10));
        const bytes = held.slice(last + 1).reduce((n, piece) => n + piece.length, 0);
        if (bytes > maxLineBytes)
          throw new YumoError(
            'DATA',
            `${name}:${line + countBreaks(held)}: a line of more than ${maxLineBytes} bytes; put line breaks into the file, or split it`,
            { path, line: line + countBreaks(held), maxLineBytes },
          );
      }
      continue;
    }
    yield take(Buffer.concat([...held, chunk.subarray(0, newline + 1)]));
    held = [chunk.subarray(newline + 1)];
    heldBytes = chunk.length - newline - 1;
  }
  const rest = Buffer.concat(held);
  if (rest.length > 0) yield take(rest);
}

const countBreaks = (pieces: readonly Buffer[]): number =>
  pieces.reduce((n, piece) => n + piece.reduce((m, byte) => m + (byte === 10 ? 1 : 0), 0), 0);

function decoded(bytes: Buffer, path: string, firstLine: number): string {
  // Latin text in UTF-16 without a mark is valid UTF-8, with zeros.
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    const line = firstLine + countBreaks([bytes.subarray(0, zero)]);
    throw new YumoError('DATA', `${path}:${line}: ${encodingAdvice(bytes, path)}`, { path, line });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: firstLine > 1 }).decode(bytes);
  } catch (error) {
    const line = firstLine + firstBadLine(bytes);
    throw new YumoError('DATA', `${path}:${line}: ${encodingAdvice(bytes, path)}`, { path, line }, error);
  }
}

/** Breaks before the first line that is not UTF-8. */
function firstBadLine(bytes: Buffer): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 0;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end;
  }
  return line;
}

/** The bytes without gzip; UTF-16 with a mark becomes UTF-8. */
async function* utf8Bytes(
  path: string,
  name: string,
  signal: AbortSignal | undefined,
  onBytes: ((bytes: number) => void) | undefined,
): AsyncGenerator<Buffer> {
  const gzip = (await firstBytes(path, 2)).equals(Buffer.of(0x1f, 0x8b));
  const file = createReadStream(path, { highWaterMark: blockBytes, ...(signal ? { signal } : {}) });
  const gunzip = gzip ? createGunzip({ chunkSize: blockBytes }) : undefined;
  file.on('error', (error) => gunzip?.destroy(error));
  const source: AsyncIterable<Buffer> = gunzip ? file.pipe(gunzip) : file;
  let wide: TextDecoder | undefined;
  let first = true;
  try {
    for await (const chunk of source) {
      if (first) {
        first = false;
        if (chunk[0] === 0xff && chunk[1] === 0xfe) wide = new TextDecoder('utf-16le');
        else if (chunk[0] === 0xfe && chunk[1] === 0xff) wide = new TextDecoder('utf-16be');
      }
      onBytes?.(file.bytesRead);
      yield wide ? Buffer.from(wide.decode(chunk, { stream: true })) : chunk;
    }
  } catch (error) {
    throwIfAborted(signal, 'data');
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_'))
      throw new YumoError('DATA', `${name}: damaged gzip (${(error as Error).message})`, { path }, error);
    throw cannotRead(name, error);
  } finally {
    file.destroy();
  }
}

async function firstBytes(path: string, count: number): Promise<Buffer> {
  try {
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw cannotRead(path, error);
  }
}

const cannotRead = (path: string, error: unknown): YumoError =>
  new YumoError(
    'FILE',
    `${path}: cannot be read (${error instanceof Error ? error.message : String(error)})`,
    { path },
    error,
  );
