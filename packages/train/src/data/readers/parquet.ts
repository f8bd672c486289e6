// Parquet tables, read by hyparquet: the format's encodings and Snappy are far more than forty lines.

import { YumoError } from '@yumo/core';
import type { RecordRow } from './rows.ts';

/** Every row as a record. Whole numbers beyond 2⁵³ stay `bigint`. @throws YumoError `DATA` for damaged files and unknown compressions. */
export async function readParquet(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<RecordRow[]> {
  const { parquetReadObjects } = await import('hyparquet'); // only who reads Parquet loads it
  try {
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const rows = await parquetReadObjects({ file });
    return rows.map((row, i) => ({
      task: 'record',
      line: i + 1,
      fields: Object.fromEntries(
        Object.entries(row as Record<string, unknown>).map(([field, value]) => [field, plain(value)]),
      ),
    }));
  } catch (error) {
    throw new YumoError(
      'DATA',
      `${name}: cannot be read as Parquet (${error instanceof Error ? error.message : String(error)}); uncompressed and Snappy files are read`,
      { file: name },
      error,
    );
  }
}

const plain = (value: unknown): unknown =>
  typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    ? Number(value)
    : value;
