// The data of a recipe from files in memory: what a page was given, or its user typed.

import { suggestion, YumoError } from '@yumo/core';
import { type DataFile, readData } from './data/readers/index.ts';
import { type LoadedSource, readRows, type TrainingData } from './data/sources.ts';
import type { Note } from './objectives/objective.ts';
import type { DataRecipe, SourceRecipe } from './recipe.ts';

/**
 * As reading from disk, with names instead of patterns.
 * @throws YumoError `FILE` for a name that is not among the files, `DATA` for what does not fit its format
 */
export async function readMemoryData(data: DataRecipe, files: readonly DataFile[], note: Note): Promise<TrainingData> {
  const named = (names: readonly string[], field: string): DataFile[] =>
    names.map((name) => {
      const found = files.find((f) => f.name === name);
      if (found) return found;
      const known = files.map((f) => f.name);
      throw new YumoError(
        'FILE',
        `${field}: no file "${name}"${suggestion(name, known) || `; there are ${known.join(', ') || 'none'}`}`,
        { name },
      );
    });
  if (data.kind === 'text')
    return {
      kind: 'text',
      files: await Promise.all(
        named(data.files, 'data.files').map(async (file) => {
          const { rows } = await readData(file, {
            textUnit: 'file',
            ...(/\.jsonl(?:\.gz)?$/.test(file.name) ? {} : { format: 'text' }),
          });
          const documents = rows.map((row, i) => {
            const text = row.task === 'text' ? row.text : row.task === 'record' ? row.fields[data.field] : undefined;
            if (typeof text === 'string') return text;
            throw new YumoError('DATA', `${file.name}:${i + 1}: no text in field "${data.field}"`, {
              file: file.name,
              field: data.field,
            });
          });
          return { name: file.name, documents };
        }),
      ),
    };
  const load = async (sources: readonly SourceRecipe[], field: string) =>
    sources.map(
      (source, i): LoadedSource => ({
        source,
        files: named(source.files, `${field}[${i}].files`),
        targets: source.targets && named(source.targets, `${field}[${i}].targets`),
      }),
    );
  return readRows(data, load, note);
}
