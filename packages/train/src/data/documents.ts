// The texts of a data set without regard to labels: for language models, pre-training and tokenizers.

import { YumoError } from '@yumo/core';
import type { AnyGiven } from '../objectives/objective.ts';
import { type Split, splitCorpus } from './corpus.ts';
import { HashSet, hashOfKey } from './hash-set.ts';
import { type Kept, type Parts, partsInMemory } from './kept.ts';
import { textsOfRow } from './row-texts.ts';
import { partsOf, type SourceFile, type TextStream } from './sources.ts';

/** Texts of both parts that are not held, and their ids. */
export type StreamedDocuments = Pick<TextStream, 'texts' | 'open'>;

/** What is read of a text in its place. */
export interface Rewriting {
  /** Of everything that `of` depends on besides the text. */
  readonly name: string;
  of(text: string): readonly string[];
}

/**
 * Texts of both parts: of running text one string a file, of rows one string a text, every text once.
 * @throws YumoError `DATA` when a part is empty, `CONFIG` for streamed running text that is to be rewritten.
 */
export async function documentsOf(given: AnyGiven, rewriting?: Rewriting): Promise<Split | StreamedDocuments> {
  const { data, recipe, objective, note } = given;
  if (data.kind === 'stream') {
    if (!rewriting) return data;
    throw new YumoError(
      'CONFIG',
      `data: with these settings ${objective.kind} makes something of whole texts, and streamed running text is cut anywhere; write data: {"kind": "rows", "train": [{"files": […], "format": "text", "unit": "paragraph"}], "stream": true}`,
      { objective: objective.kind },
    );
  }
  if (data.kind === 'text' && recipe.data.kind === 'text') {
    const split = splitCorpus(data.files, recipe.data.trainShare, recipe.data.separator);
    if (!rewriting) return split;
    const { of } = rewriting;
    return { training: split.training.flatMap(of), validation: split.validation.flatMap(of) };
  }
  const distinct = await distinctTexts(given);
  const parts = rewriting ? await distinct.keeper.derived(distinct, rewriting.name, rewriting.of, note) : distinct;
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
  return rows.flatMap((row) => textsOfRow(row, source.fields.text, name)).filter((t) => t.trim() !== '');
}
