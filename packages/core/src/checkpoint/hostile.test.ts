// Weights that were damaged at random, and weights of more than 2 GB: named errors, and no memory taken on trust.

import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../test/cases.ts';
import { randomWeights, tinyGpt2 } from '../../test/tiny-model.ts';
import { isYumoError } from '../errors.ts';
import { type Value, value } from '../value.ts';
import { diskSource, writeFileAtomic } from './disk.node.ts';
import { openBundle } from './folder.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { weightFiles } from './shards.ts';
import { type FileSource, memorySource } from './source.ts';

const good = writeSafetensors({
  'h.0.attn.weight': value('float32', [3, 4], new Float32Array(12).fill(0.5)),
  'h.0.ids': value('int64', [2], [3, 4]),
  half: value('bfloat16', [5], [1, 2, 3, 4, 5]),
  empty: value('float16', [0, 7], []),
});
const headerEnd = 8 + Number(new DataView(good.buffer).getBigUint64(0, true));

/** What an attacker's or a disk's hand does to a file. */
function mutated(file: Uint8Array, next: () => number): Uint8Array<ArrayBuffer> {
  const at = (below: number): number => Math.floor(next() * below);
  let bytes = Uint8Array.from(file);
  const text = (): string => new TextDecoder('latin1').decode(bytes.subarray(8, headerEnd));
  const rewrite = (header: string, honest: boolean): Uint8Array<ArrayBuffer> => {
    const made = new Uint8Array(8 + header.length + Math.max(0, bytes.length - headerEnd));
    made.set(bytes.subarray(0, 8));
    if (honest) new DataView(made.buffer).setBigUint64(0, BigInt(header.length), true);
    for (let i = 0; i < header.length; i++) made[8 + i] = header.charCodeAt(i);
    made.set(bytes.subarray(headerEnd), 8 + header.length);
    return made;
  };
  for (let edits = 1 + at(3); edits > 0; edits--) {
    const numbers = ['-1', '0', '1e308', '4294967296', '9007199254740993', '1.5', '"3"', 'null', '[]'];
    const kind = at(8);
    if (kind === 0) bytes[at(bytes.length)] = at(256);
    else if (kind === 1) bytes[at(headerEnd)]! ^= 1 << at(8);
    else if (kind === 2) bytes = bytes.slice(0, at(bytes.length));
    else if (kind === 3) bytes = Uint8Array.from([...bytes, ...new Uint8Array(at(64))]);
    else if (kind === 4 && bytes.length >= 8)
      new DataView(bytes.buffer).setBigUint64(0, BigInt(at(2 ** 31)) << BigInt(at(33)), true);
    else if (kind === 5)
      bytes = rewrite(
        text().replace(/\d+/g, (n) => (next() < 0.2 ? numbers[at(numbers.length)]! : n)),
        next() < 0.8,
      );
    else if (kind === 6)
      bytes = rewrite(
        text().replace(/"[\w.]+"/g, (n) => (next() < 0.2 ? '"__proto__"' : n)),
        next() < 0.8,
      );
    else
      bytes = rewrite(
        text().replace(/[{}[\],:]/g, (c) => (next() < 0.1 ? '' : c)),
        next() < 0.8,
      );
  }
  return bytes;
}

describe('a damaged file', () => {
  it('is read, or refused with a named error, and never more is read than it has: 1,000 mutations', async () => {
    const next = random(2026);
    let refused = 0;
    for (let i = 0; i < 1000; i++) {
      const bytes = mutated(good, next);
      const inner = memorySource({ 'm.safetensors': bytes });
      const source: FileSource = {
        ...inner,
        async read(path, options = {}) {
          const { start = 0, end = bytes.length } = options;
          expect(end - start, 'asked for within the file').toBeLessThanOrEqual(bytes.length);
          return inner.read(path, options);
        },
      };
      try {
        const file = await readSafetensors(source, 'm.safetensors');
        for (const name of file.names)
          expect((await file.read(name)).data.byteLength).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        if (!isYumoError(error)) throw new Error(`mutation ${i}: ${String(error)}`, { cause: error });
        expect(['CHECKPOINT', 'FILE']).toContain(error.code);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(600);
    expect(refused).toBeLessThan(1000);
  });
});

describe('a file of more than 2 GB', () => {
  it('is read tensor by tensor, without the rest', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'yumo-large-'));
    try {
      const gap = 3_000_000_000;
      const header = JSON.stringify({
        large: { dtype: 'U8', shape: [gap], data_offsets: [0, gap] },
        last: { dtype: 'F32', shape: [2], data_offsets: [gap, gap + 8] },
      }).padEnd(160);
      const path = join(folder, 'model.safetensors');
      const handle = await open(path, 'w');
      const length = new Uint8Array(8);
      new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
      await handle.write(length, 0, 8, 0);
      await handle.write(new TextEncoder().encode(header), 0, header.length, 8);
      await handle.write(new Uint8Array(Float32Array.of(1.5, -2).buffer), 0, 8, 8 + header.length + gap); // sparse: takes no disk
      await handle.close();
      expect((await stat(path)).size).toBe(8 + header.length + gap + 8);
      const file = await readSafetensors(diskSource(folder), 'model.safetensors');
      expect([...(await file.read('last')).data]).toEqual([1.5, -2]);
      expect(file.form('large').shape).toEqual([gap]);
      await expect(file.read('larg')).rejects.toThrow('did you mean "large"?');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('weights past a size', () => {
  it('are written as shards with an index, and read back equal', async () => {
    const all = randomWeights(tinyGpt2);
    const bytes = Object.values(all).reduce((n, v) => n + v.data.byteLength, 0);
    const folder = await mkdtemp(join(tmpdir(), 'yumo-shards-'));
    try {
      const files = weightFiles(all, { maxShardBytes: 5000 });
      const shards = files.filter(({ path }) => /^model-0000\d-of-0000\d\.safetensors$/.test(path));
      expect(shards.length).toBe(files.length - 1);
      expect(shards.length).toBeGreaterThan(2);
      for (const { path, chunks } of files) await writeFileAtomic(join(folder, path), chunks);
      await writeFileAtomic(join(folder, 'config.json'), JSON.stringify(tinyGpt2));
      const read = await (await openBundle(diskSource(folder))).weights();
      expect([...read.names].sort()).toEqual(Object.keys(all).sort());
      for (const [name, v] of Object.entries(all)) expect(await read.read(name)).toEqual(v);
      const index = JSON.parse(new TextDecoder().decode(files.at(-1)!.chunks[0])) as {
        metadata: { total_size: number };
      };
      expect(index.metadata.total_size).toBe(bytes);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('stay in one file below it, and a tensor larger than a shard has one of its own', () => {
    const of = (n: number): Value => value('float32', [n], new Float32Array(n));
    expect(weightFiles({ a: of(3), b: of(4) }).map((f) => f.path)).toEqual(['model.safetensors']);
    expect(weightFiles({ a: of(3), b: of(40), c: of(2) }, { maxShardBytes: 20 }).length).toBe(4);
    expect(() => weightFiles({}, { maxShardBytes: 0.5 })).toThrow(/maxShardBytes: 0.5/);
  });
});
