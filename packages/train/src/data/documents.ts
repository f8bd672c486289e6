// The texts of a data set without regard to labels: for language models, pre-training and tokenizers.

import { YumoError } from '@yumo/core';
import type { AnyGiven } from '../objectives/objective.ts';
import { type Split, splitCorpus } from './corpus.ts';
import { HashSet, hashOfKey } from './hash-set.ts';
import { type Kept, type Parts, partsInMemory } from './kept.ts';
import type { DataRow } from './readers/rows.ts';
import { partsOf, type SourceFile, type TextStream } from './sources.ts';

/** Texts of both parts that are not held, and their ids. */
export type StreamedDocuments = Pick<TextStream, 'texts' | 'open'>;

/**
 * Texts of both parts: of running text one string a file, of rows one string a text, every text once.
 * @throws YumoError `DATA` when a part is empty.
 */
export async function documentsOf(given: AnyGiven): Promise<Split | StreamedDocuments> {
  const { data, recipe } = given;
  if (data.kind === 'stream') return data;
  if (data.kind === 'text' && recipe.data.kind === 'text')
    return splitCorpus(data.files, recipe.data.trainShare, recipe.data.separator);
  const parts = await distinctTexts(given);
  if (data.kind === 'row-stream')
    return {
      texts: (part) => textsOf(parts[part]),
      open: (tokenizer, options) => data.encoded(parts, tokenizer, options),
    };
  return { training: await all(parts.training), validation: await all(parts.validation) };
}

/** Texts of both parts one by one: of running text one a file, or one a row where it is streamed. */
export async function textPartsOf(given: AnyGiven): Promise<Parts<string>> {
  const { data, recipe, note, progress } = given;
  if (data.kind === 'text' && recipe.data.kind === 'text') {
    const { training, validation } = splitCorpus(data.files, recipe.data.trainShare, recipe.data.separator);
    return partsInMemory(training, validation);
  }
  return data.kind === 'stream'
    ? data.parts({ rowsOf: textsOfFile, note, progress }, 0, 'of running text')
    : distinctTexts(given);
}

/** Every text of the rows once; those of the training part are not in the validation part. */
async function distinctTexts({ data, recipe, note, progress }: AnyGiven): Promise<Parts<string>> {
  const who = 'of running text';
  const share = recipe.data.kind === 'rows' ? recipe.data.validationShare : 0;
  const parts = await partsOf(data, share, who, { rowsOf: textsOfFile, note, progress }, who);
  const seen = new HashSet();
  const distinct = await parts.keeper.derived(
    parts,
    'distinct',
    (text) => (seen.add(hashOfKey(text)) ? [text] : []),
    note,
  );
  if (distinct.validation.length === 0)
    throw new YumoError(
      'DATA',
      `data: all ${parts.validation.length} validation texts are also in the training part; give others, or a larger data.validationShare`,
      { texts: parts.validation.length },
    );
  return distinct;
}

async function all<Item>(kept: Kept<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const group of kept.groups()) for (const item of group) found.push(item);
  return found;
}

async function* textsOf(kept: Kept<string>): AsyncGenerator<readonly string[]> {
  yield* kept.groups();
}

/** All texts of a file's rows. */
export function textsOfFile({ rows, source, name }: SourceFile): string[] {
  const { text } = source.fields;
  const fields = text === undefined ? undefined : typeof text === 'string' ? [text] : text;
  return rows.flatMap((row) => textsOfRow(row, fields, name)).filter((t) => t.trim() !== '');
}

function textsOfRow(row: DataRow, fields: readonly string[] | undefined, file: string): string[] {
  switch (row.task) {
    case 'text':
    case 'classification':
    case 'spans':
      return [row.text];
    case 'pair':
      return [row.first, row.second];
    case 'question-answering':
      return [row.context, row.question];
    case 'sequence-to-sequence':
      return [row.source, ...row.targets];
    case 'tagging':
      return [joined(row.tokens)];
    case 'instruction':
      return [row.instruction, row.input, row.output];
    case 'chat':
    case 'preference':
      return row.messages.map((m) => m.content);
    case 'record': {
      if (!fields)
        throw new YumoError(
          'CONFIG',
          `data: which fields of ${file} are text? Its rows have ${Object.keys(row.fields).join(', ')}; write "fields": {"text": […]}`,
          { file },
        );
      return fields.flatMap((f) => stringsIn(row.fields[f]));
    }
  }
}

/** A text, or the texts of a list (sentences of one text: joined). */
const stringsIn = (x: unknown): string[] =>
  typeof x === 'string' ? [x] : Array.isArray(x) ? [x.filter((t) => typeof t === 'string').join(' ')] : [];

const isWide = (token: string): boolean =>
  /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\u3000-\u303f\uff00-\uffef]/u.test(token);

/** Tokens as a text: blanks between words, none between Chinese characters. */
export function joined(tokens: readonly string[]): string {
  let text = '';
  for (const token of tokens) text += text === '' || isWide(token) || isWide(text.at(-1)!) ? token : ` ${token}`;
  return text;
}
