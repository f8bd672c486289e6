// Batches: every token once where it should be, labels one ahead, the order a function of seed and step.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permuted, randomNormal, randomUniform, streamKey } from '../random.ts';
import { ignoredLabel, orderedRows, shuffledRows } from './batches.ts';
import { countCharacters, encodeCorpus, splitCorpus } from './corpus.ts';
import { makeTokenizer } from './tokenizers.ts';

const stream = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => i);

describe('rows in order', () => {
  it('predict every token but the first exactly once, each from the one before it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 400 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 20 }),
        (length, rows, context) => {
          const seen: number[] = [];
          for (const { inputIds, labels } of orderedRows(stream(length), rows, context)) {
            expect(inputIds.length).toBe(rows * context);
            labels.forEach((label, i) => {
              if (label === ignoredLabel) return;
              expect(inputIds[i]).toBe(label - 1);
              seen.push(label);
            });
          }
          expect(seen).toEqual(Array.from({ length: length - 1 }, (_, i) => i + 1));
        },
      ),
    );
  });
});

describe('shuffled rows', () => {
  it('see every row of an epoch once, whatever the batch, and labels are one ahead', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 12, max: 500 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 99 }),
        (length, rows, seed) => {
          const context = 10;
          const order = shuffledRows(stream(length), rows, context, seed);
          const starts: number[] = [];
          for (let b = 0; starts.length < order.rowsPerEpoch; b++) {
            const { inputIds, labels } = order.batch(b);
            expect([...labels]).toEqual([...inputIds].map((id) => id + 1));
            for (let r = 0; r < rows; r++) starts.push(inputIds[r * context]!);
          }
          const epoch = starts.slice(0, order.rowsPerEpoch).sort((a, b) => a - b);
          for (let i = 1; i < epoch.length; i++) expect(epoch[i]! - epoch[i - 1]!).toBe(context);
        },
      ),
    );
  });

  it('do not depend on the batches asked for before, and change with seed and epoch', () => {
    const order = shuffledRows(stream(1000), 4, 10, 1);
    const late = order.batch(40);
    order.batch(3);
    expect(order.batch(40)).toEqual(late);
    expect(shuffledRows(stream(1000), 4, 10, 2).batch(0)).not.toEqual(order.batch(0));
    const rows = (epoch: number): string => [...order.batch((epoch * order.rowsPerEpoch) / 2).inputIds].join();
    expect(rows(0)).not.toBe(rows(2));
  });

  it('are the same rows however they are cut into runs: two of four are one of eight', () => {
    const [eight, four] = [shuffledRows(stream(2000), 8, 10, 5), shuffledRows(stream(2000), 4, 10, 5)];
    const joined = [...four.batch(6).inputIds, ...four.batch(7).inputIds];
    expect(joined).toEqual([...eight.batch(3).inputIds]);
  });
});

describe('counted randomness', () => {
  it('permutes: every number below the size comes once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer(), (size, key) => {
        const all = Array.from({ length: size }, (_, i) => permuted(key, i, size)).sort((a, b) => a - b);
        expect(all.every((x, i) => x === i)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('is uniform and normal within sampling error, and streams are independent', () => {
    const n = 100_000;
    const [a, b] = [streamKey(1, 'a'), streamKey(1, 'b')];
    let [sum, square, cross, cube] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const [x, y] = [randomNormal(a, i), randomNormal(b, i)];
      sum += x;
      square += x * x;
      cube += x ** 4;
      cross += x * y;
    }
    // Five standard errors of each estimate.
    expect(Math.abs(sum / n)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(square / n - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(cube / n - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    expect(Math.abs(cross / n)).toBeLessThan(5 / Math.sqrt(n));
    const bins = new Array<number>(64).fill(0);
    for (let i = 0; i < n; i++) bins[Math.floor(randomUniform(a, i) * 64)]!++;
    const chi = bins.reduce((total, count) => total + (count - n / 64) ** 2 / (n / 64), 0);
    expect(chi).toBeLessThan(63 + 5 * Math.sqrt(2 * 63));
    // Neighbours in the count: no correlation.
    let lag = 0;
    for (let i = 0; i < n; i++) lag += (randomUniform(a, i) - 0.5) * (randomUniform(a, i + 1) - 0.5);
    expect(Math.abs((12 * lag) / n)).toBeLessThan(5 / Math.sqrt(n));
  });
});

describe('a corpus', () => {
  it('is cut at the share of its characters, which are code points', () => {
    const text = '𝒳𝒴𝒵abcdefg';
    expect(countCharacters(text)).toBe([...text].length);
    const split = splitCorpus([{ name: 'x', documents: [text] }], 0.3, '\n');
    expect(split).toEqual({ training: ['𝒳𝒴𝒵'], validation: ['abcdefg'] });
  });

  it('of several documents is cut between two of them, and joined by the separator', () => {
    const split = splitCorpus([{ name: 'x.jsonl', documents: ['a', 'b', 'c', 'd'] }], 0.75, '|');
    expect(split).toEqual({ training: ['a|b|c'], validation: ['d'] });
  });

  it('counts the characters that a loss is stated per: Chinese in bytes gives three ids a character', async () => {
    const text = '却说曹操引军渡河。'.repeat(20);
    const split = splitCorpus([{ name: 'x', documents: [text] }], 0.5, '');
    const tokenizer = await makeTokenizer(
      { kind: 'byte-level-bpe', vocabularySize: 256, minFrequency: 2, specialTokens: [] },
      split,
    );
    const corpus = encodeCorpus(split, tokenizer, 8);
    const [validation] = split.validation;
    expect(corpus.validation.length).toBe(new TextEncoder().encode(validation).length);
    // The first id is a third of a character; it is given, so its character does not count.
    expect(corpus.validationCharacters).toBe(countCharacters(validation!) - 1);
  });
});
