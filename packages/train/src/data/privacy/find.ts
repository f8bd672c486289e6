// Finding personal data in text, masking it, and saying what was masked.

import { suggestion, YumoError } from '@yumo/core';
import { type Pattern, type PrivateKind, patterns, privateKinds } from './patterns.ts';

/** A place in a text, in UTF-16 units. */
export interface PrivateSpan {
  readonly kind: PrivateKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface PrivacyOptions {
  /** Default all. */
  readonly kinds?: readonly PrivateKind[];
  /** What takes the place of a span. Default its kind in brackets: `[EMAIL]`. */
  readonly mask?: (span: PrivateSpan) => string;
}

/**
 * Spans in order, none touching another. By their form alone, checked by digits and ranges where there are some: names of people have no form
 * and are not found.
 * @throws YumoError `CONFIG` for an unknown kind.
 */
export function findPrivate(text: string, { kinds }: Pick<PrivacyOptions, 'kinds'> = {}): PrivateSpan[] {
  for (const kind of kinds ?? [])
    if (!privateKinds.includes(kind))
      throw new YumoError(
        'CONFIG',
        `privacy: no kind "${kind}"${suggestion(kind, privateKinds) || `; there are ${privateKinds.join(', ')}`}`,
        { kind },
      );
  // All kinds are looked for, so that leaving out e-mail does not turn half an address into something else.
  const plain = halfWidth(text);
  const found: PrivateSpan[] = [];
  const taken = new Uint8Array(text.length);
  for (const pattern of patterns)
    for (const span of spansOf(plain, pattern)) {
      if (taken.subarray(span.start, span.end).includes(1)) continue;
      taken.fill(1, span.start, span.end);
      found.push({ ...span, text: text.slice(span.start, span.end) });
    }
  return found.filter(({ kind }) => kinds === undefined || kinds.includes(kind)).sort((a, b) => a.start - b.start);
}

/** Full-width digits, letters, `＠`, `＋`, `－` and `．` as their usual forms, place by place; other punctuation ends addresses and stays. */
const halfWidth = (text: string): string =>
  text.replace(/[０-９Ａ-Ｚａ-ｚ＠＋－．]/gu, (character) => String.fromCharCode(character.charCodeAt(0) - 0xfee0));

function* spansOf(text: string, { kind, find, holds }: Pattern): Generator<PrivateSpan> {
  for (const match of text.matchAll(find)) {
    const start = match.index;
    const end = start + match[0].length;
    if (holds === undefined || holds(match[0], text.slice(Math.max(0, start - 24), start), text.slice(end, end + 24)))
      yield { kind, start, end, text: match[0] };
  }
}

/** The text with every span masked, and the spans as they stood. */
export function maskPrivate(
  text: string,
  options: PrivacyOptions = {},
): { readonly text: string; readonly spans: readonly PrivateSpan[] } {
  const spans = findPrivate(text, options);
  const mask = options.mask ?? (({ kind }: PrivateSpan): string => `[${kind.toUpperCase().replaceAll('-', '_')}]`);
  let masked = '';
  let at = 0;
  for (const span of spans) {
    masked += text.slice(at, span.start) + mask(span);
    at = span.end;
  }
  return { text: masked + text.slice(at), spans };
}

/** What was masked in a set of texts. It holds no private text itself. */
export interface PrivacyReport {
  readonly texts: number;
  /** Texts with at least one span. */
  readonly affected: number;
  readonly byKind: ReadonlyMap<PrivateKind, number>;
  /** Number of the text, from 0, and kinds: the first hundred, to look them up. */
  readonly places: readonly { readonly text: number; readonly kinds: readonly PrivateKind[] }[];
}

/** Masks every text; the report says how many spans of which kind stood where. */
export function maskAll(
  texts: Iterable<string>,
  options: PrivacyOptions = {},
): { readonly texts: string[]; readonly report: PrivacyReport } {
  const masked: string[] = [];
  const byKind = new Map<PrivateKind, number>();
  const places: { text: number; kinds: PrivateKind[] }[] = [];
  let affected = 0;
  for (const original of texts) {
    const { text, spans } = maskPrivate(original, options);
    for (const { kind } of spans) byKind.set(kind, (byKind.get(kind) ?? 0) + 1);
    if (spans.length > 0) {
      affected++;
      if (places.length < 100)
        places.push({ text: masked.length, kinds: [...new Set(spans.map((span) => span.kind))] });
    }
    masked.push(text);
  }
  return { texts: masked, report: { texts: masked.length, affected, byKind, places } };
}
