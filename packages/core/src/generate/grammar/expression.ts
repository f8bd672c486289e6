// What a grammar is made of, whatever it was written in: characters, sequences, choices, repetitions, and rules by name.

import { YumoError } from '../../errors.ts';

/** Code points from `low` to `high`, both included. */
export type CharRange = readonly [low: number, high: number];

export type Expression =
  | { readonly kind: 'chars'; readonly ranges: readonly CharRange[] }
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly kind: 'choice'; readonly options: readonly Expression[] }
  | { readonly kind: 'repeat'; readonly of: Expression; readonly min: number; readonly max: number }
  | { readonly kind: 'rule'; readonly name: string };

/** Rules by name, and the one that a text must match. */
export interface Rules {
  readonly rules: ReadonlyMap<string, Expression>;
  readonly start: string;
}

/** Copies of a repeated part that are laid out one after the other: beyond this a grammar is refused. */
export const mostCopies = 20_000;

export const empty: Expression = { kind: 'sequence', parts: [] };
export const sequence = (...parts: readonly Expression[]): Expression =>
  parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
export const choice = (...options: readonly Expression[]): Expression =>
  options.length === 1 ? options[0]! : { kind: 'choice', options };
export const rule = (name: string): Expression => ({ kind: 'rule', name });
export const optional = (of: Expression): Expression => choice(empty, of);

/** @throws YumoError `CONFIG` when the bounds are in the wrong order or too large. */
export function repeat(of: Expression, min: number, max = Number.POSITIVE_INFINITY): Expression {
  if (min > max || min < 0)
    throw new YumoError('CONFIG', `grammar: a repetition of at least ${min} and at most ${max}`, { min, max });
  if (Math.max(min, max === Number.POSITIVE_INFINITY ? 0 : max) > mostCopies)
    throw new YumoError('CONFIG', `grammar: a repetition of {${min}, ${max}} is larger than ${mostCopies}`, {
      min,
      max,
    });
  return { kind: 'repeat', of, min, max };
}

export const chars = (...ranges: readonly CharRange[]): Expression => ({ kind: 'chars', ranges: union(ranges) });

/** The text itself. */
export const literal = (text: string): Expression =>
  sequence(
    ...Array.from(text, (c) => {
      const code = c.codePointAt(0)!;
      return chars([code, code]);
    }),
  );

/** Any of the texts, as a tree of their beginnings: a list of thousands is read in one way at a time. */
export function oneOf(texts: readonly string[]): Expression {
  if (texts.length === 1) return literal(texts[0]!);
  const heads = new Map<string, string[]>();
  for (const text of new Set(texts)) {
    const head = Array.from(text.slice(0, 2))[0] ?? '';
    const rests = heads.get(head);
    if (rests) rests.push(text.slice(head.length));
    else heads.set(head, [text.slice(head.length)]);
  }
  return choice(...[...heads].map(([head, rests]) => (head === '' ? empty : sequence(literal(head), oneOf(rests)))));
}

const last = 0x10ffff;
/** Halves of pairs are no characters of UTF-8. */
const surrogates: CharRange = [0xd800, 0xdfff];
export const anyChar: readonly CharRange[] = without([[0, last]], [surrogates]);

/** Sorted, without overlaps. */
export function union(ranges: readonly CharRange[]): CharRange[] {
  const merged: [number, number][] = [];
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const open = merged.at(-1);
    if (open && low <= open[1] + 1) open[1] = Math.max(open[1], high);
    else if (low <= high) merged.push([low, high]);
  }
  return merged;
}

/** What lies in the first and not in the second. */
export function without(ranges: readonly CharRange[], removed: readonly CharRange[]): CharRange[] {
  let kept = union(ranges);
  for (const [low, high] of union(removed))
    kept = kept.flatMap(([a, b]): CharRange[] =>
      b < low || a > high
        ? [[a, b]]
        : (
            [
              [a, low - 1],
              [high + 1, b],
            ] as CharRange[]
          ).filter(([x, y]) => x <= y),
    );
  return kept;
}

/** What lies in both. */
export const intersection = (a: readonly CharRange[], b: readonly CharRange[]): CharRange[] =>
  without(a, without([[0, last]], b));

/** Everything but the given characters. */
export const complement = (ranges: readonly CharRange[]): CharRange[] => without(anyChar, ranges);

/** Bytes from low to high at each place of a character. */
export type ByteRanges = readonly CharRange[];

/** Code points as runs of bytes in UTF-8: each run is a product of ranges of bytes. Surrogates are left out. */
export function utf8Ranges(ranges: readonly CharRange[]): ByteRanges[] {
  const runs: ByteRanges[] = [];
  const split = (low: number, high: number): void => {
    for (const border of [0x7f, 0x7ff, 0xffff])
      if (low <= border && high > border) {
        split(low, border);
        split(border + 1, high);
        return;
      }
    // Where the low six bits (or twelve, or eighteen) do not run their whole course, the range is cut.
    for (const bits of [6, 12, 18]) {
      const mask = 2 ** bits - 1;
      if (high <= 0x7f || low >> bits === high >> bits) continue;
      if ((low & mask) !== 0) {
        split(low, low | mask);
        split((low | mask) + 1, high);
        return;
      }
      if ((high & mask) !== mask) {
        split(low, (high | mask) - mask - 1);
        split((high | mask) - mask, high);
        return;
      }
    }
    const [from, to] = [utf8(low), utf8(high)];
    runs.push(from.map((byte, i) => [byte, to[i]!] as const));
  };
  for (const [low, high] of without(ranges, [surrogates])) split(low, high);
  return runs;
}

function utf8(code: number): number[] {
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
  if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
}
