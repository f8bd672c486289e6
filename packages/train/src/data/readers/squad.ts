// SQuAD JSON: versions 1.1 and 2.0, and CMRC, DRCD and XQuAD, which share its form.

import { YumoError } from '@yumo/core';
import { listOf, objectOf, parseWhole, show, stringOf } from './json.ts';
import { RowError, type Tracker } from './report.ts';
import type { Answer, QuestionRow } from './rows.ts';

/**
 * One row per question; errors count questions as items. Offsets in code points (DRCD) are turned into UTF-16 units; an answer that does not
 * stand where its offset says (2 % of CMRC) is looked for nearby: both are counted. An answer that stands nowhere has no start.
 */
export function readSquad(text: string, tracker: Tracker): QuestionRow[] {
  const whole = parseWhole(text, tracker.file);
  const articles = (whole as { data?: unknown } | null)?.data;
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
    const paragraphs = tracker
      .at(item + 1, () => listOf(objectOf(value, `data[${a}]`).paragraphs, `data[${a}].paragraphs`))
      .flat();
    paragraphs.forEach((paragraph, p) => {
      const path = `data[${a}].paragraphs[${p}]`;
      const [read] = tracker.at(item + 1, () => {
        const fields = objectOf(paragraph, path);
        return { context: stringOf(fields.context, `${path}.context`), questions: listOf(fields.qas, `${path}.qas`) };
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
  const { id } = fields;
  if (typeof id !== 'string' && typeof id !== 'number')
    throw new RowError(`${path}.id is ${show(id)}, expected text`, `${path}.id`);
  return {
    task: 'question-answering',
    id: String(id),
    title,
    context,
    question: stringOf(fields.question, `${path}.question`),
    answers: listed.map((answer, i) => answerOf(answer, `${path}.answers[${i}]`, context, tracker)),
  };
}

function answerOf(value: unknown, path: string, context: string, tracker: Tracker): Answer {
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
