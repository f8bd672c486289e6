// The texts of a data set without regard to labels: for language models, pre-training and tokenizers.

import { YumoError } from '@yumo/core';
import type { DataRecipe } from '../recipe.ts';
import { type Split, splitCorpus } from './corpus.ts';
import type { DataRow } from './readers/rows.ts';
import { partsOf, type SourceFile, type TrainingData } from './sources.ts';

/**
 * Texts of both parts: of running text one string a file, of rows one string a text, every text once.
 * @throws YumoError `DATA` when a part is empty.
 */
export function documentsOf(data: TrainingData, recipe: DataRecipe): Split {
  if (data.kind === 'text' && recipe.kind === 'text')
    return splitCorpus(data.files, recipe.trainShare, recipe.separator);
  if (data.kind === 'stream')
    throw new YumoError(
      'CONFIG',
      'data.stream: only objective causal-lm reads text in pieces; leave the field out, and the text is held in memory',
      {},
    );
  if (recipe.kind !== 'rows') throw new Error('internal: the data are not those of the recipe');
  const parts = partsOf(data, recipe.validationShare, 'of running text', textsOfFile);
  const training = new Set(parts.training);
  const validation = [...new Set(parts.validation)].filter((t) => !training.has(t));
  if (validation.length === 0)
    throw new YumoError(
      'DATA',
      `data: all ${parts.validation.length} validation texts are also in the training part; give others, or a larger data.validationShare`,
      { texts: parts.validation.length },
    );
  return { training: [...training], validation };
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
