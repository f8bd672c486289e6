// A file's bytes as text: gzip, UTF-8 and UTF-16 with a mark, and where text that is neither goes wrong.

import { YumoError } from '@yumo/core';
import { encodingAdvice } from '../encoding.ts';

/** A file to read, from wherever it comes. */
export interface DataFile {
  /** For messages and for telling its format; `.gz` at the end is looked through. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Unpacked size that is refused, so that a small file cannot fill the memory: 1 GiB. */
export const maxUnpackedBytes = 2 ** 30;

/** The bytes without gzip. @throws YumoError `DATA` for a damaged archive, and beyond {@link maxUnpackedBytes}. */
export async function unpacked(
  { name, bytes }: DataFile,
  maxBytes = maxUnpackedBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!(bytes[0] === 0x1f && bytes[1] === 0x8b)) return bytes;
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    const reader = stream.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      parts.push(next.value);
      size += next.value.length;
      if (size > maxBytes) break;
    }
    if (size > maxBytes) await reader.cancel();
  } catch (error) {
    throw new YumoError(
      'DATA',
      `${name}: damaged gzip (${error instanceof Error ? error.message : String(error)})`,
      { file: name },
      error,
    );
  }
  if (size > maxBytes)
    throw new YumoError('DATA', `${name}: unpacks to more than ${maxBytes} bytes; unpack and split it first`, {
      file: name,
      maxBytes,
    });
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The encoding that the first bytes state. */
export const markOf = (bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' =>
  bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';

/**
 * The text of a file, without its byte order mark. UTF-8; UTF-16 only with a mark.
 * @throws YumoError `DATA` with the line of the first byte that is not UTF-8.
 */
export async function textOf(file: DataFile): Promise<string> {
  const bytes = await unpacked(file);
  const mark = markOf(bytes);
  try {
    // UTF-16 of Latin letters is UTF-8 as well, with a zero behind each.
    if (mark === 'utf-8' && bytes.subarray(0, 1 << 16).includes(0)) throw new RangeError('it has zero bytes');
    return withNewlines(new TextDecoder(mark, { fatal: true }).decode(bytes));
  } catch (error) {
    const line = mark === 'utf-8' ? firstBadLine(bytes) : 1;
    throw new YumoError(
      'DATA',
      `${file.name}:${line}: ${mark === 'utf-8' ? encodingAdvice(bytes, file.name) : 'not UTF-16 text, though its first bytes say so'}`,
      { file: file.name, line },
      error,
    );
  }
}

function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    const content = bytes.subarray(start, end);
    if (content.includes(0)) return line;
    try {
      decoder.decode(content);
    } catch {
      return line;
    }
    start = end;
  }
  return line;
}

/** Lone carriage returns as line breaks, in a text that has no others: what old and some present programs of the Macintosh write. */
export const withNewlines = (text: string): string =>
  text.includes('\n') || !text.includes('\r') ? text : text.replaceAll('\r', '\n');

/** The lines, without `\n`, `\r\n`; a break at the end of the file begins no line. U+2028 and the like are text. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
