// Event files that TensorBoard reads: one TFRecord a summary, protocol buffers written by hand because there are five fields.

import type { TrainingEvent } from './events.ts';

/** A point of a curve. */
export interface Scalar {
  /** `loss/training` */
  readonly tag: string;
  readonly value: number;
}

/** Reflected Castagnoli polynomial (RFC 3720, appendix B.4). */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** As TFRecord stores it: rotated and offset, so that a checksum of data with checksums inside is not degenerate. */
const maskedCrc = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** `uint64 length, uint32 masked CRC of the length, data, uint32 masked CRC of the data`, little-endian. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

const varint = (x: number): number[] => {
  const bytes: number[] = [];
  let rest = BigInt(x);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
};
const double = (x: number): number[] => [...new Uint8Array(Float64Array.of(x).buffer)];
const float = (x: number): number[] => [...new Uint8Array(Float32Array.of(x).buffer)];
const lengthPrefixed = (field: number, bytes: readonly number[]): number[] => [
  ...[(field << 3) | 2, ...varint(bytes.length)],
  ...bytes,
];
const text = (field: number, content: string): number[] =>
  lengthPrefixed(field, [...new TextEncoder().encode(content)]);

/** The first record of a file (tensorflow/core/util/event.proto): `wall_time = 1, file_version = 3`. */
export const eventFileStart = (seconds: number): Uint8Array =>
  tfRecord(Uint8Array.from([(1 << 3) | 1, ...double(seconds), ...text(3, 'brain.Event:2')]));

/** Scalars of one step: `wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } }`. */
export function scalarRecord(seconds: number, step: number, scalars: readonly Scalar[]): Uint8Array {
  const values = scalars.flatMap(({ tag, value }) =>
    lengthPrefixed(1, [...text(1, tag), (2 << 3) | 5, ...float(value)]),
  );
  return tfRecord(
    Uint8Array.from([(1 << 3) | 1, ...double(seconds), 2 << 3, ...varint(step), ...lengthPrefixed(5, values)]),
  );
}

/** Every number of an event, by a tag whose first part groups the charts; none for events without a step. */
export function scalarsOf(event: TrainingEvent): readonly Scalar[] {
  const group = event.kind === 'step' ? 'training' : event.kind === 'evaluation' ? 'validation' : undefined;
  if (group === undefined) return [];
  const numbers = (fields: object): (readonly [string, number])[] =>
    Object.entries(fields).flatMap(([name, value]: [string, unknown]) => {
      if (name === 'step' || name === 'secondsLeft') return [];
      if (typeof value === 'number') return [[name, value] as const];
      return typeof value === 'object' && value !== null ? numbers(value) : [];
    });
  return numbers(event).map(([name, value]) => ({ tag: `${group}/${name}`, value }));
}

/** What an event took. */
export const secondsOf = (event: TrainingEvent): number =>
  event.kind === 'step' || event.kind === 'evaluation' ? event.seconds : 0;

/**
 * The events of a run as one file.
 * @param started when the run began, in seconds since 1970; later times are added up from what steps and evaluations took.
 */
export function eventFile(events: readonly TrainingEvent[], started: number): Uint8Array {
  const records = [eventFileStart(started)];
  let now = started;
  for (const event of events) {
    now += secondsOf(event);
    const scalars = scalarsOf(event);
    if (scalars.length > 0 && 'step' in event) records.push(scalarRecord(now, event.step, scalars));
  }
  const whole = new Uint8Array(records.reduce((n, r) => n + r.length, 0));
  let at = 0;
  for (const record of records) {
    whole.set(record, at);
    at += record.length;
  }
  return whole;
}
