// SQuAD JSON: versions 1.1 and 2.0, CMRC, DRCD and XQuAD, which share its form, and CMRC's own form.

import { YumoError } from '@yumo/core';
import { listOf, objectOf, parseWhole, show, stringOf } from './json.ts';
import { RowError, type Tracker } from './report.ts';
import type { Answer, QuestionRow } from './rows.ts';

/**
 * One row per question; errors count questions as items. Offsets in code points (DRCD) are turned into UTF-16 units; an answer that does not
 * stand where its offset says (2 % of CMRC) is looked for nearby: both are counted. An answer that stands nowhere has no start. In CMRC's own
 * form, a list of `{"context_text", "qas": [{"query_text", "query_id", "answers": ["…"]}]}`, answers are texts: the first place of each is taken.
 */
export function readSquad(text: string, tracker: Tracker): QuestionRow[] {
  const whole = parseWhole(text, tracker.file);
  const articles = Array.isArray(whole) ? whole : (whole as { data?: unknown } | null)?.data;
  if (!Array.isArray(articles))
    throw new YumoError(
      'DATA',
      `${tracker.file}: no list "data"; SQuAD files are {"version", "data": [{"title", "paragraphs"}]}`,
      {
        file: tracker.file,
        field: 'data',
      },
    );
  const rows: QuestionRow[] = [];
  let item = 0;
  articles.forEach((value: unknown, a) => {
    const title = typeof (value as { title?: unknown })?.title === 'string' ? (value as { title: string }).title : '';
    const article = Array.isArray(whole) ? `[${a}]` : `data[${a}]`;
    const own = typeof value === 'object' && value !== null && 'context_text' in value; // it is a paragraph itself
    const paragraphs = own
      ? [value]
      : tracker.at(item + 1, () => listOf(objectOf(value, article).paragraphs, `${article}.paragraphs`)).flat();
    paragraphs.forEach((paragraph, p) => {
      const path = own ? article : `${article}.paragraphs[${p}]`;
      const [read] = tracker.at(item + 1, () => {
        const fields = objectOf(paragraph, path);
        const context = own ? 'context_text' : 'context';
        return {
          context: stringOf(fields[context], `${path}.${context}`),
          questions: listOf(fields.qas, `${path}.qas`),
        };
      });
      read?.questions.forEach((question, q) => {
        rows.push(...tracker.at(++item, () => questionOf(question, `${path}.qas[${q}]`, title, read.context, tracker)));
      });
    });
  });
  return rows;
}

function questionOf(value: unknown, path: string, title: string, context: string, tracker: Tracker): QuestionRow {
  const fields = objectOf(value, path);
  const impossible = fields.is_impossible === true;
  if (fields.answers === undefined && !impossible)
    throw new RowError(
      `${path}.answers is missing (a test file without answers?); of a question that has none write "answers": []`,
      `${path}.answers`,
    );
  const listed = fields.answers === undefined ? [] : listOf(fields.answers, `${path}.answers`);
  if (impossible && listed.length > 0)
    throw new RowError(`${path} is impossible, yet has ${listed.length} answers`, `${path}.answers`);
  const id = fields.id ?? fields.query_id;
  if (typeof id !== 'string' && typeof id !== 'number')
    throw new RowError(`${path}.id is ${show(id)}, expected text`, `${path}.id`);
  return {
    task: 'question-answering',
    id: String(id),
    title,
    context,
    question: stringOf(fields.question ?? fields.query_text, `${path}.question`),
    answers: listed.map((answer, i) => answerOf(answer, `${path}.answers[${i}]`, context, tracker)),
  };
}

function answerOf(value: unknown, path: string, context: string, tracker: Tracker): Answer {
  if (typeof value === 'string') {
    const start = nearestPlace(context, value, 0);
    tracker.note(
      start === undefined ? 'answer that does not stand in its context' : 'answer taken where it first stands',
    );
    return start === undefined ? { text: value } : { text: value, start };
  }
  const fields = objectOf(value, path);
  const text = stringOf(fields.text, `${path}.text`);
  const offset = fields.answer_start;
  if (typeof offset !== 'number' || !Number.isInteger(offset))
    throw new RowError(`${path}.answer_start is ${show(offset)}, expected a whole number`, `${path}.answer_start`);
  if (context.startsWith(text, offset) && offset >= 0) return { text, start: offset };
  const units = unitsOf(context, offset);
  if (context.startsWith(text, units)) {
    tracker.note('answer offset counted in code points');
    return { text, start: units };
  }
  const start = nearestPlace(context, text, offset);
  tracker.note(start === undefined ? 'answer that does not stand in its context' : 'answer moved to where it stands');
  return start === undefined ? { text } : { text, start };
}

/** The UTF-16 position of the n-th code point. */
function unitsOf(text: string, codePoints: number): number {
  let units = 0;
  for (let n = 0; n < codePoints && units < text.length; n++) units += text.codePointAt(units)! > 0xffff ? 2 : 1;
  return units;
}

function nearestPlace(context: string, text: string, offset: number): number | undefined {
  if (text === '') return undefined;
  const after = context.indexOf(text, Math.max(0, offset));
  const before = context.lastIndexOf(text, Math.max(0, offset));
  if (after < 0 && before < 0) return undefined;
  if (after < 0) return before;
  return before >= 0 && offset - before <= after - offset ? before : after;
}
