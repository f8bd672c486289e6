// The format, there and back; and files that lie.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Value, value } from '../value.ts';
import { diskSource } from './disk.node.ts';
import { readSafetensors, safetensorsChunks, writeSafetensors } from './safetensors.ts';
import { memorySource } from './source.ts';

const shared = process.env.YUMO_SHARED ?? resolve(import.meta.dirname, '../../../../../shared');
const golden = resolve(shared, 'golden/models');

const open = (bytes: Uint8Array) => readSafetensors(memorySource({ 'm.safetensors': bytes }), 'm.safetensors');

/** A file with this header text and so many bytes of data. */
function crafted(header: string | object, dataBytes: number, claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

describe('a written file', () => {
  const values: Record<string, Value> = {
    'b.weight': value('float32', [2, 3], [1, -2, 3.5, 0, 1e-8, 6]),
    'a.ids': value('int64', [2], [7, -9]),
    mask: value('bool', [3], [1, 0, 1]),
    half: value('float16', [1], [0x3c00]),
    empty: value('float32', [0, 4], []),
    number: value('float64', [], [Math.PI]),
  };

  it('is read back equal: names, types, shapes, numbers, metadata', async () => {
    const file = await open(writeSafetensors(values, { format: 'pt', made: 'test' }));
    expect([...file.names].sort()).toEqual(Object.keys(values).sort());
    expect(file.metadata).toEqual({ format: 'pt', made: 'test' });
    for (const [name, v] of Object.entries(values)) expect(await file.read(name)).toEqual(v);
  });

  it('has the same bytes whatever the order of the values', () => {
    const reversed = Object.fromEntries(Object.entries(values).reverse());
    expect(writeSafetensors(reversed)).toEqual(writeSafetensors(values));
  });

  it('begins its data at a multiple of eight bytes, widest elements first', () => {
    const [head] = safetensorsChunks(values);
    expect(head!.length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(head!.subarray(8))) as Record<
      string,
      { data_offsets: number[] }
    >;
    expect(header['a.ids']!.data_offsets).toEqual([0, 16]);
    expect(header.number!.data_offsets).toEqual([16, 24]);
  });

  it.skipIf(!existsSync(golden))('holds what a file of the reference library held (needs ../shared)', async () => {
    const source = diskSource(resolve(golden, 'gpt2-lm'));
    const file = await readSafetensors(source, 'model.safetensors');
    const all: Record<string, Value> = {};
    for (const name of file.names) all[name] = await file.read(name);
    const written = await open(writeSafetensors(all, file.metadata));
    for (const name of file.names) expect(await written.read(name)).toEqual(all[name]);
    expect(written.names.length).toBe(file.names.length);
  });
});

describe('a hostile file is named, and nothing is allocated on its word', () => {
  const one = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(0), /0 bytes are too few/],
    ['a header longer than the file', crafted({ a: one }, 8, 1_000_000n), /header claims 1000000 bytes, the file has/],
    ['a header of 2⁶³ bytes', crafted({ a: one }, 8, 2n ** 63n), /header claims 9223372036854775808 bytes/],
    ['a header that is no JSON', crafted('{"a": ', 8), /header is not JSON/],
    ['a header that is a list', crafted('[]', 0), /not a JSON object/],
    ['a header with broken UTF-8', crafted('{"\u00e9": 1}', 0).map((b, i) => (i === 10 ? 0xff : b)), /not JSON/],
    ['data cut short', crafted({ a: one }, 7), /truncated/],
    ['data with a rest', crafted({ a: one }, 9), /too long/],
    ['an unknown element type', crafted({ a: { ...one, dtype: 'F31' } }, 8), /"F31" is not one of F64, F32/],
    ['a type of Object.prototype', crafted({ a: { ...one, dtype: 'constructor' } }, 8), /is not one of/],
    [
      'a shape that does not fill its bytes',
      crafted({ a: { ...one, shape: [3] } }, 8),
      /needs 12 bytes, data_offsets \[0, 8\] hold 8/,
    ],
    ['a shape whose product overflows', crafted({ a: { ...one, shape: [2 ** 40, 2 ** 40] } }, 8), /needs .* bytes/],
    ['a negative size', crafted({ a: { ...one, shape: [-2] } }, 8), /not a list of sizes/],
    ['a fractional size', crafted({ a: { ...one, shape: [1.5] } }, 8), /not a list of sizes/],
    ['offsets beyond the file', crafted({ a: { ...one, data_offsets: [800, 808] } }, 8), /begins at byte 800/],
    ['offsets in reverse', crafted({ a: { ...one, shape: [0], data_offsets: [8, 0] } }, 8), /data_offsets \[8, 0\]/],
    ['overlapping tensors', crafted({ a: one, b: { ...one, data_offsets: [4, 12] } }, 12), /they overlap/],
    ['two tensors on the same bytes', crafted({ a: one, b: one }, 8), /they overlap/],
    ['a hole between tensors', crafted({ a: one, b: { ...one, data_offsets: [12, 20] } }, 20), /a hole/],
    ['metadata that are no strings', crafted({ __metadata__: { a: 1 }, a: one }, 8), /__metadata__/],
    ['an entry that is a number', crafted({ a: 5 }, 0), /its entry is not an object/],
  ];
  for (const [what, bytes, message] of cases) {
    it(what, async () => {
      await expect(open(bytes)).rejects.toMatchObject({ name: 'YumoError', code: 'CHECKPOINT', message });
    });
  }

  it('a header above the limit of the format', async () => {
    const huge = { ...memorySource({}), size: async () => 2 ** 40, read: async () => crafted('', 0, 200_000_000n) };
    await expect(readSafetensors(huge, 'm.safetensors')).rejects.toThrow(/at most 100000000 are read/);
  });

  it('a name that is not there is answered with the nearest', async () => {
    const file = await open(crafted({ 'h.0.weight': one }, 8));
    await expect(file.read('h.0.wieght')).rejects.toThrow('no tensor "h.0.wieght"; did you mean "h.0.weight"?');
  });
});
