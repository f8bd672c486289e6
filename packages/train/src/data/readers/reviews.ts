// Blaze-like records of the Multi-Domain Sentiment Dataset: `<review>` with fields in tags. Not XML: `&` and `<` stand as they are.

import { RowError, type Tracker } from './report.ts';
import type { RecordRow } from './rows.ts';

/** One record a `<review>`, its fields by their tags, trimmed. A field that stands twice counts once. */
export function readReviews(text: string, tracker: Tracker): RecordRow[] {
  const rows: RecordRow[] = [];
  let at = text.indexOf('<review>');
  let line = 1;
  let counted = 0;
  while (at >= 0) {
    for (let i = text.indexOf('\n', counted); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) line++;
    counted = at;
    const close = text.indexOf('</review>', at);
    const next = text.indexOf('<review>', at + 8);
    const body = text.slice(at + 8, close < 0 ? undefined : close);
    rows.push(
      ...tracker.at(line, (): RecordRow => {
        if (close < 0 || (next >= 0 && next < close)) throw new RowError('a <review> that has no end', 'review');
        const fields = [...body.matchAll(/<([a-z_]+)>([\s\S]*?)<\/\1>/g)];
        if (fields.length === 0) throw new RowError('a <review> without fields', 'review');
        return {
          task: 'record',
          line,
          fields: Object.fromEntries(fields.map(([, name, value]) => [name!, value!.trim()])),
        };
      }),
    );
    at = next;
  }
  return rows;
}
