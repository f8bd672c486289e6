// Text in one form: composed characters, plain blanks, no control characters.

export interface NormalizeOptions {
  /** `NFC` composes; `NFKC` also makes full-width letters and digits, ligatures and circled numbers plain. Default `NFC`. */
  readonly form?: 'NFC' | 'NFKC';
  /** Runs of blanks become one, lines lose blanks at their ends, more than one blank line becomes one. Default true. */
  readonly blanks?: boolean;
  /** Removes control characters, zero-width blanks, byte order marks and soft hyphens; joiners stay, as emoji and some scripts need them. Default true. */
  readonly invisible?: boolean;
}

/** Idempotent: normalising twice changes nothing more. */
export function normalizeText(
  text: string,
  { form = 'NFC', blanks = true, invisible = true }: NormalizeOptions = {},
): string {
  let clean = text.replace(/\r\n?/g, '\n').replace(/\p{Surrogate}/gu, '\ufffd');
  if (invisible)
    clean = clean.replace(/[\p{Cc}\u00ad\u200b\u2060\ufeff]/gu, (c) => (c === '\n' || c === '\t' ? c : ''));
  clean = clean.normalize(form);
  if (!blanks) return clean;
  return clean
    .replace(/[^\S\n]+/gu, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
