// Parquet tables, read by hyparquet: the format's encodings and compressions (Snappy, gzip, Zstandard, Brotli, LZ4) are far more than forty lines.

import { isYumoError, YumoError } from '@yumo/core';
import type { RecordRow } from './rows.ts';

/** Every row as a record. Whole numbers beyond 2⁵³ become text. @throws YumoError `DATA` for damaged files. */
export async function readParquet(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<RecordRow[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const rows: RecordRow[] = [];
  for await (const group of parquetGroups(file, name)) for (const row of group) rows.push(row);
  return rows;
}

/** The rows of each row group. @throws YumoError as {@link readParquet} */
export async function* parquetGroups(file: ParquetBytes, name: string): AsyncGenerator<RecordRow[]> {
  // Only who reads Parquet loads them.
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  try {
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      yield rows.map((row, i) => recordOf(row as Record<string, unknown>, rowStart + i + 1));
      rowStart = rowEnd;
    }
  } catch (error) {
    if (isYumoError(error)) throw error;
    throw new YumoError(
      'DATA',
      `${name}: cannot be read as Parquet (${error instanceof Error ? error.message : String(error)}); it is damaged, or cut short`,
      { file: name },
      error,
    );
  }
}

/** A file that is read in pieces. */
export interface ParquetBytes {
  readonly byteLength: number;
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>;
}

const recordOf = (row: Record<string, unknown>, line: number): RecordRow => ({
  task: 'record',
  line,
  fields: Object.fromEntries(Object.entries(row).map(([field, value]) => [field, plain(value)])),
});

/** Values as JSON has them, in lists and structures as well. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint')
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, plain(inner)]));
}
