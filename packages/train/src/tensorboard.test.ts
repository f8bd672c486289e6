// Event files, read back by a parser written from the formats' definitions (TFRecord, protocol buffers' wire format).

import { expect, test } from 'vitest';
import type { TrainingEvent } from './events.ts';
import { crc32c, eventFile } from './tensorboard.ts';

test('CRC-32C of the test vectors of RFC 3720, B.4', () => {
  expect(crc32c(new Uint8Array(32)).toString(16)).toBe('8a9136aa');
  expect(crc32c(new Uint8Array(32).fill(0xff)).toString(16)).toBe('62a8ab43');
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)).toString(16)).toBe('46dd794e');
  expect(crc32c(new TextEncoder().encode('123456789')).toString(16)).toBe('e3069283'); // the check value of the catalogue
});

type Field = number | bigint | Uint8Array;

/** Fields of a message in order: wire types 0 (varint), 1 (64 bits), 2 (length), 5 (32 bits). */
function fieldsOf(bytes: Uint8Array): (readonly [number, Field])[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const varint = (): bigint => {
    for (let shift = 0n, value = 0n; ; shift += 7n) {
      const byte = BigInt(view.getUint8(at++));
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return value;
    }
  };
  const fields: (readonly [number, Field])[] = [];
  while (at < bytes.length) {
    const key = Number(varint());
    const field = key >> 3;
    switch (key & 7) {
      case 0:
        fields.push([field, varint()]);
        break;
      case 1:
        fields.push([field, view.getFloat64(at, true)]);
        at += 8;
        break;
      case 2: {
        const length = Number(varint());
        fields.push([field, bytes.subarray(at, at + length)]);
        at += length;
        break;
      }
      case 5:
        fields.push([field, view.getFloat32(at, true)]);
        at += 4;
        break;
      default:
        throw new Error(`wire type ${key & 7}`);
    }
  }
  return fields;
}

/** The data of each record. Checksums are unmasked as the format says: rotate back after taking the constant off. */
function recordsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const checked = (data: Uint8Array, masked: number): Uint8Array => {
    const rotated = (masked - 0xa282ead8) >>> 0;
    expect(((rotated << 15) | (rotated >>> 17)) >>> 0).toBe(crc32c(data));
    return data;
  };
  const records: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    checked(file.subarray(at, at + 8), view.getUint32(at + 8, true));
    const length = Number(view.getBigUint64(at, true));
    records.push(checked(file.subarray(at + 12, at + 12 + length), view.getUint32(at + 12 + length, true)));
    at += 16 + length;
  }
  return records;
}

test('every number of steps and evaluations is found again, with its step and time', () => {
  const events = [
    {
      kind: 'step',
      step: 1,
      loss: 4.25,
      gradientNorm: 2,
      learningRate: 1e-3,
      seconds: 0.5,
      tokensPerSecond: 2048,
      secondsLeft: 9,
    },
    { kind: 'checkpoint', step: 1 },
    {
      kind: 'step',
      step: 300,
      loss: 3.5,
      gradientNorm: 1,
      learningRate: 1e-3,
      seconds: 0.25,
      tokensPerSecond: 4096,
      secondsLeft: 9,
    },
    { kind: 'evaluation', step: 300, loss: 3.75, perplexity: 42.5, best: true, seconds: 1 },
  ] as unknown as TrainingEvent[]; // what the file needs of them
  const [first, ...rest] = recordsOf(eventFile(events, 1_700_000_000));
  expect(fieldsOf(first!)).toEqual([
    [1, 1_700_000_000],
    [3, new TextEncoder().encode('brain.Event:2')],
  ]);
  const read = rest.map((record) => {
    const fields = new Map(fieldsOf(record));
    const scalars = fieldsOf(fields.get(5) as Uint8Array).map(([field, value]) => {
      expect(field).toBe(1);
      const inner = new Map(fieldsOf(value as Uint8Array));
      return [new TextDecoder().decode(inner.get(1) as Uint8Array), inner.get(2)];
    });
    return { time: fields.get(1), step: Number(fields.get(2)), ...Object.fromEntries(scalars) };
  });
  expect(read).toEqual([
    {
      time: 1_700_000_000.5,
      step: 1,
      'training/loss': 4.25,
      'training/gradientNorm': 2,
      'training/learningRate': Math.fround(1e-3),
      'training/seconds': 0.5,
      'training/tokensPerSecond': 2048,
    },
    {
      time: 1_700_000_000.75,
      step: 300,
      'training/loss': 3.5,
      'training/gradientNorm': 1,
      'training/learningRate': Math.fround(1e-3),
      'training/seconds': 0.25,
      'training/tokensPerSecond': 4096,
    },
    {
      time: 1_700_000_001.75,
      step: 300,
      'validation/loss': 3.75,
      'validation/perplexity': 42.5,
      'validation/seconds': 1,
    },
  ]);
});
