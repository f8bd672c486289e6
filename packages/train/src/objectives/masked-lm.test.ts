// What is hidden: how much, where, and what stands there afterwards.

import { trainWordPiece } from '@yumo/tokenizer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { streamKey } from '../random.ts';
import { type Hiding, hidden } from './masked-lm.ts';
import { corrupted, noised, spanCounts } from './restoring.ts';

/** Ids 0 … 4 are special, 4 the mask; every third of the others goes on with a word. */
const size = 1000;
const hiding: Hiding = {
  mask: 4,
  ordinary: Int32Array.from({ length: size - 5 }, (_, i) => i + 5),
  isOrdinary: Uint8Array.from({ length: size }, (_, id) => (id < 5 ? 0 : 1)),
  continues: Uint8Array.from({ length: size }, (_, id) => (id >= 5 && id % 3 === 0 ? 1 : 0)),
};
const rowOf = (n: number): Int32Array =>
  Int32Array.from({ length: 128 }, (_, i) => (i === 0 || i === 127 ? 2 : 5 + ((i * 31 + n * 17) % (size - 5))));

describe('hidden tokens', () => {
  it('are as many as asked for, never special tokens; 80 % become the mask, 10 % another token, 10 % stay', () => {
    let [masked, other, same] = [0, 0, 0];
    let wrong = 0;
    const rows = 400;
    const count = 19;
    for (let n = 0; n < rows; n++) {
      const row = rowOf(n);
      const { ids, positions, labels } = hidden(row, count, streamKey(1, `row ${n}`), hiding, false);
      const asked = new Set(positions);
      if (asked.size !== count) wrong++;
      positions.forEach((place, i) => {
        if (labels[i] !== row[place] || hiding.isOrdinary[row[place]!] !== 1) wrong++;
        if (ids[place] === hiding.mask) masked++;
        else if (ids[place] === row[place]) same++;
        else other++;
      });
      ids.forEach((id, i) => {
        if (!asked.has(i) && id !== row[i]) wrong++;
      });
    }
    expect(wrong).toBe(0);
    const all = rows * count;
    // Four standard errors; a random token is the same one once in 995.
    const near = (n: number, share: number): void =>
      expect(Math.abs(n / all - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / all) + 1e-4);
    near(masked, 0.8);
    near(other, 0.1);
    near(same, 0.1);
  });

  it('are every place with the same probability', () => {
    const counts = new Float64Array(128);
    const rows = 3000;
    for (let n = 0; n < rows; n++)
      for (const place of hidden(rowOf(n), 19, streamKey(2, `row ${n}`), hiding, false).positions) counts[place]!++;
    const share = 19 / 126;
    for (const c of counts.subarray(1, 127))
      expect(Math.abs(c / rows - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / rows));
  });

  it('are whole words where asked for', () => {
    for (let n = 0; n < 50; n++) {
      const row = rowOf(n);
      const { positions, labels } = hidden(row, 19, streamKey(3, `row ${n}`), hiding, true);
      const chosen = new Set([...positions].filter((_, i) => labels[i]! >= 0));
      for (const place of chosen) {
        if (hiding.continues[row[place]!] && hiding.isOrdinary[row[place - 1]!])
          expect(chosen.has(place - 1)).toBe(true);
        if (place < 126 && hiding.continues[row[place + 1]!]) expect(chosen.has(place + 1)).toBe(true);
      }
    }
  });

  it('are known by the marks of the vocabulary', async () => {
    const { hidingOf } = await import('./masked-lm.ts');
    const tokenizer = await trainWordPiece(['unbelievable believable unbeliever'], { vocabularySize: 40 });
    const { continues, isOrdinary, mask } = hidingOf(tokenizer, 'masked-lm');
    expect(mask).toBe(tokenizer.tokenToId('[MASK]'));
    for (let id = 0; id < tokenizer.vocabularySize; id++) {
      expect(continues[id]).toBe(tokenizer.idToToken(id)!.startsWith('##') ? 1 : 0);
      expect(isOrdinary[id]).toBe(/^\[[A-Z]+\]$/.test(tokenizer.idToToken(id)!) ? 0 : 1);
    }
  });
});

describe('corrupted spans', () => {
  const sentinels = Array.from({ length: 40 }, (_, i) => 900 + i);
  it('put back at their sentinels are the text, for every length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.integer(), (width, key) => {
        const tokens = Int32Array.from({ length: width }, (_, i) => 10 + ((i * 7) % 500));
        const counts = spanCounts(width, 0.15, 3, sentinels.length);
        const { source, target } = corrupted(tokens, counts, sentinels, 1, key);
        expect([source.at(-1), target.at(-1)]).toEqual([1, 1]);
        expect(source.length).toBe(width - counts.hidden + counts.spans + 1);
        expect(target.length).toBe(counts.hidden + counts.spans + 1);
        const spans = new Map<number, number[]>();
        for (const id of target.subarray(0, -1))
          if (id >= 900) spans.set(id, []);
          else [...spans.values()].at(-1)!.push(id);
        expect([...source.subarray(0, -1)].flatMap((id) => spans.get(id) ?? [id])).toEqual([...tokens]);
      }),
    );
  });

  it('need as many sentinels as there are spans', () => {
    expect(() => spanCounts(512, 0.15, 3, 20)).toThrow(/rows of 512 tokens have 26 spans, there are 20 sentinels/);
  });
});

describe('noise', () => {
  const marks = { mask: 4, end: 3 };
  it('removes the share that is asked for, in order, and puts one mask for a span', () => {
    const tokens = Int32Array.from({ length: 400 }, (_, i) => 10 + i);
    let kept = 0;
    for (let key = 0; key < 50; key++) {
      const source = noised(tokens, { share: 0.3, meanSpan: 3, permute: false }, marks, streamKey(key, 'noise'));
      const left = [...source].filter((id) => id !== 4);
      expect(left).toEqual([...left].sort((a, b) => a - b));
      kept += left.length / tokens.length;
    }
    // Spans of length 0 spend budget without removing anything: e⁻³ of the draws.
    expect(kept / 50).toBeGreaterThan(0.69);
    expect(kept / 50).toBeLessThan(0.73);
  });

  it('moves whole texts', () => {
    const tokens = Int32Array.of(10, 11, 3, 20, 21, 22, 3, 30, 3);
    const orders = new Set<string>();
    for (let key = 0; key < 40; key++) {
      const source = noised(tokens, { share: 0.001, meanSpan: 1, permute: true }, marks, streamKey(key, 'order'));
      expect([...source].sort()).toEqual([...tokens].sort());
      orders.add(source.join());
    }
    expect(orders.size).toBe(6);
  });
});
