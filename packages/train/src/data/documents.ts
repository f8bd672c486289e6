// The texts of a data set without regard to labels: for language models, pre-training and tokenizers.

import { YumoError } from '@yumo/core';
import type { DataRecipe } from '../recipe.ts';
import { type Split, splitCorpus } from './corpus.ts';
import { textsOfRow } from './row-texts.ts';
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
  return rows.flatMap((row) => textsOfRow(row, source.fields.text, name)).filter((t) => t.trim() !== '');
}
