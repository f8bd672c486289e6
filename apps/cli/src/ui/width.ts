// How many columns of a terminal a text takes: Chinese characters take two, accents that combine take none.

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const none = /[\p{Mn}\p{Me}\p{Cf}]/u;

const columnsOf = (character: string): number => (none.test(character) ? 0 : wide.test(character) ? 2 : 1);

/** Columns of a text without line breaks (Unicode TR 11, wide and full-width as two). */
export function displayWidth(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOf(character);
  return columns;
}

/** Spaces up to `columns`, after the text or before it. */
export function padTo(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, columns - displayWidth(text)));
  return side === 'left' ? text + spaces : spaces + text;
}

/** The text, or its start and `…`, in at most `columns`. */
export function cutTo(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 1; // of the …
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) break;
    kept += character;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** What stays together where a line is broken: a word, or one wide character with the marks after it. */
const unbreakable =
  /\s+|[^\s\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]+|[^\s][\u3001-\u3003\u3009-\u3011\uff01\uff09\uff0c\uff1a\uff1b\uff1f]*/gu;

/** Lines of at most `columns`, broken between words and Chinese characters; a longer word has a line of its own. At least one line. */
export function wrapTo(text: string, columns: number): string[] {
  if (displayWidth(text) <= columns) return [text];
  const lines: string[] = [];
  let kept = '';
  for (const [part] of text.matchAll(unbreakable)) {
    if (kept !== '' && displayWidth(kept + part.trimEnd()) > columns) {
      lines.push(kept.trimEnd());
      kept = part.trimStart();
    } else kept += part;
  }
  return kept === '' ? lines : [...lines, kept];
}
