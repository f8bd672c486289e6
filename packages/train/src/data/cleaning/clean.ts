// Cleaning a set of texts in one pass: normalise, filter by length and language, drop repeats; with a report of what was dropped and why.

import { suggestion, YumoError } from '@yumo/core';
import { type DuplicateOptions, findDuplicates } from './duplicates.ts';
import { type Language, languageOf, languages } from './language.ts';
import { type NormalizeOptions, normalizeText } from './normalize.ts';

export interface CleanOptions {
  /** Default {}: NFC, plain blanks, nothing invisible. `false` leaves the text as it is. */
  readonly normalize?: NormalizeOptions | false;
  /** In characters (code points), after normalising. */
  readonly minCharacters?: number;
  readonly maxCharacters?: number;
  /** Keeps these languages. Texts whose language is not clear are kept and counted. */
  readonly languages?: readonly Language[];
  /** Drops repeats. Default none. */
  readonly duplicates?: DuplicateOptions;
}

export type DropReason = 'empty' | 'too short' | 'too long' | 'language' | 'duplicate';

export interface CleanReport {
  readonly texts: number;
  readonly kept: number;
  /** Kept texts that normalising changed. */
  readonly changed: number;
  readonly unclearLanguage: number;
  readonly dropped: ReadonlyMap<DropReason, number>;
  /** The first hundred: number of the text, why, and what about it ("3 characters", "de", "like row 17 (0.93)", counted from 1). */
  readonly examples: readonly { readonly index: number; readonly reason: DropReason; readonly detail: string }[];
}

/** A row that stayed: its text as cleaned, and which row it was. */
export interface CleanText {
  readonly index: number;
  readonly text: string;
}

/** @throws YumoError `CONFIG` for unknown languages and lengths that exclude all. */
export function cleanTexts(
  texts: readonly string[],
  options: CleanOptions = {},
): { readonly rows: CleanText[]; readonly report: CleanReport } {
  const { minCharacters = 1, maxCharacters = Number.POSITIVE_INFINITY } = options;
  if (minCharacters > maxCharacters)
    throw new YumoError(
      'CONFIG',
      `cleaning: minCharacters is ${minCharacters}, above maxCharacters ${maxCharacters}; no text could stay`,
      { minCharacters, maxCharacters },
    );
  for (const language of options.languages ?? [])
    if (!languages.includes(language))
      throw new YumoError(
        'CONFIG',
        `cleaning: no language "${language}"${suggestion(language, languages) || `; there are ${languages.join(', ')}`}`,
        { language },
      );

  const dropped = new Map<DropReason, number>();
  const examples: { index: number; reason: DropReason; detail: string }[] = [];
  const drop = (index: number, reason: DropReason, detail: string): void => {
    dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
    if (examples.length < 100) examples.push({ index, reason, detail });
  };
  let unclearLanguage = 0;
  let rows = texts.flatMap((original, index): CleanText[] => {
    const text = options.normalize === false ? original : normalizeText(original, options.normalize);
    const length = Array.from(text).length;
    if (text.trim() === '') drop(index, 'empty', '');
    else if (length < minCharacters) drop(index, 'too short', `${length} characters`);
    else if (length > maxCharacters) drop(index, 'too long', `${length} characters`);
    else {
      const { language } = options.languages === undefined ? {} : languageOf(text);
      if (options.languages !== undefined && language === undefined) unclearLanguage++;
      if (language === undefined || options.languages!.includes(language)) return [{ index, text }];
      drop(index, 'language', language);
    }
    return [];
  });
  if (options.duplicates !== undefined) {
    const repeats = new Map(
      findDuplicates(
        rows.map((row) => row.text),
        options.duplicates,
      ).map((d) => [d.index, d]),
    );
    for (const { index, of, similarity } of repeats.values())
      drop(rows[index]!.index, 'duplicate', `like row ${rows[of]!.index + 1} (${similarity.toFixed(2)})`);
    rows = rows.filter((_, i) => !repeats.has(i));
  }
  const changed = rows.filter(({ index, text }) => text !== texts[index]).length;
  return { rows, report: { texts: texts.length, kept: rows.length, changed, unclearLanguage, dropped, examples } };
}
