// Parquet tables, read by hyparquet: the format's encodings and Snappy are far more than forty lines.

import { isYumoError, YumoError } from '@yumo/core';
import type { RecordRow } from './rows.ts';

/** Every row as a record. Whole numbers beyond 2⁵³ stay `bigint`. @throws YumoError `DATA` for damaged files and unknown compressions. */
export async function readParquet(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<RecordRow[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const rows: RecordRow[] = [];
  for await (const group of parquetGroups(file, name)) for (const row of group) rows.push(row);
  return rows;
}

/** The rows of each row group. @throws YumoError as {@link readParquet} */
export async function* parquetGroups(file: ParquetBytes, name: string): AsyncGenerator<RecordRow[]> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet'); // only who reads Parquet loads it
  try {
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const { num_rows } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows);
      const rows = await parquetReadObjects({ file, metadata, rowStart, rowEnd });
      yield rows.map((row, i) => recordOf(row as Record<string, unknown>, rowStart + i + 1));
      rowStart = rowEnd;
    }
  } catch (error) {
    if (isYumoError(error)) throw error;
    throw new YumoError(
      'DATA',
      `${name}: cannot be read as Parquet (${error instanceof Error ? error.message : String(error)}); uncompressed and Snappy files are read`,
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

const plain = (value: unknown): unknown =>
  typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    ? Number(value)
    : value;
