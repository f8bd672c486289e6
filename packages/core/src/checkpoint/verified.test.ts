// A file with one wrong byte is not used.

import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { type FileSource, memorySource } from './source.ts';
import { verifiedSource } from './verified.ts';

const good = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
const bad = Uint8Array.from(good);
bad[999]! ^= 1;
const sums = { 'a.bin': { bytes: 1000, sha256: createHash('sha256').update(good).digest('hex') } };

it('gives files, and parts of them, that are what was announced, reading each once', async () => {
  let reads = 0;
  const inner = memorySource({ 'a.bin': good, 'b.txt': 'free' });
  const counted: FileSource = {
    ...inner,
    read(...args) {
      reads++;
      return inner.read(...args);
    },
  };
  const source = verifiedSource(counted, sums);
  expect(await source.read('a.bin', { start: 10, end: 20 })).toEqual(good.slice(10, 20));
  expect(await source.read('a.bin')).toEqual(good);
  expect(await source.size('a.bin')).toBe(1000);
  expect(reads).toBe(1);
  expect(new TextDecoder().decode(await source.read('b.txt'))).toBe('free');
  await expect(source.read('a.bin', { start: 0, end: 1001 })).rejects.toMatchObject({ code: 'FILE' });
});

it('refuses a file with one wrong bit, or too short', async () => {
  const refused = { code: 'CHECKPOINT', message: expect.stringContaining('a.bin') as unknown };
  await expect(verifiedSource(memorySource({ 'a.bin': bad }), sums).read('a.bin')).rejects.toMatchObject(refused);
  const short = memorySource({ 'a.bin': good.slice(1) });
  await expect(verifiedSource(short, sums).read('a.bin', { end: 10 })).rejects.toMatchObject(refused);
});

it('tries once more after the damaged copy was forgotten', async () => {
  const forgotten: string[] = [];
  const then = (content: Uint8Array) => ({
    fresh: async (path: string) => {
      forgotten.push(path);
      return memorySource({ 'a.bin': content });
    },
  });
  const damaged = memorySource({ 'a.bin': bad });
  expect(await verifiedSource(damaged, sums, then(good)).read('a.bin')).toEqual(good);
  expect(forgotten).toEqual(['a.bin']);
  const twice = verifiedSource(damaged, sums, then(bad));
  await expect(twice.read('a.bin')).rejects.toMatchObject({ code: 'CHECKPOINT' });
  expect(forgotten).toHaveLength(3); // nothing damaged stays
});
