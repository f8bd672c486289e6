// Beam search on a small made-up model, where all continuations can be listed.

import { describe, expect, it } from 'vitest';
import { type BeamOptions, beamSearch } from './beam.ts';
import type { Decoding } from './decoding.ts';
import { logSoftmaxOf, suppress } from './processors.ts';
import { uniformAt } from './sampling.ts';

const vocabulary = 4;
const end = 0;
/** Scores after a row of ids: any function of them will do. */
const scoresAfter = (ids: readonly number[]): Float64Array =>
  Float64Array.from({ length: vocabulary }, (_, id) => 3 * uniformAt(17, id, ...ids));

class MadeUp implements Decoding {
  rows: number[][];
  advanced = 0;
  constructor(prompts: readonly (readonly number[])[]) {
    this.rows = prompts.map((p) => [...p]);
  }
  get scores(): Float64Array[] {
    return this.rows.map(scoresAfter);
  }
  select(rows: readonly number[]): void {
    this.rows = rows.map((r) => [...this.rows[r]!]);
  }
  async advance(ids: readonly number[]): Promise<void> {
    this.advanced++;
    for (const [i, row] of this.rows.entries()) row.push(ids[i]!);
  }
}

/** Every continuation up to a length, with its score; best first. */
function all(prompt: readonly number[], length: number, lengthPenalty: number): { ids: number[]; score: number }[] {
  const found: { ids: number[]; score: number }[] = [];
  const extend = (ids: number[], sum: number): void => {
    if (ids.length === length || ids.at(-1) === end) found.push({ ids, score: sum / ids.length ** lengthPenalty });
    else
      for (const [id, lp] of logSoftmaxOf(scoresAfter([...prompt, ...ids])).entries()) extend([...ids, id], sum + lp);
  };
  extend([], 0);
  return found.sort((a, b) => b.score - a.score);
}

const options: BeamOptions = { beams: 2, maxNewTokens: 4, endTokens: [end], padToken: 0, processorsOf: () => [] };
const search = (prompts: number[][], o: Partial<BeamOptions>) =>
  beamSearch(new MadeUp(prompts), prompts, { ...options, ...o });

describe('beam search', () => {
  it('with as many beams as there are continuations finds the best of all', async () => {
    for (const lengthPenalty of [0, 1, 2]) {
      const prompts = [[1], [2, 3], [3]];
      const results = await search(prompts, { beams: 110, returnSequences: 5, lengthPenalty });
      prompts.forEach((prompt, p) => {
        const best = all(prompt, 4, lengthPenalty).slice(0, 5);
        expect(results[p]!.map((r) => r.ids)).toEqual(best.map((r) => r.ids));
        for (const [i, r] of results[p]!.entries()) expect(r.score).toBeCloseTo(best[i]!.score, 12);
      });
    }
  });

  it('with one beam takes the likeliest token each time', async () => {
    const ids: number[] = [];
    while (ids.length < 4 && ids.at(-1) !== end) {
      const scores = scoresAfter([2, ...ids]);
      ids.push(scores.indexOf(Math.max(...scores)));
    }
    expect((await search([[2]], { beams: 1 }))[0]![0]!.ids).toEqual(ids);
  });

  it('gives a prompt the same results alone and among others', async () => {
    const together = await search([[1], [2], [3, 1]], { beams: 3, returnSequences: 3 });
    for (const [p, prompt] of [[1], [2], [3, 1]].entries())
      expect(together[p]).toEqual((await search([prompt], { beams: 3, returnSequences: 3 }))[0]);
  });

  it('keeps to what processors leave', async () => {
    const [results] = await search([[1]], { beams: 3, returnSequences: 3, processorsOf: () => [suppress([0, 2])] });
    expect(results!.every((r) => r.ids.every((id) => id === 1 || id === 3))).toBe(true);
    expect(results!.every((r) => r.ids.length === 4)).toBe(true);
  });

  it('stops early when it may', async () => {
    const count = async (earlyStopping: boolean): Promise<number> => {
      const decoding = new MadeUp([[1]]);
      await beamSearch(decoding, [[1]], { ...options, beams: 2, maxNewTokens: 40, lengthPenalty: 1, earlyStopping });
      return decoding.advanced;
    };
    expect(await count(true)).toBeLessThanOrEqual(await count(false));
    expect(await count(false)).toBeLessThan(39);
  });

  it('never stops while a longer row could still win, as all continuations show', async () => {
    for (const [prompt, lengthPenalty] of [
      [1, 2],
      [2, 3],
      [3, 4],
    ] as const) {
      const o = { beams: 110, maxNewTokens: 5, lengthPenalty };
      const [best] = all([prompt], 5, lengthPenalty);
      const [found] = await search([[prompt]], { ...o, earlyStopping: 'never' });
      expect(found![0]!.ids).toEqual(best!.ids);
    }
    // Few beams, a penalty that loves length: judged at their present length running rows seem lost too early.
    const advances = async (earlyStopping: boolean | 'never'): Promise<number> => {
      const decoding = new MadeUp([[1]]);
      await beamSearch(decoding, [[1]], { ...options, maxNewTokens: 30, lengthPenalty: 1.5, earlyStopping });
      return decoding.advanced;
    };
    expect(await advances('never')).toBeGreaterThan(await advances(false));
    await expect(search([[1]], { earlyStopping: 'nver' as 'never' })).rejects.toThrow(
      'none of true, false and "never"',
    );
  });

  it('in groups gives rows that begin differently when difference pays', async () => {
    const begins = async (diversityPenalty: number): Promise<number> => {
      const o = {
        beams: 3,
        beamGroups: 3,
        returnSequences: 3,
        diversityPenalty,
        processorsOf: () => [suppress([end])],
      };
      return new Set((await search([[1]], o))[0]!.map((r) => r.ids[0])).size;
    };
    expect(await begins(0)).toBe(1);
    expect(await begins(100)).toBe(3);
  });

  it('stops when told', async () => {
    await expect(search([[1]], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
