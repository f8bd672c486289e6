// Encoder-decoder pre-training: restore damaged text. Span corruption (T5) and denoising (BART).

import { crossEntropySum, YumoError } from '@yumo/core';
import { ignoredLabel } from '../data/batches.ts';
import type { Columns, Example } from '../data/examples.ts';
import type { ModelPlan } from '../model-config.ts';
import { permuted, randomUniform } from '../random.ts';
import type { Task } from './objective.ts';

/** Inputs of an encoder-decoder model whose rows are all of one size. */
export const restoringColumns = (padding: number): Columns => ({
  input_ids: { padding },
  attention_mask: { padding: 0 },
  decoder_input_ids: { padding },
  labels: { padding: ignoredLabel },
});

/** A row of a damaged source, filled up to `sourceLength`, and its target. */
export function restoringExample(
  source: Int32Array,
  target: Int32Array,
  { sourceLength, start, padding }: { readonly sourceLength: number; readonly start: number; readonly padding: number },
): Example {
  const ids = new Int32Array(sourceLength).fill(padding);
  ids.set(source);
  const mask = new Int32Array(sourceLength).fill(1, 0, source.length);
  return {
    input_ids: ids,
    attention_mask: mask,
    decoder_input_ids: Int32Array.of(start, ...target.subarray(0, -1)),
    labels: target,
  };
}

export const restoringLoss =
  ({ head, config }: ModelPlan): Task['loss'] =>
  (scope, { labels, ...inputs }, dropout) =>
    crossEntropySum(head.build(scope, inputs, config, { dropout }).logits!, labels!);

/** `parts` lengths of 1 or more that make `total`, at random. */
function division(total: number, parts: number, key: number): number[] {
  const cuts = Array.from({ length: parts - 1 }, (_, i) => permuted(key, i, total - 1) + 1).sort((a, b) => a - b);
  return [...cuts, total].map((cut, i) => cut - (i === 0 ? 0 : cuts[i - 1]!));
}

/** How a row is damaged: hidden tokens, and in how many spans. */
export interface SpanCounts {
  readonly hidden: number;
  readonly spans: number;
}

/** @throws YumoError `CONFIG` when a row has more spans than there are sentinels. */
export function spanCounts(width: number, density: number, meanSpan: number, sentinels: number): SpanCounts {
  const hidden = Math.min(Math.max(1, Math.round(width * density)), width - 1);
  const spans = Math.min(Math.max(1, Math.round(hidden / meanSpan)), width - hidden);
  if (spans > sentinels)
    throw new YumoError(
      'CONFIG',
      `objective span-corruption: rows of ${width} tokens have ${spans} spans, there are ${sentinels} sentinels; raise objective.sentinels, or use a smaller context`,
      { spans, sentinels },
    );
  return { hidden, spans };
}

/**
 * Spans replaced by sentinels, and the spans behind the same sentinels (Raffel et al. 2020, arXiv:1910.10683, §3.1.4): kept and hidden spans
 * take turns, and the row ends with a hidden one, as in the published code.
 */
export function corrupted(
  tokens: Int32Array,
  { hidden, spans }: SpanCounts,
  sentinels: readonly number[],
  end: number,
  key: number,
): { source: Int32Array; target: Int32Array } {
  const keptLengths = division(tokens.length - hidden, spans, key);
  const hiddenLengths = division(hidden, spans, key ^ 0x3c6ef372);
  const source: number[] = [];
  const target: number[] = [];
  let at = 0;
  for (let i = 0; i < spans; i++) {
    const begin = at + keptLengths[i]!;
    const after = begin + hiddenLengths[i]!;
    source.push(...tokens.subarray(at, begin), sentinels[i]!);
    target.push(sentinels[i]!, ...tokens.subarray(begin, after));
    at = after;
  }
  return { source: Int32Array.of(...source, end), target: Int32Array.of(...target, end) };
}

/** A Poisson number by inversion (Devroye 1986, §X.3.3). */
function poisson(mean: number, draw: number): number {
  let probability = Math.exp(-mean);
  let total = probability;
  let n = 0;
  while (draw > total && n < 100) {
    n++;
    probability *= mean / n;
    total += probability;
  }
  return n;
}

/**
 * BART's noise (Lewis et al. 2019, arXiv:1910.13461, §2.2): texts in another order, then spans of Poisson length replaced by one mask each
 * until a share of the tokens is gone. A span of length 0 adds a mask.
 */
export function noised(
  tokens: Int32Array,
  { share, meanSpan, permute }: { readonly share: number; readonly meanSpan: number; readonly permute: boolean },
  { mask, end }: { readonly mask: number; readonly end: number },
  key: number,
): Int32Array {
  let left = [...tokens];
  if (permute) {
    const texts: number[][] = [[]];
    for (const id of tokens) {
      texts.at(-1)!.push(id);
      if (id === end) texts.push([]);
    }
    const filled = texts.filter((t) => t.length > 0);
    left = filled.flatMap((_, i) => filled[permuted(key, i, filled.length)]!);
  }
  // A damaged stretch is never damaged again: −1 stands for a place that is gone.
  let budget = Math.round(share * left.length);
  const begins = new Set<number>();
  const gone = new Uint8Array(left.length);
  for (let i = 0; budget > 0 && i < 8 * left.length; i++) {
    const length = Math.min(poisson(meanSpan, randomUniform(key ^ 0x1b873593, i)), budget);
    const at = Math.floor(randomUniform(key ^ 0x52dce729, i) * Math.max(1, left.length - length));
    let free = !begins.has(at);
    for (let j = Math.max(0, at - 1); j <= Math.min(left.length - 1, at + length); j++) free &&= gone[j] === 0;
    if (!free) continue;
    begins.add(at);
    gone.fill(1, at, at + length);
    budget -= Math.max(1, length);
  }
  return Int32Array.from(left.flatMap((id, i) => [...(begins.has(i) ? [mask] : []), ...(gone[i] ? [] : [id])]));
}
